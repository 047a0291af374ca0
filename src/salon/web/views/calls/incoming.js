/** Somebody calls: a dialog over whatever view is open, and a sound. */

import { t } from "../../i18n/i18n.js";
import { startRinging } from "../../peer/ring.js";
import { showDialog } from "../../ui/dialog.js";
import { h } from "../../ui/dom.js";
import { icon } from "../../ui/icons.js";

/** @typedef {import("../../peer/calls.js").Incoming} Incoming */

/** @param {import("../../frame.js").Frame} frame @param {import("../../peer/calls.js").Calls} calls */
export function showIncoming(frame, calls) {
  /** @type {Map<Incoming, () => void>} */
  const shown = new Map();

  calls.on("rings", (incoming) => {
    const silence = startRinging();
    const take = (/** @type {boolean} */ video) => {
      frame.go("calls");
      void calls.accept(incoming, video);
    };
    const dialog = showDialog({
      title: t(incoming.video ? "calls incoming video" : "calls incoming voice"),
      closable: false,
      sudden: true,
      content: () => [
        h("div", { class: "ringing" }, h("span", { class: "ringing-face" }, icon("person")), h("strong", null, incoming.name || incoming.id), incoming.name && h("span", { class: "faint" }, incoming.id)),
        h(
          "div",
          { class: "dialog-actions ringing-actions" },
          h("button", { type: "button", class: "button", onclick: () => calls.reject(incoming, "busy") }, t("calls busy")),
          h("button", { type: "button", class: "button danger", onclick: () => calls.reject(incoming) }, icon("hangup"), t("calls decline")),
          h("button", { type: "button", class: incoming.video ? "button" : "button primary", onclick: () => take(false) }, icon("phone"), t("calls take voice")),
          incoming.video && h("button", { type: "button", class: "button primary", onclick: () => take(true) }, icon("video"), t("calls take video")),
        ),
      ],
    });
    shown.set(incoming, () => {
      silence();
      dialog.close();
    });
    frame.badge("calls", "!");
  });

  calls.on("stops", (incoming) => {
    shown.get(incoming)?.();
    shown.delete(incoming);
    if (shown.size === 0) frame.badge("calls", "");
  });
}
