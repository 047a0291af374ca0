/** The Talk view: one conversation, with what is said in it, what can be said, and how the connection is. */

import { t } from "../../i18n/i18n.js";
import { h, put } from "../../ui/dom.js";
import { icon } from "../../ui/icons.js";
import { openMenu } from "../../ui/menu.js";
import { inspectButton, menuButton } from "../head.js";
import { buildBanner } from "./banner.js";
import { buildComposer } from "./composer.js";
import { acceptDrops } from "./drop.js";
import { buildWelcome } from "./empty.js";
import { exportJson, exportMarkdown } from "./export.js";
import { buildPicker } from "./picker.js";
import { showSettings } from "./settings.js";
import { conversationMenu } from "./sidebar.js";
import { buildThread } from "./thread.js";

/** @typedef {import("../../page.js").Page} Page */

/** @param {Page} page @param {AbortSignal} signal */
export function buildTalk(page, signal) {
  const main = h("main", { class: "talk" });
  // Answers are read out when they are finished; word by word nobody could follow.
  const spoken = h("div", { class: "visually-hidden", role: "status", "aria-live": "polite" });
  let shown = new AbortController();

  function show() {
    shown.abort();
    shown = new AbortController();
    signal.addEventListener("abort", () => shown.abort(), { once: true, signal: shown.signal });
    put(spoken);
    const composer = buildComposer(page, shown.signal);
    acceptDrops(main, composer.attach, shown.signal);
    put(
      main,
      buildHeader(page, shown.signal),
      buildThread(page, spoken, () => buildWelcome(page, composer.ask), shown.signal),
      h("div", { class: "bottom" }, buildBanner(page, shown.signal), composer.root),
      spoken,
    );
    composer.focus();
  }

  page.on("opened", show, signal);
  show();
  return main;
}

/** @param {Page} page @param {AbortSignal} signal */
function buildHeader(page, signal) {
  const { conversation, frame } = page;
  const title = h("h1", { class: "visually-hidden" });
  const dot = h("span", { class: "dot" });
  const inspect = inspectButton(frame, signal, dot);

  function showTitle() {
    const { title: text } = conversation.meta;
    put(title, text || t("new conversation"));
    frame.entitle(text);
  }

  function showState() {
    const { state } = page.session;
    dot.dataset.state = state;
    const label = `${t("inspector")} (${t(`state ${state}`)})`;
    inspect.setAttribute("aria-label", label);
    inspect.title = label;
  }

  conversation.on("meta", showTitle, signal);
  page.session.on("state", showState, signal);
  showTitle();
  showState();

  return h(
    "header",
    { class: "view-head" },
    menuButton(frame),
    title,
    buildPicker(page),
    h("span", { class: "gap" }),
    h(
      "button",
      { type: "button", class: "icon-button", "aria-label": t("voice go on"), title: t("voice go on"), onclick: () => page.goBy("voice") },
      icon("mic"),
    ),
    h(
      "button",
      { type: "button", class: "icon-button", "aria-label": t("settings"), title: t("settings"), onclick: () => showSettings(page) },
      icon("sliders"),
    ),
    inspect,
    h(
      "button",
      {
        type: "button",
        class: "icon-button",
        "aria-label": t("more"),
        title: t("more"),
        "aria-haspopup": "menu",
        "aria-expanded": "false",
        onclick: (/** @type {Event} */ event) =>
          openMenu(/** @type {HTMLElement} */ (event.currentTarget), headerMenu(page), t("more")),
      },
      icon("more"),
    ),
  );
}

/** @param {Page} page @returns {import("../../ui/menu.js").MenuEntry[]} */
function headerMenu(page) {
  const { conversation } = page;
  /** @type {import("../../ui/menu.js").MenuEntry} */
  const fresh = { label: t("new conversation"), icon: "plus", run: () => page.begin() };
  if (!conversation.entries.length) return [fresh];
  return [
    fresh,
    { label: t("export markdown"), icon: "download", run: () => exportMarkdown(conversation) },
    { label: t("export json"), icon: "download", run: () => exportJson(conversation) },
    ...conversationMenu(page, conversation.meta),
  ];
}
