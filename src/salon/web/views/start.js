/** What is shown before the server has answered, and when it does not. */

import { t } from "../i18n/i18n.js";
import { h } from "../ui/dom.js";
import { icon, mark } from "../ui/icons.js";

export function loadingView() {
  return h("main", { class: "start", "aria-busy": "true" }, mark(), h("p", { class: "visually-hidden", role: "status" }, t("loading")));
}

/** @param {string} message @param {() => void} retry */
export function failedView(message, retry) {
  return h(
    "main",
    { class: "start" },
    mark(),
    h("h1", null, t("unreachable title")),
    h("p", { role: "alert" }, t("unreachable text")),
    message && h("p", { class: "faint" }, message),
    h("button", { type: "button", class: "button primary", onclick: retry }, icon("retry"), t("try again")),
  );
}
