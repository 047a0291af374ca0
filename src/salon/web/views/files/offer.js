/** Somebody offers files: a dialog over whatever view is open, which says where they would go. */

import { canPick } from "../../files/places.js";
import { MOST_IN_MEMORY } from "../../files/store.js";
import { t } from "../../i18n/i18n.js";
import { showDialog } from "../../ui/dialog.js";
import { h } from "../../ui/dom.js";
import { icon } from "../../ui/icons.js";
import { sizeText } from "./words.js";

/** @typedef {import("../../files/transfers.js").Offer} Offer */
/** @typedef {import("../../files/places.js").Place} Place */

/** @param {import("../../frame.js").Frame} frame @param {import("../../files/transfers.js").Transfers} transfers */
export function showOffers(frame, transfers) {
  const { places } = transfers;
  /** @type {Map<Offer, HTMLDialogElement>} */
  const shown = new Map();

  transfers.on("offered", async (offer) => {
    const { name, transfer, byServer } = offer;
    const { count, total, names, store } = transfer;
    const other = offer.link.other;
    // What was begun goes on where it is.
    const begun = transfers.all.includes(transfer);
    const best = begun ? store.place : await places.best(count, total);
    if (!transfers.offers.has(offer)) return;
    const picks = best === "storage" && !begun && (count === 1 ? canPick.file : canPick.folder);
    const toDisk = t(count === 1 ? "files to file" : "files to folder");
    const dialog = showDialog({
      title: t("files offered"),
      closable: false,
      sudden: true,
      content: () => [
        h("p", null, t(count === 1 ? "files offered one" : "files offered many", { who: name || other, count, size: sizeText(total) })),
        h("ul", { class: "offered" }, ...names.map((each) => h("li", null, icon("file"), h("span", null, each))), count > names.length && h("li", { class: "faint" }, t("files more", { count: count - names.length }))),
        h("p", null, t(`files place ${best ?? "none"}`, { most: sizeText(MOST_IN_MEMORY) })),
        h("p", null, t(byServer ? "files way server" : "files way direct")),
        h("p", { class: "faint" }, t("files offered about", { id: other })),
        h(
          "div",
          { class: "dialog-actions" },
          h("button", { type: "button", class: "button", onclick: () => transfers.decline(offer) }, t("files decline")),
          picks && h("button", { type: "button", class: "button", onclick: () => void take(offer, "picked") }, toDisk),
          best && h("button", { type: "button", class: "button primary", onclick: () => void take(offer, best) }, icon("download"), best === "picked" ? toDisk : t("files accept")),
        ),
      ],
    });
    shown.set(offer, dialog);
    frame.badge("files", String(shown.size));
  });

  /** @param {Offer} offer @param {Place} place */
  async function take(offer, place) {
    const { count, names, store } = offer.transfer;
    try {
      const into = transfers.all.includes(offer.transfer) ? store : await places.take(place, count, names[0] ?? "");
      frame.go("files");
      transfers.accept(offer, into);
    } catch (error) {
      // Whoever closes the browser's own dialog may still choose otherwise.
      if (!(error instanceof DOMException && error.name === "AbortError")) frame.toasts.show(t("files not saved"));
    }
  }

  transfers.on("withdrawn", (offer) => {
    shown.get(offer)?.close();
    shown.delete(offer);
    frame.badge("files", shown.size ? String(shown.size) : "");
  });
}
