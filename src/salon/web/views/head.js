/** The line at the top of every view: the way to the navigation on a phone, the title, and what can be done. */

import { t } from "../i18n/i18n.js";
import { h } from "../ui/dom.js";
import { icon } from "../ui/icons.js";

/** @typedef {import("../frame.js").Frame} Frame */

/**
 * @param {Frame} frame
 * @param {string | Node} title
 * @param {...(Node | false | null)} actions
 */
export function viewHead(frame, title, ...actions) {
  const named = typeof title === "string" ? h("h1", null, title) : title;
  return h("header", { class: "view-head" }, menuButton(frame), named, h("span", { class: "gap" }), ...actions);
}

/** @param {Frame} frame */
export function menuButton(frame) {
  return h(
    "button",
    { type: "button", class: "icon-button only-phone", "aria-label": t("menu"), onclick: () => frame.emit("sidebar", true) },
    icon("menu"),
  );
}

/**
 * The button of the inspector. `dot` is how the connection is, for a view that shows that.
 *
 * @param {Frame} frame
 * @param {AbortSignal} signal
 * @param {Node | null} [dot]
 */
export function inspectButton(frame, signal, dot = null) {
  const button = h(
    "button",
    { type: "button", class: "icon-button", "aria-label": t("inspector"), title: t("inspector"), onclick: () => frame.inspect(!frame.inspecting) },
    icon("pulse"),
    dot,
  );
  const showPressed = () => button.setAttribute("aria-pressed", String(frame.inspecting));
  frame.on("inspector", showPressed, signal);
  showPressed();
  return button;
}
