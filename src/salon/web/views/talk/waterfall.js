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
  const bars = shown.map((name) => {
    const bar = h("span", { class: `fall ${name}`, title: `${named(name)}: ${number(parts[name])} ms` });
    bar.style.flexGrow = String(parts[name] / total);
    return bar;
  });
  return h(
    "details",
    { class: "waterfall" },
    h("summary", null, h("span", { class: "falls", role: "img", "aria-label": text }, ...bars), h("span", null, t("voice answered after", { time: number(parts.total ?? 0) }))),
    h("dl", null, ...PARTS.flatMap((name) => [h("dt", { class: `fall-name ${name}` }, named(name)), h("dd", null, `${number(parts[name] ?? 0)} ms`)])),
  );
}

/** @param {string} name */
function named(name) {
  return t(/** @type {Key} */ (`voice part ${name}`));
}
