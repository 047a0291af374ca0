/** Pictures that are to be sent, each with a button that takes it away: chosen, pasted or dropped. */

import { t } from "../i18n/i18n.js";
import { toPicture } from "../model/pictures.js";
import { h, put } from "../ui/dom.js";
import { icon } from "../ui/icons.js";

/** @typedef {import("../model/types.js").Picture} Picture */

export class Shelf {
  /**
   * @param {HTMLTextAreaElement} field where one writes
   * @param {{ most: number, toasts: import("../ui/toast.js").Toasts, changed: () => void, refused?: () => string }} options `refused`: why
   *   there are to be none, if so
   */
  constructor(field, { most, toasts, changed, refused = () => "" }) {
    this.field = field;
    this.most = most;
    this.toasts = toasts;
    this.changed = changed;
    this.refused = refused;
    /** @type {Picture[]} */
    this.pictures = [];
    this.root = h("div", { class: "shelf", hidden: true });
    this.chooser = h("input", { type: "file", accept: "image/*", multiple: true, hidden: true, tabindex: -1, "aria-hidden": "true" });
    this.chooser.addEventListener("change", () => {
      void this.attach([...(this.chooser.files ?? [])]);
      this.chooser.value = "";
    });
    field.addEventListener("paste", (event) => {
      const files = [...(event.clipboardData?.files ?? [])].filter(isPicture);
      if (!files.length) return;
      event.preventDefault();
      void this.attach(files);
    });
  }

  /** @param {Iterable<File>} files */
  async attach(files) {
    const refused = this.refused();
    if (refused) return this.toasts.show(refused);
    for (const file of files) {
      if (this.pictures.length >= this.most) return this.toasts.show(t("most pictures", { count: this.most }));
      try {
        this.pictures = [...this.pictures, await toPicture(file)];
      } catch {
        this.toasts.show(t("no picture", { name: file.name }));
      }
    }
    this.show();
    this.field.focus();
  }

  /** All of them; the shelf is empty then. */
  take() {
    const { pictures } = this;
    this.pictures = [];
    this.show();
    return pictures;
  }

  show() {
    this.root.hidden = this.pictures.length === 0;
    put(this.root, ...this.pictures.map((picture) => this.figure(picture)));
    this.changed();
  }

  /** @param {Picture} picture */
  figure(picture) {
    const remove = () => {
      this.pictures = this.pictures.filter((each) => each !== picture);
      this.show();
      this.field.focus();
    };
    return h(
      "figure",
      null,
      h("img", { src: picture.url, alt: picture.name }),
      h("button", { type: "button", "aria-label": t("remove picture", { name: picture.name }), onclick: remove }, icon("close")),
    );
  }
}

/** @param {File} file */
export function isPicture(file) {
  return file.type.startsWith("image/");
}
