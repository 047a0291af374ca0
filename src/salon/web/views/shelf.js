/** Pictures that are to be sent, each with a button that takes it away. */

import { t } from "../i18n/i18n.js";
import { h, put } from "../ui/dom.js";
import { icon } from "../ui/icons.js";

/** @typedef {import("../model/types.js").Picture} Picture */

/** @param {HTMLElement} shelf @param {Picture[]} pictures @param {(picture: Picture) => void} remove */
export function fillShelf(shelf, pictures, remove) {
  shelf.hidden = pictures.length === 0;
  put(
    shelf,
    ...pictures.map((picture) =>
      h(
        "figure",
        null,
        h("img", { src: picture.url, alt: picture.name }),
        h("button", { type: "button", "aria-label": t("remove picture", { name: picture.name }), onclick: () => remove(picture) }, icon("close")),
      ),
    ),
  );
}
