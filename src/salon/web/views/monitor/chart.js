/** The chart of one key: its values over time, with axes, where it opened, its alarms, and what is under the pointer. */

import { nameOf } from "../../board/board.js";
import { padded, share, ticks, timeTicks } from "../../board/scale.js";
import { language, t } from "../../i18n/i18n.js";
import { h, put } from "../../ui/dom.js";
import { timeText, valueText } from "./numbers.js";
import { sized, stroke } from "./spark.js";

/** @typedef {import("../../board/board.js").Row} Row */
/** @typedef {{ line: string, ink: string, grid: string, limit: string }} Colours */

const HEIGHT = 240;
const BOTTOM = 22;
const TOP = 8;
/** Spans to choose from, in minutes; 0 is all there is. */
export const SPANS = [1, 5, 15, 0];

/**
 * @param {() => Row | null} chosen
 * @param {() => Colours} colours
 * @param {(key: string) => number[]} limits of the key's alarms
 * @param {AbortSignal} signal
 */
export function buildChart(chosen, colours, limits, signal) {
  const canvas = h("canvas", { class: "chart", role: "img", tabindex: 0 });
  const reading = h("p", { class: "chart-reading", "aria-live": "off" });
  let span = SPANS[1];
  /** Where the pointer is, in the canvas. @type {number | null} */
  let pointer = null;

  const spans = h(
    "div",
    { class: "segments", role: "group", "aria-label": t("monitor span") },
    ...SPANS.map((minutes) =>
      h(
        "button",
        { type: "button", "aria-pressed": String(minutes === span), onclick: (/** @type {Event} */ event) => setSpan(minutes, event) },
        minutes ? t("monitor minutes", { count: minutes }) : t("monitor all"),
      ),
    ),
  );

  /** @param {number} minutes @param {Event} event */
  function setSpan(minutes, event) {
    span = minutes;
    for (const each of spans.children) each.setAttribute("aria-pressed", String(each === event.currentTarget));
    draw();
  }

  function draw() {
    const row = chosen();
    const width = canvas.clientWidth;
    if (!row || !width || !row.series.length) return;
    const { series, about } = row;
    const end = series.time(series.length - 1);
    const start = span ? end - span * 60_000 : Math.min(series.time(0), end - 1000);
    const first = Math.max(0, series.from(start) - 1);
    const range = series.range(first);
    const context = sized(canvas, width, HEIGHT);
    if (!context || !range) return;
    const { line, ink, grid, limit: amber } = colours();
    const [low, high] = padded(range);
    context.font = `11px ${getComputedStyle(canvas).fontFamily}`;
    const values = ticks(low, high, 4);
    const labels = values.map((value) => valueText(value, { ...about, digits: decimals(values, about.digits ?? 2) }));
    const right = width - Math.ceil(Math.max(0, ...labels.map((label) => context.measureText(label).width))) - 10;
    /** @param {number} time */
    const x = (time) => share(time, [start, end]) * right;
    /** @param {number} value */
    const y = (value) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - share(value, [low, high]));

    context.lineWidth = 1;
    context.strokeStyle = grid;
    context.fillStyle = ink;
    context.textBaseline = "middle";
    values.forEach((value, index) => {
      stroke(context, [[0, Math.round(y(value)) + 0.5], [right, Math.round(y(value)) + 0.5]]);
      context.fillText(labels[index], right + 8, y(value));
    });
    context.textBaseline = "alphabetic";
    context.textAlign = "center";
    for (const time of timeTicks(start, end, Math.max(2, Math.floor(right / 90)))) {
      if (x(time) > 26 && x(time) < right - 26) context.fillText(timeText(time), x(time), HEIGHT - 6);
    }
    context.textAlign = "start";
    if (row.open !== null && row.open > low && row.open < high) level(row.open, ink, [2, 4]);
    for (const limit of limits(row.key)) if (limit > low && limit < high) level(limit, amber, [6, 4]);

    const points = series.thinned(start, end, Math.floor(right)).map(([time, value]) => [x(time), y(value)]);
    context.save();
    context.beginPath();
    context.rect(0, 0, right + 2, HEIGHT);
    context.clip();
    context.lineWidth = 1.75;
    context.lineJoin = "round";
    context.strokeStyle = line;
    stroke(context, points);
    context.restore();

    const index = pointer === null ? series.length - 1 : nearest(row, start + (Math.min(pointer, right) / right) * (end - start));
    const [time, value] = [series.time(index), series.value(index)];
    context.fillStyle = line;
    context.beginPath();
    context.arc(Math.max(x(time), 0), y(value), 3.5, 0, 2 * Math.PI);
    context.fill();
    if (pointer !== null) {
      context.strokeStyle = ink;
      context.lineWidth = 1;
      stroke(context, [[x(time), TOP], [x(time), HEIGHT - BOTTOM]]);
    }
    const [min, max] = /** @type {[number, number]} */ (series.range(series.from(start)) ?? range);
    put(reading, h("time", null, timeText(time)), h("strong", null, valueText(value, about)), h("span", { class: "faint" }, t("monitor range", { low: valueText(min, about), high: valueText(max, about) })));
    canvas.setAttribute(
      "aria-label",
      t("monitor chart of", { name: nameOf(row, language()), value: valueText(value, about), low: valueText(min, about), high: valueText(max, about) }),
    );

    /** @param {number} value @param {string} colour @param {number[]} dash */
    function level(value, colour, dash) {
      if (!context) return;
      context.strokeStyle = colour;
      context.setLineDash(dash);
      stroke(context, [[0, y(value)], [right, y(value)]]);
      context.setLineDash([]);
    }
  }

  /** @param {PointerEvent} event */
  function point(event) {
    pointer = event.offsetX;
    draw();
  }
  canvas.addEventListener("pointermove", point, { signal });
  canvas.addEventListener("pointerdown", point, { signal });
  canvas.addEventListener("pointerleave", () => ((pointer = null), draw()), { signal });
  canvas.addEventListener(
    "keydown",
    (event) => {
      const step = { ArrowLeft: -8, ArrowRight: 8 }[event.key];
      if (event.key === "Escape" && pointer !== null) pointer = null;
      else if (step) pointer = Math.min(Math.max((pointer ?? canvas.clientWidth) + step, 0), canvas.clientWidth);
      else return;
      event.preventDefault();
      draw();
    },
    { signal },
  );
  const watcher = new ResizeObserver(draw);
  watcher.observe(canvas);
  signal.addEventListener("abort", () => watcher.disconnect(), { once: true });
  return { root: h("div", { class: "chart-box" }, h("div", { class: "chart-head" }, reading, spans), canvas), draw };
}

/** The index whose time is nearest. @param {Row} row @param {number} time */
function nearest({ series }, time) {
  const after = Math.min(series.from(time), series.length - 1);
  if (!after) return 0;
  return time - series.time(after - 1) < series.time(after) - time ? after - 1 : after;
}

/** Enough decimals to tell the ticks apart. @param {number[]} values @param {number} least */
function decimals([first, second], least) {
  return second === undefined ? least : Math.min(8, Math.max(0, Math.ceil(-Math.log10(second - first) + 1e-9)));
}
