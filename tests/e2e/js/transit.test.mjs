import assert from "node:assert/strict";
import { test } from "node:test";
import { Closed } from "../../../src/salon/web/files/pipe.js";
import { drawKey, keeps, promiseOf, sealWith } from "../../../src/salon/web/files/seal.js";
import { TransitPipe } from "../../../src/salon/web/files/transit.js";

globalThis.WebSocket ??= class {
  static OPEN = 1;
};

/** One end's socket; `server` is what stands between the two. */
class Socket {
  constructor(server) {
    this.server = server;
    this.readyState = WebSocket.OPEN;
    this.onmessage = this.onclose = () => {};
  }

  send(data) {
    for (const passed of this.server(data)) setImmediate(() => this.other.readyState === WebSocket.OPEN && this.other.onmessage({ data: passed }));
  }

  close() {
    if (this.readyState !== WebSocket.OPEN) return;
    this.readyState = 3;
    setImmediate(() => {
      this.onclose();
      this.other.close();
    });
  }
}

async function seals() {
  const [ann, bob] = [await drawKey(), await drawKey()];
  return Promise.all([sealWith(ann, bob.shown, "out"), sealWith(bob, ann.shown, "in")]);
}

async function pipes(server = (data) => [data]) {
  const [left, right] = [new Socket(server), new Socket((data) => [data])];
  [left.other, right.other] = [right, left];
  const [one, other] = await seals();
  const pair = [new TransitPipe(left, one), new TransitPipe(right, other)];
  const heard = [];
  const told = [];
  pair[1].onmessage = (data) => heard.push(typeof data === "string" ? data : [...new Uint8Array(data)]);
  for (const [name, pipe] of [["left", pair[0]], ["right", pair[1]]]) {
    pipe.ontampered = () => told.push(`${name} tampered`);
    pipe.onclose = () => told.push(`${name} closed`);
  }
  return { pair, heard, told, left, right };
}

async function until(condition) {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

test("texts and bytes arrive as they were and in order, and what was said last comes before the end", async () => {
  const { pair, heard, told } = await pipes();
  pair[0].send("first");
  pair[0].send(new Uint8Array([1, 2, 3]));
  pair[0].send("");
  pair[0].send(new Uint8Array(0));
  pair[0].close();
  await until(() => told.length === 2);
  assert.deepEqual(heard, ["first", [1, 2, 3], "", []]);
  assert.deepEqual(told.toSorted(), ["left closed", "right closed"]);
  assert.throws(() => pair[0].send("late"), Closed);
  await assert.rejects(pair[0].room(), Closed);
});

test("the server sees nothing of what is said", async () => {
  const seen = [];
  const { pair, heard } = await pipes((data) => (seen.push(Buffer.from(data).toString("latin1")), [data]));
  pair[0].send("a secret that nobody reads");
  await until(() => heard.length === 1);
  assert.ok(!seen.join("").includes("secret"));
});

const flip = (data) => {
  const changed = new Uint8Array(data.slice(0));
  changed[5] ^= 1;
  return changed.buffer;
};
const held = [];
const LIES = {
  "changes a bit": (data) => [flip(data)],
  "cuts it short": (data) => [data.slice(0, -1)],
  "says it twice": (data) => [data, data],
  "leaves one out and goes on": (data) => (held.push(data), held.length === 1 ? [] : [data]),
  "speaks for itself": () => [new ArrayBuffer(40)],
  "sends a text": () => ["{}"],
};

for (const [name, lie] of Object.entries(LIES)) {
  test(`a server that ${name} is found out, and nothing of it is heard`, async () => {
    const { pair, heard, told } = await pipes(lie);
    pair[0].send("one");
    pair[0].send("two");
    await until(() => told.includes("right tampered"));
    assert.ok(heard.length === 0 || (name === "says it twice" && heard.join() === "one"), heard.join());
    await until(() => told.includes("left closed"));
  });
}

test("a flood that is not opened yet ends it", async () => {
  const { pair, told, right } = await pipes();
  pair[1].seal.open = () => new Promise(() => {});
  for (let count = 0; count < 40; count += 1) right.onmessage({ data: new ArrayBuffer(1024 * 1024) });
  assert.deepEqual(told, ["right tampered"]);
});

test("both see one code, and a server in the middle makes two", async () => {
  const [one, other] = await seals();
  assert.match(one.code, /^\d{5} \d{5} \d{5} \d{5}$/);
  assert.equal(one.code, other.code);
  const [ann, bob, eve] = [await drawKey(), await drawKey(), await drawKey()];
  const [left, right] = [await sealWith(ann, eve.shown, "out"), await sealWith(bob, eve.shown, "in")];
  assert.notEqual(left.code, right.code);
  // Nor does what one sealed open for whoever knows no more than the halves.
  await assert.rejects(right.open(await left.close("x")));
});

test("a half that was not promised is known", async () => {
  const [ann, eve] = [await drawKey(), await drawKey()];
  const promise = await promiseOf(ann.shown);
  assert.ok(await keeps(ann.shown, promise));
  for (const [shown, promised] of [[eve.shown, promise], [ann.shown, undefined], ["", promise]]) assert.ok(!(await keeps(shown, promised)));
  for (const odd of ["", "!", btoa("no point"), btoa(String.fromCharCode(4) + "x".repeat(64))]) await assert.rejects(sealWith(ann, odd, "out"));
});
