/** Starts the page: asks the server who it is, and builds the frame in which the views are shown. */

import { Frame } from "./frame.js";
import { language, setLanguage } from "./i18n/i18n.js";
import { Preferences, credential } from "./model/preferences.js";
import { fetchConfig } from "./realtime/config.js";
import { h, put } from "./ui/dom.js";
import { applyTheme } from "./ui/theme.js";
import { Toasts } from "./ui/toast.js";
import { askKey } from "./views/key.js";
import { buildShell } from "./views/shell.js";
import { failedView, loadingView } from "./views/start.js";

const root = /** @type {HTMLElement} */ (document.getElementById("app"));
const preferences = new Preferences();
const toasts = new Toasts();
document.body.append(toasts.root);

setLanguage(preferences.values.language);
applyTheme(preferences.values.theme);
await start();

async function start() {
  put(root, loadingView());
  const answer = await fetchConfig(credential.get());
  if (answer.state === "unauthorized") return keyWanted(() => void start());
  if (answer.state === "unreachable") return put(root, failedView(answer.message, () => void start()));

  const frame = new Frame({ config: answer.config, preferences, toasts, askKey: () => keyWanted(() => frame.emit("rekeyed", null)) });
  let built = new AbortController();
  const build = () => {
    built.abort();
    built = new AbortController();
    put(root, buildShell(frame, built.signal));
  };
  build();
  preferences.on("changed", (name) => {
    if (name === "theme") applyTheme(preferences.values.theme);
    if (name === "language") {
      setLanguage(preferences.values.language);
      build();
    }
  });
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
