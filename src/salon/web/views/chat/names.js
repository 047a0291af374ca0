/** After an at sign the names of those who are there are offered, as a list box that the field controls. */

import { t } from "../../i18n/i18n.js";
import { h, put } from "../../ui/dom.js";
import { isComposing } from "../../ui/keys.js";
import { avatar } from "./avatar.js";

/** @typedef {import("../../chat/room.js").Person} Person */

const MOST = 6;

export class Names {
  /** @param {HTMLTextAreaElement} field @param {() => Person[]} people @param {AbortSignal} signal */
  constructor(field, people, signal) {
    this.field = field;
    this.people = people;
    this.root = h("ul", { id: "chat-names", class: "chat-names", role: "listbox", "aria-label": t("chat people"), hidden: true });
    /** @type {Person[]} */
    this.offered = [];
    this.chosen = 0;
    field.setAttribute("aria-autocomplete", "list");
    field.setAttribute("aria-controls", "chat-names");
    field.addEventListener("input", () => this.offer(), { signal });
    field.addEventListener("blur", () => this.hide(), { signal });
    field.addEventListener("keydown", (event) => this.steer(event), { signal });
  }

  /** What was begun behind an at sign; null where nothing was. */
  begun() {
    const before = this.field.value.slice(0, this.field.selectionStart);
    return /(?:^|\s)@([\p{L}\p{N}_.-]*)$/u.exec(before)?.[1] ?? null;
  }

  offer() {
    const begun = this.begun()?.toLowerCase();
    const fitting = begun === undefined ? [] : this.people().filter(({ name }) => name.toLowerCase().startsWith(begun));
    // A name that is written out needs no help, and Enter sends.
    this.offered = fitting.some(({ name }) => name.toLowerCase() === begun) ? [] : fitting.slice(0, MOST);
    this.chosen = 0;
    this.show();
  }

  show() {
    this.root.hidden = this.offered.length === 0;
    put(
      this.root,
      ...this.offered.map((person, index) =>
        h(
          "li",
          {
            id: `chat-name-${index}`,
            role: "option",
            "aria-selected": String(index === this.chosen),
            onmousedown: (/** @type {Event} */ event) => {
              event.preventDefault();
              this.take(person);
            },
          },
          avatar(person.user, person.name, person.agent),
          person.name,
        ),
      ),
    );
    if (this.offered.length) this.field.setAttribute("aria-activedescendant", `chat-name-${this.chosen}`);
    else this.field.removeAttribute("aria-activedescendant");
  }

  hide() {
    this.offered = [];
    this.show();
  }

  /** @param {KeyboardEvent} event */
  steer(event) {
    if (!this.offered.length || isComposing(event)) return;
    const count = this.offered.length;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") this.chosen = (this.chosen + (event.key === "ArrowDown" ? 1 : count - 1)) % count;
    else if (event.key === "Enter" || event.key === "Tab") this.take(this.offered[this.chosen]);
    else if (event.key === "Escape") this.hide();
    else return;
    event.preventDefault();
    if (this.offered.length) this.show();
  }

  /** @param {Person} person */
  take(person) {
    const { field } = this;
    const end = field.selectionStart;
    const start = end - (this.begun() ?? "").length;
    field.setRangeText(`${person.name} `, start, end, "end");
    this.hide();
    field.dispatchEvent(new Event("input"));
  }
}
