/** The frame around the views: a slim navigation, the list beside it, the view, and the inspector. */

import { t } from "../i18n/i18n.js";
import { h } from "../ui/dom.js";
import { icon, mark } from "../ui/icons.js";
import { hasMod } from "../ui/keys.js";
import { buildInspector } from "./inspector/inspector.js";
import { quickButtons } from "./quick.js";
import { buildSidebar } from "./talk/sidebar.js";
import { buildTalk } from "./talk/talk.js";

/** @typedef {import("../page.js").Page} Page */

/**
 * @param {Page} page
 * @param {AbortSignal} signal aborted when the page is built again
 */
export function buildShell(page, signal) {
  const sidebar = buildSidebar(page, signal);
  const scrim = h("div", { class: "scrim", onclick: () => page.emit("sidebar", false) });
  const shell = h(
    "div",
    { class: "shell" },
    h("a", { class: "skip", href: "#composer", onclick: skip }, t("skip")),
    buildRail(page, signal),
    sidebar,
    scrim,
    buildTalk(page, signal),
    buildInspector(page, signal),
  );

  page.on(
    "sidebar",
    (open) => {
      shell.classList.toggle("sidebar-open", open);
      if (open) sidebar.querySelector("button")?.focus();
    },
    signal,
  );
  page.on("opened", () => shell.classList.remove("sidebar-open"), signal);
  page.on("inspector", (open) => shell.classList.toggle("inspecting", open), signal);
  shell.classList.toggle("inspecting", page.inspecting);
  addEventListener("keydown", shortcut, { signal });

  /** @param {KeyboardEvent} event */
  function shortcut(event) {
    if (document.querySelector("dialog[open]")) return;
    if (hasMod(event) && !event.shiftKey && !event.altKey && event.key.toLowerCase() === "k") {
      event.preventDefault();
      page.begin();
    } else if (event.key === "Escape" && !event.defaultPrevented && !event.isComposing) {
      if (shell.classList.contains("sidebar-open")) page.emit("sidebar", false);
      else page.session.stop();
    }
  }

  return shell;
}

/** The address must not change: it names the conversation. @param {Event} event */
function skip(event) {
  event.preventDefault();
  document.getElementById("composer")?.focus();
}

/** @param {Page} page @param {AbortSignal} signal */
function buildRail(page, signal) {
  return h(
    "nav",
    { class: "rail", "aria-label": t("views") },
    h("span", { class: "rail-mark", title: `${page.config.name} ${page.config.version}` }, mark()),
    h(
      "a",
      { class: "rail-view", href: "#/", "aria-current": "page", onclick: (/** @type {Event} */ event) => stay(event, page) },
      icon("talk"),
      h("span", null, t("view talk")),
    ),
    h("div", { class: "rail-end" }, ...quickButtons(page, signal)),
  );
}

/** @param {Event} event @param {Page} page */
function stay(event, page) {
  event.preventDefault();
  page.emit("sidebar", true);
}
