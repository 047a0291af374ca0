/** How others get to a broadcast: a link, its QR code, and what to enter in OBS. */

import { t } from "../../i18n/i18n.js";
import { watchUrl, whipUrl } from "../../live/names.js";
import { copyFrom } from "../../ui/clipboard.js";
import { showDialog } from "../../ui/dialog.js";
import { h } from "../../ui/dom.js";
import { icon } from "../../ui/icons.js";
import { qrCode } from "../../ui/qr.js";

/** @param {string} room */
export function showShare(room) {
  const link = watchUrl(room);
  showDialog({
    title: t("live share"),
    content: () => [h("p", { class: "faint" }, t("live share about")), qrCode(link, "live-qr", t("live qr")), copyLine(t("live link"), link)],
  });
}

/** @param {string} room */
export function showObs(room) {
  showDialog({
    title: t("live obs title"),
    content: () => [
      h("p", null, t("live obs about")),
      h("ol", { class: "live-steps" }, h("li", null, t("live obs service")), h("li", null, copyLine(t("live obs server"), whipUrl(room))), h("li", null, t("live obs token")), h("li", null, t("live obs output")), h("li", null, t("live obs start"))),
      copyLine(t("live link"), watchUrl(room)),
    ],
  });
}

/** @param {string} label @param {string} text */
function copyLine(label, text) {
  const button = h("button", { type: "button", class: "icon-button", "aria-label": t("copy"), title: t("copy"), onclick: () => void copyFrom(button, text) }, icon("copy"));
  return h("div", { class: "live-copy" }, h("label", { class: "labelled" }, h("span", null, label), h("input", { class: "field", value: text, readonly: true, onfocus: (/** @type {FocusEvent} */ event) => /** @type {HTMLInputElement} */ (event.target).select() })), button);
}
