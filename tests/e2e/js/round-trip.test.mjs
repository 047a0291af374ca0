import assert from "node:assert/strict";
import { test } from "node:test";
import { Emitter } from "../../../src/salon/web/emitter.js";
import { followRoundTrip } from "../../../src/salon/web/voice/round-trip.js";

const settled = () => new Promise((resolve) => setImmediate(resolve));

test("a way that takes long is told, one that answers once in a while is shaky, and one that does not is lost", async ({ mock }) => {
  mock.timers.enable({ apis: ["setInterval"] });
  globalThis.document = { baseURI: "http://salon.test/below/" };
  let now = 0;
  mock.method(performance, "now", () => now);
  const answers = [300, null, 20, null, null];
  const asked = [];
  mock.method(globalThis, "fetch", async (url) => {
    asked.push(url);
    const took = answers.shift();
    if (took === null) throw new TypeError("Failed to fetch");
    now += took;
    return new Response("ok");
  });
  const line = new Emitter();
  const told = [];
  for (const name of ["stats", "shaky", "lost"]) line.on(name, (value) => told.push([name, value?.rtt ?? value, value?.level ?? ""]));
  const over = new AbortController();
  followRoundTrip(line, over.signal);
  await settled();
  for (let left = 4; left; left -= 1) {
    mock.timers.tick(5000);
    await settled();
  }
  assert.deepEqual(told, [["stats", 300, "fair"], ["shaky", true, ""], ["shaky", false, ""], ["stats", 20, "good"], ["shaky", true, ""], ["lost", null, ""]]);
  assert.deepEqual([...new Set(asked)], ["http://salon.test/below/healthz"]);
  over.abort();
  mock.timers.tick(20_000);
  assert.equal(asked.length, 5);
});
