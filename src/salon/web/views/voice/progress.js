/** How far a call got: while it begins, with what to do where a stage takes long, and after it failed. */

import { isKey, t } from "../../i18n/i18n.js";
import { h } from "../../ui/dom.js";
import { icon } from "../../ui/icons.js";

/** @typedef {import("../../voice/stages.js").Stage} Stage */
/** @typedef {import("../../i18n/i18n.js").Key} Key */

/**
 * @param {Stage[]} plan
 * @param {Stage} at
 * @param {"running" | "bad"} how it is there
 */
function list(plan, at, how) {
  const reached = plan.indexOf(at);
  return h(
    "ol",
    { class: "stages" },
    ...plan.map((each, index) => {
      const state = index < reached ? "well" : index === reached ? how : "";
      const drawing = { well: "check", running: "", bad: "alert", "": "more" }[state];
      return h("li", { class: state, "aria-current": state === "running" ? "step" : null }, drawing ? icon(drawing) : h("span", { class: "spinner" }), t(/** @type {Key} */ (`voice stage ${each}`)));
    }),
  );
}

/** While it begins. @param {import("../../voice/voice.js").Voice} voice */
export function progressOf({ stages, microphone }) {
  const { plan, stage, slow } = stages;
  const asked = stage === "microphone" && !microphone.asking;
  return [list(plan, stage, "running"), slow && h("p", null, t(asked ? "voice slow device" : /** @type {Key} */ (`voice slow ${stage}`)))];
}

/**
 * After it failed.
 *
 * @param {import("../../voice/voice.js").Voice} voice
 * @param {{ again: () => void, test: () => void, settings: () => void }} actions
 */
export function troubleOf({ stages, failure }, { again, test, settings }) {
  if (!failure) return [];
  const { stage, reason } = failure;
  return [
    list(stages.plan.includes(stage) ? stages.plan : [stage, ...stages.plan], stage, "bad"),
    h("p", null, adviceFor(stage, reason)),
    reason && stage !== "microphone" && !isKey(adviceKey(stage, reason)) && h("p", { class: "faint" }, reason),
    h(
      "div",
      { class: "dialog-actions" },
      stage === "microphone" && h("button", { type: "button", class: "button", onclick: test }, icon("mic"), t("voice test")),
      stage === "media" && h("button", { type: "button", class: "button", onclick: settings }, icon("sliders"), t("voice change settings")),
      h("button", { type: "button", class: "button primary", onclick: again }, icon("retry"), t("try again")),
    ),
  ];
}

/** @param {Stage} stage @param {string} reason */
function adviceKey(stage, reason) {
  return `voice advice ${stage === "microphone" ? reason : `${stage} ${reason}`}`;
}

/** @param {Stage} stage @param {string} reason */
function adviceFor(stage, reason) {
  const exact = adviceKey(stage, reason);
  return t(isKey(exact) ? exact : /** @type {Key} */ (`voice advice ${stage === "microphone" ? "unknown" : stage}`));
}
