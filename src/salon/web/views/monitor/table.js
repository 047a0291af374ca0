/** The table of a board. However many keys there are, only the rows in sight exist, and each is written anew only where it changed. */

import { changeOf, nameOf } from "../../board/board.js";
import { language, t } from "../../i18n/i18n.js";
import { h, put } from "../../ui/dom.js";
import { icon } from "../../ui/icons.js";
import { changeText, countText, valueText } from "./numbers.js";
import { SPARK_HEIGHT, SPARK_WIDTH, drawSpark } from "./spark.js";

/** @typedef {import("../../board/board.js").Row} Row */
/** @typedef {import("../../board/board.js").Order} Order */

export const ROW_HEIGHT = 44;
/** Rows kept beyond what is in sight. */
const SPARE = 4;
/** Values this old are shown faint, in milliseconds. */
const STALE_MS = 15_000;

/** @type {[Order, import("../../i18n/i18n.js").Key, string][]} */
const COLUMNS = [
  ["name", "monitor name", "name"],
  ["value", "monitor value", "number"],
  ["change", "monitor change", "number"],
  ["volume", "monitor volume", "number wide"],
];

/**
 * @typedef {object} Subject
 * @property {() => Row[]} list in order
 * @property {() => { order: Order, descending: boolean }} sorting
 * @property {(order: Order) => void} sort
 * @property {() => string} chosen
 * @property {(key: string) => void} choose
 * @property {(key: string) => boolean} alarmed
 * @property {(row: Row) => { line: string, faint: string }} colours
 */

/** @param {Subject} subject @param {AbortSignal} signal */
export function buildTable(subject, signal) {
  const body = h("div", { class: "quotes-body", role: "rowgroup" });
  const heads = COLUMNS.map(([order, label, kind]) => {
    const button = h("button", { type: "button", onclick: () => subject.sort(order) }, ...(kind === "name" ? [t(label), icon("chevron")] : [icon("chevron"), t(label)]));
    return h("div", { class: `quote-head ${kind}`, role: "columnheader", "data-order": order }, button);
  });
  const head = h(
    "div",
    { class: "quotes-head", role: "row", "aria-rowindex": 1 },
    ...heads.slice(0, 1),
    h("div", { class: "quote-head lately", role: "columnheader" }, t("monitor lately")),
    ...heads.slice(1),
  );
  const none = h("p", { class: "faint quotes-none", hidden: true }, t("monitor none found"));
  const root = h("div", { class: "quotes", role: "grid", "aria-label": t("monitor table"), tabindex: 0, onscroll: () => draw() }, head, body, none);
  /** @type {Map<string, Line>} */
  const lines = new Map();
  /** @type {Row[]} */
  let rows = [];

  /** The order may be another. */
  function arrange() {
    rows = subject.list();
    none.hidden = rows.length > 0;
    body.style.height = `${rows.length * ROW_HEIGHT}px`;
    root.setAttribute("aria-rowcount", String(rows.length + 1));
    const { order, descending } = subject.sorting();
    for (const each of heads) {
      if (each.dataset.order === order) each.setAttribute("aria-sort", descending ? "descending" : "ascending");
      else each.removeAttribute("aria-sort");
    }
    draw();
  }

  /** What is in sight, as it is now. */
  function draw() {
    const first = Math.max(0, Math.floor(root.scrollTop / ROW_HEIGHT) - SPARE);
    const last = Math.min(rows.length, Math.ceil((root.scrollTop + root.clientHeight) / ROW_HEIGHT) + SPARE);
    const wanted = new Set(rows.slice(first, last).map(({ key }) => key));
    for (const [key, line] of lines) {
      if (wanted.has(key)) continue;
      line.root.remove();
      lines.delete(key);
    }
    const now = Date.now();
    for (let index = first; index < last; index += 1) {
      const row = rows[index];
      let line = lines.get(row.key);
      if (!line) {
        line = new Line(subject);
        lines.set(row.key, line);
        body.append(line.root);
      }
      line.show(row, index, now);
    }
  }

  /** @param {string} key */
  function reveal(key) {
    const index = rows.findIndex((row) => row.key === key);
    if (index < 0) return;
    const top = index * ROW_HEIGHT;
    const room = root.clientHeight - head.offsetHeight - ROW_HEIGHT;
    if (top < root.scrollTop) root.scrollTop = top;
    else if (top > root.scrollTop + room) root.scrollTop = top - room;
    draw();
  }

  root.addEventListener(
    "keydown",
    (event) => {
      const page = Math.max(1, Math.floor(root.clientHeight / ROW_HEIGHT) - 2);
      const step = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -rows.length, End: rows.length }[event.key];
      if (step === undefined || event.target !== root || !rows.length) return;
      event.preventDefault();
      const at = rows.findIndex(({ key }) => key === subject.chosen());
      const next = rows[Math.min(Math.max((at < 0 && step > 0 ? -1 : at) + step, 0), rows.length - 1)];
      subject.choose(next.key);
      reveal(next.key);
    },
    { signal },
  );
  const watcher = new ResizeObserver(draw);
  watcher.observe(root);
  signal.addEventListener("abort", () => watcher.disconnect(), { once: true });
  return { root, arrange, draw };
}

