/** Axes that people can read: round numbers, and times on the minute. */

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const TIME_STEPS = [1, 2, 5, 10, 15, 30].map((n) => n * SECOND).concat([1, 2, 5, 10, 15, 30].map((n) => n * MINUTE), [1, 2, 3, 6, 12, 24].map((n) => n * HOUR));

/**
 * A range with a little air. Where all values are the same it gets some, so that the line is in the middle.
 *
 * @param {[number, number]} range
 * @returns {[number, number]}
 */
export function padded([low, high]) {
  const air = high > low ? (high - low) * 0.08 : Math.max(Math.abs(high) * 0.001, 1e-9);
  return [low - air, high + air];
}

/**
 * Round numbers from `low` to `high`, about `wanted` of them: steps of 1, 2 or 5 times a power of ten.
 *
 * @param {number} low
 * @param {number} high
 * @param {number} wanted
 */
export function ticks(low, high, wanted) {
  const span = high - low;
  if (!(span > 0) || wanted < 1) return [];
  const rough = span / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * (rough / power > 5 ? 10 : rough / power > 2 ? 5 : rough / power > 1 ? 2 : 1);
  const first = Math.ceil(low / step);
  const last = Math.floor(high / step);
  return Array.from({ length: last - first + 1 }, (_, index) => Number(((first + index) * step).toPrecision(12)));
}

/**
 * Times on a round second, minute or hour of the local day.
 *
 * @param {number} start
 * @param {number} end
 * @param {number} wanted
 * @param {number} [offset] minutes that local time is behind UTC, as `Date` says it
 */
export function timeTicks(start, end, wanted, offset = new Date(start).getTimezoneOffset()) {
  if (!(end > start) || wanted < 1) return [];
  const step = TIME_STEPS.find((each) => (end - start) / each <= wanted) ?? 24 * HOUR;
  const shift = offset * MINUTE;
  const first = Math.ceil((start - shift) / step) * step + shift;
  const found = [];
  for (let time = first; time <= end; time += step) found.push(time);
  return found;
}

/** How far `value` is between `low` and `high`, from 0 to 1. @param {number} value @param {[number, number]} range */
export function share(value, [low, high]) {
  return high > low ? (value - low) / (high - low) : 0.5;
}
