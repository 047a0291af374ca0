/** Starts the page: asks the server who it is, opens what was kept, and puts the views together. */

import { language, setLanguage, t } from "./i18n/i18n.js";
import { openDatabase } from "./model/database.js";
import { Library } from "./model/library.js";
import { Preferences, credential } from "./model/preferences.js";
import { Page } from "./page.js";
import { fetchConfig } from "./realtime/config.js";
import { Recorder } from "./realtime/recorder.js";
import { Sessions } from "./realtime/sessions.js";
import { h, put } from "./ui/dom.js";
import { applyTheme } from "./ui/theme.js";
import { Toasts } from "./ui/toast.js";
import { askKey } from "./views/key.js";
import { buildShell } from "./views/shell.js";
import { failedView, loadingView } from "./views/start.js";

const root = /** @type {HTMLElement} */ (document.getElementById("app"));
const preferences = new Preferences();
const toasts = new Toasts();
const recorder = new Recorder();
document.body.append(toasts.root);

setLanguage(preferences.values.language);
applyTheme(preferences.values.theme);
await start();

async function start() {
  put(root, loadingView());
  const answer = await fetchConfig(credential.get());
  if (answer.state === "unauthorized") return keyWanted(() => void start());
  if (answer.state === "unreachable") return put(root, failedView(answer.message, () => void start()));

  const database = await openDatabase();
  const library = new Library(database);
  await library.load();
  const sessions = new Sessions({ key: credential.get, diagnose, tap: recorder }, library);
  const page = await Page.start({ config: answer.config, preferences, library, sessions, recorder, toasts, askKey: changeKey });

  let built = new AbortController();
  const build = () => {
    built.abort();
    built = new AbortController();
    put(root, buildShell(page, built.signal));
  };
  build();
  preferences.on("changed", (name) => {
    if (name === "theme") applyTheme(preferences.values.theme);
    if (name === "language") {
      setLanguage(preferences.values.language);
      build();
    }
  });
  addEventListener("hashchange", () => void page.follow());
  addEventListener("pagehide", () => void sessions.save());
  addEventListener("visibilitychange", () => void sessions.save());
  library.on("unsaved", () => toasts.show(t("unsaved")));
  if (!database.durable) toasts.show(t("not durable"));

  function changeKey() {
    keyWanted(() => page.restart("another key was given"));
  }
}

/** Why a connection was not accepted: to a page, refusals look alike. */
async function diagnose() {
  const answer = await fetchConfig(credential.get());
  return answer.state === "ready" ? "fine" : answer.state;
}

/** @param {() => void} next */
function keyWanted(next) {
  if (!root.firstElementChild || root.querySelector(".start")) put(root, h("div", { class: "start", lang: language() }));
  askKey(credential.get() !== "", async (key, remember) => {
    const answer = await fetchConfig(key);
    if (answer.state !== "ready") return answer.state;
    credential.set(key, remember);
    next();
    return "fine";
  });
}