class Line {
  /** @param {Subject} subject */
  constructor(subject) {
    this.subject = subject;
    this.name = h("span", { class: "quote-name" });
    this.key = h("span", { class: "quote-key" });
    this.bell = h("span", { class: "quote-bell", hidden: true, role: "img", "aria-label": t("monitor alarm rings") }, icon("bell"));
    this.spark = h("canvas", { class: "spark", width: SPARK_WIDTH, height: SPARK_HEIGHT, "aria-hidden": "true" });
    this.value = h("div", { class: "quote-cell number", role: "gridcell" });
    this.change = h("div", { class: "quote-cell number change", role: "gridcell" });
    this.volume = h("div", { class: "quote-cell number wide", role: "gridcell" });
    this.root = h(
      "div",
      { class: "quote", role: "row", onclick: () => this.subject.choose(this.shown) },
      h("div", { class: "quote-cell name", role: "gridcell" }, this.name, h("span", { class: "quote-under" }, this.key, this.bell)),
      h("div", { class: "quote-cell spark", role: "gridcell" }, this.spark),
      this.value,
      this.change,
      this.volume,
    );
    this.shown = "";
    /** @type {Row["about"] | null} */
    this.about = null;
    this.heard = -1;
    this.drawn = "";
  }

  /** @param {Row} row @param {number} index @param {number} now */
  show(row, index, now) {
    const { root, subject } = this;
    const chosen = subject.chosen() === row.key;
    const place = `${index} ${chosen} ${subject.alarmed(row.key)} ${now - row.heard > STALE_MS}`;
    if (place !== this.drawn) {
      this.drawn = place;
      root.style.transform = `translateY(${index * ROW_HEIGHT}px)`;
      root.setAttribute("aria-rowindex", String(index + 2));
      root.setAttribute("aria-selected", String(chosen));
      root.classList.toggle("stale", now - row.heard > STALE_MS);
      this.bell.hidden = !subject.alarmed(row.key);
    }
    if (this.shown !== row.key || this.about !== row.about) {
      this.shown = row.key;
      this.about = row.about;
      put(this.name, nameOf(row, language()));
      put(this.key, row.key);
    }
    if (this.heard === row.heard) return;
    const flash = this.heard >= 0 && row.moved !== 0;
    this.heard = row.heard;
    put(this.value, valueText(row.value, row.about));
    const change = changeOf(row);
    put(this.change, changeText(row));
    this.change.dataset.way = change > 0 ? "up" : change < 0 ? "down" : "";
    put(this.volume, countText(row.volume));
    drawSpark(this.spark, row.series, row.open, subject.colours(row));
    if (!flash) return;
    this.value.classList.remove("up", "down");
    // The animation begins anew only if the element was seen without it.
    void this.value.offsetWidth;
    this.value.classList.add(row.moved > 0 ? "up" : "down");
  }
}
