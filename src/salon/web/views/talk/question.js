/** What a person said; it can be copied, and said differently. */

import { t } from "../../i18n/i18n.js";
import { copyFrom } from "../../ui/clipboard.js";
import { h, put } from "../../ui/dom.js";
import { icon } from "../../ui/icons.js";
import { hasMod, isComposing } from "../../ui/keys.js";

/** @typedef {import("../../model/types.js").Question} Question */

export class QuestionView {
  /**
   * @param {Question} question
   * @param {{ revise: (text: string) => void }} actions
   */
  constructor(question, actions) {
    this.question = question;
    this.actions = actions;
    this.root = h("article", { class: "question", "aria-label": t("you") });
    this.editing = false;
    this.drawn = "";
    this.show();
  }

  /** What is said aloud is understood little by little. */
  update() {
    const { text, partial, pictures } = this.question;
    const drawn = `${text} ${partial} ${pictures.length}`;
    if (!this.editing && drawn !== this.drawn) this.show();
    this.drawn = drawn;
  }

  show() {
    this.editing = false;
    const { text, pictures, spoken = false, partial = false } = this.question;
    this.root.classList.toggle("partial", partial);
    const copy = h(
      "button",
      { type: "button", class: "icon-button", "aria-label": t("copy"), title: t("copy"), onclick: () => void copyFrom(copy, text) },
      icon("copy"),
    );
    const edit = h(
      "button",
      { type: "button", class: "icon-button edit", "aria-label": t("edit"), title: t("edit"), onclick: () => this.edit() },
      icon("edit"),
    );
    put(
      this.root,
      h("h2", { class: "visually-hidden" }, t("you")),
      pictures.length > 0 &&
        h(
          "div",
          { class: "pictures" },
          ...pictures.map(({ url, name, width, height }) => h("img", { src: url, alt: name, width, height, loading: "lazy" })),
        ),
      (text || partial) && h("div", { class: "bubble", dir: "auto" }, text || "…"),
      h("div", { class: "actions" }, spoken && h("span", { class: "figures" }, t("voice spoken")), !partial && edit, text && !partial && copy),
    );
  }

  edit() {
    this.editing = true;
    const field = h("textarea", { class: "field", rows: 3, "aria-label": t("edit") }, this.question.text);
    const send = () => {
      const text = field.value.trim();
      if (text || this.question.pictures.length) this.actions.revise(text);
    };
    const steer = (/** @type {KeyboardEvent} */ event) => {
      if (isComposing(event)) return;
      if (event.key === "Escape") {
        event.preventDefault();
        this.show();
        /** @type {HTMLElement | null} */ (this.root.querySelector(".edit"))?.focus();
      } else if (event.key === "Enter" && hasMod(event)) send();
    };
    put(
      this.root,
      h(
        "form",
        {
          class: "editing",
          onsubmit: (/** @type {Event} */ event) => {
            event.preventDefault();
            send();
          },
        },
        field,
        h("p", { class: "faint" }, t("edit cuts")),
        h(
          "div",
          { class: "dialog-actions" },
          h("button", { type: "button", class: "button", onclick: () => this.show() }, t("cancel")),
          h("button", { type: "submit", class: "button primary" }, t("send")),
        ),
      ),
    );
    field.addEventListener("keydown", steer);
    field.focus();
    field.setSelectionRange(field.value.length, field.value.length);
  }
}
