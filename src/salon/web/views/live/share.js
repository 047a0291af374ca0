/** How others get to a broadcast: a link, its QR code, and what to enter in OBS. */

import { t } from "../../i18n/i18n.js";
import { watchUrl, whipUrl } from "../../live/names.js";
import { encode } from "../../live/qr.js";
import { copyFrom } from "../../ui/clipboard.js";
import { showDialog } from "../../ui/dialog.js";
import { h, svg } from "../../ui/dom.js";
import { icon } from "../../ui/icons.js";

// ISO/IEC 18004 section 9.1: four modules of light around it.
const QUIET = 4;

/** @param {string} room */
export function showShare(room) {
  const link = watchUrl(room);
  showDialog({
    title: t("live share"),
    content: () => [h("p", { class: "faint" }, t("live share about")), qrCode(link), copyLine(t("live link"), link)],
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

/** Black on white in both themes: phones read nothing else well. @param {string} text */
function qrCode(text) {
  const modules = encode(text);
  if (!modules) return null;
  const size = modules.length + 2 * QUIET;
  const path = modules.flatMap((row, y) => row.map((dark, x) => (dark ? `M${x + QUIET} ${y + QUIET}h1v1h-1z` : ""))).join("");
  return svg(
    "svg",
    { class: "live-qr", viewBox: `0 0 ${size} ${size}`, role: "img", "aria-label": t("live qr") },
    svg("rect", { class: "qr-light", width: size, height: size }),
    svg("path", { class: "qr-dark", d: path, "shape-rendering": "crispEdges" }),
  );
}
