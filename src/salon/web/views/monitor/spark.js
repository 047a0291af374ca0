/** A sparkline: the last values of a key in one small picture, without axes. */

import { padded, share } from "../../board/scale.js";

/** @typedef {import("../../board/series.js").Series} Series */

export const SPARK_WIDTH = 96;
export const SPARK_HEIGHT = 26;
/** Points in it; more could not be told apart. */
const POINTS = 64;

/**
 * @param {HTMLCanvasElement} canvas
 * @param {Series} series
 * @param {number | null} open a faint line where it opened, if that is in sight
 * @param {{ line: string, faint: string }} colours
 */
export function drawSpark(canvas, series, open, { line, faint }) {
  const context = sized(canvas, SPARK_WIDTH, SPARK_HEIGHT);
  const first = Math.max(0, series.length - POINTS);
  const range = series.range(first);
  if (!context || !range) return;
  const [low, high] = padded(range);
  /** @param {number} value */
  const y = (value) => 2 + (SPARK_HEIGHT - 4) * (1 - share(value, [low, high]));
  const count = series.length - first;
  /** @param {number} index */
  const x = (index) => (count > 1 ? (index / (count - 1)) * (SPARK_WIDTH - 5) + 1 : SPARK_WIDTH - 4);
  if (open !== null && open > low && open < high) {
    context.strokeStyle = faint;
    context.lineWidth = 1;
    context.setLineDash([2, 3]);
    stroke(context, [[0, y(open)], [SPARK_WIDTH, y(open)]]);
    context.setLineDash([]);
  }
  context.strokeStyle = line;
  context.lineWidth = 1.5;
  context.lineJoin = "round";
  stroke(context, Array.from({ length: count }, (_, index) => [x(index), y(series.value(first + index))]));
  context.fillStyle = line;
  context.beginPath();
  context.arc(x(count - 1), y(series.value(series.length - 1)), 2, 0, 2 * Math.PI);
  context.fill();
}

/**
 * The canvas, empty, as sharp as the screen is.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {number} width
 * @param {number} height
 */
export function sized(canvas, width, height) {
  const scale = devicePixelRatio || 1;
  const [wide, high] = [Math.round(width * scale), Math.round(height * scale)];
  if (canvas.width !== wide || canvas.height !== high) {
    canvas.width = wide;
    canvas.height = high;
  }
  const context = canvas.getContext("2d");
  context?.setTransform(scale, 0, 0, scale, 0, 0);
  context?.clearRect(0, 0, width, height);
  return context;
}

/** @param {CanvasRenderingContext2D} context @param {number[][]} points */
export function stroke(context, points) {
  context.beginPath();
  points.forEach(([x, y], index) => (index ? context.lineTo(x, y) : context.moveTo(x, y)));
  context.stroke();
}
