/** The page's words. Both languages have the same keys, which a test checks. */

import en from "./en.js";
import zh from "./zh.js";

/** @typedef {keyof typeof en} Key */
/** @typedef {"en" | "zh"} Language */

/** @type {Record<Language, Record<Key, string>>} */
const WORDS = { en, zh };

/** @type {Language} */
let current = "en";

/** @returns {Language} */
export function language() {
  return current;
}

/** @param {"auto" | Language} wanted `auto` is the browser's */
export function setLanguage(wanted) {
  current = wanted === "auto" ? (navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en") : wanted;
  document.documentElement.lang = current === "zh" ? "zh-CN" : "en";
}

/**
 * A text, with `{name}` replaced by what `values` has under that name.
 *
 * @param {Key} key
 * @param {Record<string, string | number>} [values]
 */
export function t(key, values = {}) {
  return WORDS[current][key].replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}

/** What the server has in several languages, in this one; what is under "" is the same in all. @param {Record<string, string>} words */
export function worded(words) {
  return words[current] ?? words[""] ?? words.en ?? Object.values(words)[0] ?? "";
}

/** @param {string} key @returns {key is Key} */
export function isKey(key) {
  return Object.hasOwn(en, key);
}

/** @param {number} time */
export function clock(time) {
  return new Intl.DateTimeFormat(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" }).format(time);
}

/** @param {number} milliseconds */
export function seconds(milliseconds) {
  const digits = milliseconds < 10_000 ? 2 : 1;
  return `${(milliseconds / 1000).toLocaleString(document.documentElement.lang, { maximumFractionDigits: digits })} s`;
}

/** @param {number} count */
export function number(count) {
  return count.toLocaleString(document.documentElement.lang);
}
