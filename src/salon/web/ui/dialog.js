/** Dialogs on the browser's own `<dialog>`: it keeps the focus inside, closes on Escape and gives the focus back. */

import { t } from "../i18n/i18n.js";
import { h } from "./dom.js";
import { icon } from "./icons.js";

/** @typedef {import("./dom.js").Child} Child */

let count = 0;

/**
 * Show a dialog until it is closed.
 *
 * @param {object} options
 * @param {string} options.title
 * @param {"center" | "side"} [options.place]
 * @param {boolean} [options.closable] whether it can be put away without an answer
 * @param {boolean} [options.sudden] whether it comes while its user may be typing: then no button has the focus, so that no key answers by mistake
 * @param {(close: () => void) => Child[]} options.content
 * @param {() => void} [options.onclose]
 */
export function showDialog({ title, place = "center", closable = true, sudden = false, content, onclose }) {
  count += 1;
  const id = `dialog-${count}`;
  const close = () => dialog.close();
  const dialog = h(
    "dialog",
    { class: `dialog ${place}`, "aria-labelledby": id, tabindex: sudden && -1 },
    h(
      "header",
      { class: "dialog-head" },
      h("h2", { id }, title),
      closable && h("button", { type: "button", class: "icon-button", "aria-label": t("close"), onclick: close }, icon("close")),
    ),
    h("div", { class: "dialog-body" }, ...content(close)),
  );
  dialog.addEventListener("cancel", (event) => !closable && event.preventDefault());
  dialog.addEventListener("click", (event) => closable && event.target === dialog && dialog.close());
  dialog.addEventListener("close", () => {
    dialog.remove();
    onclose?.();
  });
  document.body.append(dialog);
  dialog.showModal();
  if (sudden) dialog.focus();
  return dialog;
}

/**
 * Ask for one line of text.
 *
 * @param {{ title: string, label: string, value: string, action: string, onanswer: (text: string) => void }} options
 */
export function askText({ title, label, value, action, onanswer }) {
  const input = h("input", { type: "text", class: "field", value, maxlength: 120, required: true, autofocus: true });
  showDialog({
    title,
    content: (close) => [
      h(
        "form",
        {
          onsubmit: (/** @type {Event} */ event) => {
            event.preventDefault();
            const text = input.value.trim();
            if (!text) return;
            close();
            onanswer(text);
          },
        },
        h("label", { class: "labelled" }, h("span", null, label), input),
        h(
          "div",
          { class: "dialog-actions" },
          h("button", { type: "button", class: "button", onclick: close }, t("cancel")),
          h("button", { type: "submit", class: "button primary" }, action),
        ),
      ),
    ],
  });
  input.select();
}
