/** Where the silence before a spoken answer went, as bars and in figures. */

import { number, t } from "../../i18n/i18n.js";
import { h } from "../../ui/dom.js";

/** @typedef {import("../../i18n/i18n.js").Key} Key */

const PARTS = ["uplink", "vad", "end_of_turn", "transcript", "first_token", "first_audio", "first_packet", "downlink"];

/** @param {Record<string, number>} parts milliseconds of each, and their `total` */
export function waterfall(parts) {
  const total = Math.max(parts.total ?? 0, 1);
  const shown = PARTS.filter((name) => parts[name] > 0);
  const text = shown.map((name) => `${named(name)} ${number(parts[name])} ms`).join(", ");
  /** @param {string} name @param {number} before how long after the end of the words it began */
  function bar(name, before) {
    const drawn = h("span", { class: `fall ${name}` });
    drawn.style.left = `${(100 * before) / total}%`;
    drawn.style.width = `${(100 * parts[name]) / total}%`;
    return drawn;
  }
  const began = new Map();
  let sum = 0;
  for (const name of shown) {
    began.set(name, sum);
    sum += parts[name];
  }
  const bars = shown.map((name) => bar(name, began.get(name)));
  const root = h(
    "details",
    { class: "waterfall", ontoggle: () => root.open && root.scrollIntoView({ block: "nearest" }) },
    h("summary", null, h("span", { class: "falls", role: "img", "aria-label": text }, ...bars), h("span", null, t("voice answered after", { time: number(parts.total ?? 0) }))),
    h("dl", null, ...shown.flatMap((name) => [h("dt", null, named(name)), h("dd", { class: "falls", "aria-hidden": "true" }, bar(name, began.get(name))), h("dd", null, `${number(parts[name])} ms`)])),
  );
  return root;
}

/** @param {string} name */
function named(name) {
  return t(/** @type {Key} */ (`voice part ${name}`));
}
