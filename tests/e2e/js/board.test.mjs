import assert from "node:assert/strict";
import { test } from "node:test";
import { Alarms } from "../../../src/salon/web/board/alarms.js";
import { Board, changeOf, nameOf } from "../../../src/salon/web/board/board.js";
import { padded, share, ticks, timeTicks } from "../../../src/salon/web/board/scale.js";
import { Series } from "../../../src/salon/web/board/series.js";

const all = { search: "", group: "", order: "key", descending: false, language: "en" };
const keys = (rows) => rows.map(({ key }) => key);

test("a series keeps the newest, in order", () => {
  const series = new Series(3);
  for (let time = 1; time <= 5; time += 1) series.push(time, time * 10);
  assert.equal(series.length, 3);
  assert.deepEqual([0, 1, 2].map((index) => series.value(index)), [30, 40, 50]);
  series.push(5, 99);
  series.push(2, 99);
  assert.equal(series.value(2), 50);
  assert.equal(series.from(4), 1);
  assert.deepEqual(series.range(1), [40, 50]);
  assert.equal(series.range(3), null);
});

test("thinning keeps every peak", () => {
  const series = new Series(10_000);
  for (let time = 0; time < 10_000; time += 1) series.push(time, time === 4321 ? 1000 : time === 8765 ? -1000 : Math.sin(time));
  const points = series.thinned(0, 10_000, 100);
  assert.ok(points.length <= 2 * 100 + 2, String(points.length));
  assert.ok(points.some(([, value]) => value === 1000));
  assert.ok(points.some(([, value]) => value === -1000));
  for (let index = 1; index < points.length; index += 1) assert.ok(points[index][0] > points[index - 1][0]);
});

test("few points are given as they are, with one before the edge", () => {
  const series = new Series(10);
  for (let time = 0; time < 5; time += 1) series.push(time, time);
  assert.deepEqual(series.thinned(3, 5, 10), [[2, 2], [3, 3], [4, 4]]);
});

test("ticks are round and inside", () => {
  assert.deepEqual(ticks(0, 10, 5), [0, 2, 4, 6, 8, 10]);
  assert.deepEqual(ticks(0.11, 0.29, 4), [0.15, 0.2, 0.25]);
  assert.deepEqual(ticks(-3, 3, 3), [-2, 0, 2]);
  assert.deepEqual(ticks(1, 1, 3), []);
  assert.deepEqual(ticks(99.5, 100.5, 2), [99.5, 100, 100.5]);
});

test("times are round in the local day", () => {
  const start = Date.UTC(2026, 10, 28, 10, 0, 20);
  const found = timeTicks(start, start + 5 * 60_000, 6, -480);
  assert.deepEqual(found.map((time) => new Date(time).toISOString().slice(11, 19)), ["10:01:00", "10:02:00", "10:03:00", "10:04:00", "10:05:00"]);
  const day = timeTicks(start, start + 24 * 3600_000, 4, -330);
  // Six hours of a clock that is five and a half ahead.
  assert.deepEqual(day.map((time) => new Date(time).toISOString().slice(11, 16)), ["12:30", "18:30", "00:30", "06:30"]);
});

test("a flat line is in the middle", () => {
  assert.equal(share(5, padded([5, 5])), 0.5);
  assert.equal(share(0, padded([0, 0])), 0.5);
  const [low, high] = padded([0, 10]);
  assert.ok(low < 0 && high > 10);
});

test("a board has the newest of each key and how it moved", () => {
  const board = new Board();
  const changes = [];
  board.on("changed", (rows) => changes.push(keys([...rows])));
  board.take([{ key: "a", data: { value: 10, open: 8, at: 1 } }, { key: "b", data: 5 }], 100);
  board.take([{ key: "a", data: { value: 9, at: 2 } }], 200);
  assert.deepEqual(changes, [["a", "b"], ["a"]]);
  const row = board.rows.get("a");
  assert.equal(row.moved, -1);
  assert.equal(row.heard, 200);
  assert.equal(changeOf(row), 0.125);
  assert.equal(row.series.length, 2);
  assert.equal(changeOf(board.rows.get("b")), 0);
});

test("what is no reading is counted and harms nothing", () => {
  const board = new Board();
  for (const data of [null, "x", {}, { value: "1" }, NaN, [], { value: Infinity }]) board.take([{ key: "a", data }], 1);
  board.take([{ key: "", data: 1 }], 1);
  assert.equal(board.rows.size, 0);
  assert.equal(board.odd, 8);
});

test("a publisher that makes up keys is bounded", () => {
  const board = new Board();
  board.take(Array.from({ length: 20_500 }, (_, index) => ({ key: String(index), data: 1 })), 1);
  assert.equal(board.rows.size, 20_000);
  assert.equal(board.turnedAway, 500);
});

test("names may come before values or after", () => {
  const board = new Board();
  board.describe({ a: { en: "Alpha", zh: "甲", group: "g", digits: 99 } });
  board.take([{ key: "a", data: 1 }, { key: "b", data: 1 }], 1);
  board.describe({ b: { en: "Beta", group: "f" }, c: 7 });
  assert.equal(nameOf(board.rows.get("a"), "zh"), "甲");
  assert.equal(nameOf(board.rows.get("b"), "zh"), "Beta");
  assert.equal(board.rows.get("a").about.digits, 8);
  assert.deepEqual(board.groups(), ["f", "g"]);
});

test("a list is searched, sorted, and stable", () => {
  const board = new Board();
  board.describe({ a: { en: "Zeta", zh: "甲", group: "g" }, b: { en: "Beta" }, c: { en: "Gamma" } });
  board.take([{ key: "c", data: { value: 1, open: 1 } }, { key: "a", data: { value: 3, open: 2 } }, { key: "b", data: { value: 1, open: 2 } }], 1);
  board.row("d");
  assert.deepEqual(keys(board.list(all)), ["a", "b", "c", "d"]);
  assert.deepEqual(keys(board.list({ ...all, order: "name" })), ["b", "d", "c", "a"]);
  assert.deepEqual(keys(board.list({ ...all, order: "change", descending: true })), ["a", "c", "b", "d"]);
  assert.deepEqual(keys(board.list({ ...all, order: "value", descending: true })), ["a", "b", "c", "d"]);
  assert.deepEqual(keys(board.list({ ...all, search: "甲" })), ["a"]);
  assert.deepEqual(keys(board.list({ ...all, group: "g" })), ["a"]);
  assert.deepEqual(keys(board.list({ ...all, only: new Set(["c"]) })), ["c"]);
});

test("an alarm rings once for each crossing", () => {
  const alarms = new Alarms();
  assert.ok(alarms.add({ key: "a", above: true, limit: 10 }));
  assert.ok(!alarms.add({ key: "a", above: true, limit: 10 }));
  assert.ok(!alarms.add({ key: "a", above: true, limit: NaN }));
  const rings = [9, 10, 11, 9, 12].map((value) => alarms.check([{ key: "a", value, at: 1 }]).length);
  assert.deepEqual(rings, [0, 1, 0, 0, 1]);
  assert.ok(alarms.rings("a"));
  alarms.remove(alarms.alarms[0]);
  assert.ok(!alarms.rings("a"));
});
