/** Short notices at the bottom of the page, with one thing to do about them at most. */

import { h } from "./dom.js";

const SHOWN_MS = 6_000;

export class Toasts {
  constructor() {
    this.root = h("div", { class: "toasts", role: "status", "aria-live": "polite" });
  }

  /**
   * @param {string} text
   * @param {{ label: string, run: () => void }} [action]
   */
  show(text, action) {
    const toast = h("div", { class: "toast" }, h("span", null, text));
    const dismiss = () => toast.remove();
    const timer = setTimeout(dismiss, SHOWN_MS);
    if (action) {
      const run = () => {
        clearTimeout(timer);
        dismiss();
        action.run();
      };
      toast.append(h("button", { type: "button", class: "link", onclick: run }, action.label));
    }
    // One is enough to read.
    this.root.replaceChildren(toast);
  }
}
