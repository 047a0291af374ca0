/** Why a call did not come about: how far it got, and what can be done. */

import { isKey, t } from "../../i18n/i18n.js";
import { h } from "../../ui/dom.js";
import { icon } from "../../ui/icons.js";

/** @typedef {import("../../voice/voice.js").Stage} Stage */
/** @typedef {import("../../i18n/i18n.js").Key} Key */

/** @type {Stage[]} */
const STAGES = ["microphone", "request", "media", "session"];

/**
 * @param {import("../../voice/voice.js").Failure} failure
 * @param {{ again: () => void, test: () => void }} actions
 */
export function troubleOf({ stage, reason }, { again, test }) {
  const at = STAGES.indexOf(stage);
  return [
    h(
      "ol",
      { class: "stages" },
      ...STAGES.map((each, index) =>
        h("li", { class: index < at ? "well" : index === at ? "bad" : "" }, icon(index < at ? "check" : index === at ? "alert" : "more"), t(/** @type {Key} */ (`voice stage ${each}`))),
      ),
    ),
    h("p", null, adviceFor(stage, reason)),
    reason && stage !== "microphone" && h("p", { class: "faint" }, reason),
    h(
      "div",
      { class: "dialog-actions" },
      stage === "microphone" && h("button", { type: "button", class: "button", onclick: test }, icon("mic"), t("voice test")),
      h("button", { type: "button", class: "button primary", onclick: again }, icon("retry"), t("try again")),
    ),
  ];
}

/** @param {Stage} stage @param {string} reason */
export function adviceFor(stage, reason) {
  const exact = `voice advice ${reason}`;
  return t(isKey(exact) ? exact : /** @type {Key} */ (`voice advice ${stage === "microphone" ? "unknown" : stage}`));
}
