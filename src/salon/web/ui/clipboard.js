/** Copying, and a button that says for a moment that it did. */

import { t } from "../i18n/i18n.js";
import { h, put } from "./dom.js";
import { icon } from "./icons.js";

const SHOWN_MS = 1600;

/** @param {string} text */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Over plain HTTP from another machine there is no clipboard API.
    const area = h("textarea", { class: "visually-hidden" }, text);
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}

/** Words for another program, with a button that copies them. @param {string} text */
export function copyable(text) {
  const copy = h("button", { type: "button", class: "icon-button", "aria-label": t("copy"), title: t("copy"), onclick: () => void copyFrom(copy, text) }, icon("copy"));
  return h("div", { class: "copyable" }, h("pre", { tabindex: 0 }, text), copy);
}

/**
 * @param {HTMLElement} button an icon button
 * @param {string} text
 */
export async function copyFrom(button, text) {
  await copyText(text);
  const label = button.getAttribute("aria-label") ?? "";
  put(button, icon("check"));
  button.setAttribute("aria-label", t("copied"));
  setTimeout(() => {
    put(button, icon("copy"));
    button.setAttribute("aria-label", label);
  }, SHOWN_MS);
}
