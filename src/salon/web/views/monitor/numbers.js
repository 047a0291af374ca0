/** Values as people read them, in the page's language and with the decimals that make sense for them. */

import { isKey, language, t } from "../../i18n/i18n.js";
import { changeOf } from "../../board/board.js";

/** @typedef {import("../../board/board.js").Row} Row */

/** @type {Map<string, Intl.NumberFormat>} */
const formats = new Map();

/** @param {string} name @param {Intl.NumberFormatOptions} options */
function format(name, options) {
  const key = `${language()} ${name}`;
  const known = formats.get(key) ?? new Intl.NumberFormat(language(), options);
  formats.set(key, known);
  return known;
}

/** @param {number} value @param {Row["about"]} about */
export function valueText(value, { digits = 2, unit = "" }) {
  if (Number.isNaN(value)) return "–";
  const text = format(`value ${digits}`, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);
  return unit === "%" ? `${text}%` : unit ? `${text} ${unit}` : text;
}

/** With its sign, in per cent. @param {Row} row */
export function changeText(row) {
  const change = changeOf(row);
  if (Number.isNaN(change)) return "–";
  return format("change", { style: "percent", minimumFractionDigits: 2, maximumFractionDigits: 2, signDisplay: "exceptZero" }).format(change);
}

/** @param {number | null} count */
export function countText(count) {
  return count === null ? "–" : format("count", { notation: "compact", maximumFractionDigits: 1 }).format(count);
}

/** @param {number} at */
export function timeText(at) {
  return new Intl.DateTimeFormat(language(), { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" }).format(at);
}

/** The groups of Salon's own feeds have names in both languages. @param {string} group */
export function groupName(group) {
  const key = `monitor group ${group}`;
  return isKey(key) ? t(key) : group;
}
