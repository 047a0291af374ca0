/** What a board shows: the newest value of every key, what it is, how it changed, and what it was lately. */

import { Emitter } from "../emitter.js";
import { Series } from "./series.js";

/** @typedef {{ en?: string, zh?: string, group?: string, unit?: string, digits?: number }} About */
/** @typedef {"key" | "name" | "value" | "change" | "volume"} Order */

/**
 * @typedef {object} Row
 * @property {string} key
 * @property {About} about
 * @property {number} value NaN before the first
 * @property {number | null} open what changes are counted from
 * @property {number | null} volume
 * @property {number} at milliseconds since 1970, by the publisher's clock
 * @property {number} heard the same by ours: when it came
 * @property {-1 | 0 | 1} moved which way it went last
 * @property {Series} series
 */

/** Points kept of each key, for its sparkline and chart. */
const POINTS = 600;
/** Keys a board takes. A publisher that makes up keys must not fill the browser. */
const MOST_KEYS = 20_000;

/** @extends {Emitter<{ changed: Set<Row>, keys: null }>} */
export class Board extends Emitter {
  constructor() {
    super();
    /** @type {Map<string, Row>} */
    this.rows = new Map();
    this.received = 0;
    /** Messages that were no readings. */
    this.odd = 0;
    this.turnedAway = 0;
    /** @type {Map<string, About>} */
    this.abouts = new Map();
  }

  /**
   * Newest values, as they come from a topic: `{key, value, at?, open?, volume?}`, or a bare number under its key.
   *
   * @param {{ key: string, data: unknown }[]} readings
   * @param {number} now
   */
  take(readings, now) {
    /** @type {Set<Row>} */
    const changed = new Set();
    const before = this.rows.size;
    for (const { key, data } of readings) {
      const reading = readingOf(data);
      if (!reading || !key) {
        this.odd += 1;
        continue;
      }
      const row = this.row(key);
      if (!row) {
        this.turnedAway += 1;
        continue;
      }
      this.received += 1;
      const { value, at = now, open = null, volume = null } = reading;
      row.moved = /** @type {-1 | 0 | 1} */ (Number.isNaN(row.value) ? 0 : Math.sign(value - row.value));
      row.value = value;
      row.at = at;
      row.heard = now;
      row.open = open ?? row.open ?? value;
      row.volume = volume;
      row.series.push(at, value);
      changed.add(row);
    }
    if (this.rows.size > before) this.emit("keys", null);
    if (changed.size) this.emit("changed", changed);
  }

  /** What keys mean; it may come before their values or after. @param {Record<string, unknown>} entries */
  describe(entries) {
    for (const [key, value] of Object.entries(entries)) {
      const about = aboutOf(value);
      if (this.abouts.size < MOST_KEYS || this.abouts.has(key)) this.abouts.set(key, about);
      const row = this.rows.get(key);
      if (row) row.about = about;
    }
    this.emit("keys", null);
  }

  /** @param {string} key @returns {Row | null} */
  row(key) {
    const known = this.rows.get(key);
    if (known) return known;
    if (this.rows.size >= MOST_KEYS) return null;
    /** @type {Row} */
    const row = { key, about: this.abouts.get(key) ?? {}, value: NaN, open: null, volume: null, at: 0, heard: 0, moved: 0, series: new Series(POINTS) };
    this.rows.set(key, row);
    return row;
  }

  /** All groups, in alphabetical order. */
  groups() {
    const found = new Set();
    for (const { about } of this.rows.values()) if (about.group) found.add(about.group);
    return /** @type {string[]} */ ([...found].sort());
  }

  /**
   * What fits a search, in order. Rows whose order is the same stay in the order of their keys.
   *
   * @param {{ search: string, group: string, order: Order, descending: boolean, language: "en" | "zh", only?: ReadonlySet<string> | null }} wanted
   * @returns {Row[]}
   */
  list({ search, group, order, descending, language, only = null }) {
    const words = search.trim().toLocaleLowerCase();
    /** @param {Row} row */
    const fits = (row) =>
      (!group || row.about.group === group) &&
      (!only || only.has(row.key)) &&
      (!words || [row.key, row.about.en, row.about.zh].some((text) => text?.toLocaleLowerCase().includes(words)));
    const sign = descending ? -1 : 1;
    return [...this.rows.values()].filter(fits).sort((a, b) => sign * compare(a, b, order, language) || (a.key < b.key ? -1 : 1));
  }
}

/** How far it is from where it opened: 0.01 is one per cent. NaN where that means nothing. @param {Row} row */
export function changeOf({ value, open }) {
  return open ? (value - open) / Math.abs(open) : NaN;
}

/** @param {Row} row @param {"en" | "zh"} language */
export function nameOf({ key, about }, language) {
  return about[language] || about.en || about.zh || key;
}

/** @param {Row} a @param {Row} b @param {Order} order @param {"en" | "zh"} language */
function compare(a, b, order, language) {
  switch (order) {
    case "key":
      return a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
    case "name":
      return nameOf(a, language).localeCompare(nameOf(b, language), language);
    case "value":
      return last(a.value) - last(b.value);
    case "change":
      return last(changeOf(a)) - last(changeOf(b));
    case "volume":
      return (a.volume ?? -1) - (b.volume ?? -1);
  }
}

/** What has no number comes after all that have. @param {number} value */
function last(value) {
  return Number.isNaN(value) ? -Number.MAX_VALUE : value;
}

/** @param {unknown} data @returns {{ value: number, at?: number, open?: number, volume?: number } | null} */
function readingOf(data) {
  if (typeof data === "number") return Number.isFinite(data) ? { value: data } : null;
  if (typeof data !== "object" || data === null) return null;
  const { value, at, open, volume } = /** @type {Record<string, unknown>} */ (data);
  const finite = (/** @type {unknown} */ each) => (typeof each === "number" && Number.isFinite(each) ? each : undefined);
  const found = finite(value);
  return found === undefined ? null : { value: found, at: finite(at), open: finite(open), volume: finite(volume) };
}

/** @param {unknown} value @returns {About} */
function aboutOf(value) {
  if (typeof value !== "object" || value === null) return {};
  const { en, zh, group, unit, digits } = /** @type {Record<string, unknown>} */ (value);
  const text = (/** @type {unknown} */ each) => (typeof each === "string" ? each.slice(0, 80) : undefined);
  return {
    en: text(en),
    zh: text(zh),
    group: text(group),
    unit: text(unit),
    digits: Number.isInteger(digits) ? Math.min(Math.max(Number(digits), 0), 8) : undefined,
  };
}
