/** Somebody offers files: a dialog over whatever view is open. */

import { t } from "../../i18n/i18n.js";
import { showDialog } from "../../ui/dialog.js";
import { h } from "../../ui/dom.js";
import { icon } from "../../ui/icons.js";
import { sizeText } from "./words.js";

/** @typedef {import("../../files/transfers.js").Offer} Offer */

/** @param {import("../../frame.js").Frame} frame @param {import("../../files/transfers.js").Transfers} transfers */
export function showOffers(frame, transfers) {
  /** @type {Map<Offer, HTMLDialogElement>} */
  const shown = new Map();

  transfers.on("offered", (offer) => {
    const { name, other, count, total, names } = offer.transfer;
    const dialog = showDialog({
      title: t("files offered"),
      closable: false,
      content: () => [
        h("p", null, t(count === 1 ? "files offered one" : "files offered many", { who: name || other, count, size: sizeText(total) })),
        h("ul", { class: "offered" }, ...names.map((each) => h("li", null, icon("file"), h("span", null, each))), count > names.length && h("li", { class: "faint" }, t("files more", { count: count - names.length }))),
        h("p", { class: "faint" }, t("files offered about", { id: other })),
        h(
          "div",
          { class: "dialog-actions" },
          h("button", { type: "button", class: "button", onclick: () => transfers.decline(offer) }, t("files decline")),
          h("button", { type: "button", class: "button primary", onclick: () => take(offer) }, icon("download"), t("files accept")),
        ),
      ],
    });
    shown.set(offer, dialog);
    frame.badge("files", String(shown.size));
  });

  /** @param {Offer} offer */
  function take(offer) {
    frame.go("files");
    transfers.accept(offer);
  }

  transfers.on("withdrawn", (offer) => {
    shown.get(offer)?.close();
    shown.delete(offer);
    frame.badge("files", shown.size ? String(shown.size) : "");
  });
}
