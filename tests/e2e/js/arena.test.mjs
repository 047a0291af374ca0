import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { ServerTime, Track } from "../../../src/salon/web/arena/interpolation.js";
import { Prediction } from "../../../src/salon/web/arena/prediction.js";
import { step } from "../../../src/salon/web/arena/rules.js";

const bodyOf = ([x, y, vx, vy, rest]) => ({ x, y, vx, vy, rest });
const walks = JSON.parse(readFileSync(new URL("../../data/arena.json", import.meta.url), "utf8"));

test("a step is the server's step, bit by bit", () => {
  for (const [{ start }, ...steps] of walks) {
    let body = bodyOf(start);
    for (const { move, after } of steps) assert.deepEqual((body = step(body, move)), bodyOf(after));
  }
});

test("a prediction that was right is not corrected", () => {
  const own = new Prediction();
  own.settle({ x: 100, y: 100, vx: 0, vy: 0, rest: 0 }, 0);
  let server = { x: 100, y: 100, vx: 0, vy: 0, rest: 0 };
  const sent = [];
  for (let tick = 0; tick < 100; tick += 1) {
    sent.push(own.play({ x: Math.sin(tick), y: 1, dash: tick === 30 }));
    // The server is six inputs behind.
    if (tick < 6) continue;
    const { sequence, move } = sent[tick - 6];
    server = step(server, move);
    own.settle(server, sequence);
  }
  assert.equal(own.corrections, 0);
  assert.equal(own.waiting.length, 6);
});

test("a correction is eased in, and what was played since is kept", () => {
  const own = new Prediction();
  own.settle({ x: 100, y: 100, vx: 0, vy: 0, rest: 0 }, 0);
  own.play({ x: 1 });
  own.play({ x: 1 });
  const before = own.shown.x;
  own.settle({ x: 150, y: 100, vx: 0, vy: 0, rest: 0 }, 1);
  assert.equal(own.corrections, 1);
  assert.ok(Math.abs(own.shown.x - before) < 1e-9);
  assert.ok(own.body.x > 150);
  for (let tick = 0; tick < 60; tick += 1) own.play({});
  assert.ok(Math.abs(own.shown.x - own.body.x) < 0.01);
});

test("there are pictures between two steps, and a correction does not make them jump", () => {
  const own = new Prediction();
  assert.equal(own.at(0.5), null);
  own.settle({ x: 100, y: 100, vx: 0, vy: 0, rest: 0 }, 0);
  assert.equal(own.at(0.5).x, 100);
  for (let tick = 0; tick < 30; tick += 1) own.play({ x: 1 });
  const [from, to] = [own.at(0).x, own.at(1).x];
  assert.equal(to, own.shown.x);
  assert.ok(Math.abs(own.at(0.5).x - (from + to) / 2) < 1e-9 && to > from);
  const before = own.at(0.25).x;
  own.settle({ x: 140, y: 100, vx: 0, vy: 0, rest: 0 }, 29);
  assert.equal(own.corrections, 1);
  assert.ok(Math.abs(own.at(0.25).x - before) < 1e-9);
  own.settle({ x: 900, y: 100, vx: 0, vy: 0, rest: 0 }, 30);
  assert.equal(own.at(0.25).x, 900);
});

test("a player that was moved on purpose jumps", () => {
  const own = new Prediction();
  own.settle({ x: 100, y: 100, vx: 0, vy: 0, rest: 0 }, 0);
  own.settle({ x: 1000, y: 100, vx: 0, vy: 0, rest: 0 }, 0);
  assert.equal(own.shown.x, 1000);
});

test("a server that is away is not run away from for ever", () => {
  const own = new Prediction();
  own.settle({ x: 100, y: 100, vx: 0, vy: 0, rest: 0 }, 0);
  const sent = Array.from({ length: 500 }, () => own.play({ x: 1 })).filter(Boolean);
  assert.equal(sent.length, 128);
});

test("others glide between their places, go on a little, and then wait", () => {
  const track = new Track();
  assert.equal(track.at(5), null);
  track.add(100, 0, 0);
  assert.deepEqual(track.at(500), { time: 100, x: 0, y: 0 });
  track.add(200, 10, 20);
  track.add(150, 99, 99);
  assert.deepEqual(track.at(150), { x: 5, y: 10 });
  assert.deepEqual(track.at(250), { x: 15, y: 30 });
  assert.deepEqual(track.at(9999), track.at(350));
  assert.equal(track.at(50).x, 0);
  track.add(300, 900, 20);
  assert.equal(track.at(299).x, 10);
  assert.equal(track.at(300).x, 900);
});

test("the others' time runs evenly though patches do not, and never back", () => {
  const time = new ServerTime();
  let last = -Infinity;
  for (let tick = 0; tick < 300; tick += 1) {
    const server = tick * 33;
    time.hear(server, server + 5000 + (tick % 5 === 0 ? 80 : 0));
    const shown = time.show(server + 5000);
    assert.ok(shown >= last);
    assert.ok(shown <= server);
    last = shown;
  }
  assert.ok(300 * 33 - last < 200);
});

test("over a network that delays by 75 ms and loses 2 % the others go on evenly", () => {
  // Lost segments hold up all behind them for a round trip and more: what TCP makes of loss.
  let seed = 7;
  const chance = () => (seed = (seed * 48271) % 2147483647) / 2147483647;
  const time = new ServerTime();
  const arrivals = [];
  let free = 0;
  for (let server = 0; server < 60_000; server += 1000 / 30) {
    free = Math.max(free, server + 75 + (chance() < 0.02 ? 150 * (1 + chance() / 2) : 0));
    arrivals.push({ at: free, server });
  }
  let [newest, last, pictures, dry] = [-1, NaN, 0, 0];
  for (let now = 0; now < 60_000; now += 1000 / 60) {
    while (arrivals.length && arrivals[0].at <= now) {
      const { server } = arrivals.shift();
      time.hear(server, now);
      newest = server;
    }
    if (newest < 0) continue;
    const shown = time.show(now);
    if (now > 10_000) {
      pictures += 1;
      // Beyond its last place a player goes on for 150 ms.
      if (shown > newest + 150) dry += 1;
      const passed = shown - last;
      assert.ok(passed > 14 && passed < 19, `${passed} ms in one picture`);
    }
    last = shown;
  }
  assert.equal(dry, 0, `${dry} of ${pictures} pictures without a place to go to`);
  assert.ok(time.behind < 350);
});
