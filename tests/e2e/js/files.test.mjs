import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { Incoming } from "../../../src/salon/web/files/incoming.js";
import { BLOCK, blocksOf, distinct, entryOf, isPath, lengthOf, packed, placesOf, sendablePath, sha256, unpacked } from "../../../src/salon/web/files/manifest.js";
import { Outgoing } from "../../../src/salon/web/files/outgoing.js";
import { Closed } from "../../../src/salon/web/files/pipe.js";
import { MemoryStore } from "../../../src/salon/web/files/store.js";
import { codeOf } from "../../../src/salon/web/peer/code.js";
import { levelOf, qualityOf } from "../../../src/salon/web/peer/quality.js";

/** What still runs measures its speed, and Node waits for that. */
const made = [];
afterEach(() => made.splice(0).forEach((transfer) => transfer.end("over")));

const settled = () => new Promise((resolve) => setImmediate(resolve));

/** One end of a pair; what it sends comes to the other in order, a little later. */
class End {
  constructor() {
    this.sent = [];
    this.largest = 64 * 1024;
    this.window = 4;
    this.ontampered = () => {};
    this.onmessage = () => {};
    this.onclose = () => {};
    this.closed = false;
    this.other = null;
    this.spoil = (data) => data;
  }

  send(data) {
    if (this.closed) throw new Closed();
    // A channel sends what a view shows, and hands out a buffer of it.
    const spoiled = this.spoil(ArrayBuffer.isView(data) ? data.slice().buffer : data);
    this.sent.push(spoiled);
    setImmediate(() => this.other && !this.other.closed && this.other.onmessage(spoiled));
  }

  async room() {
    await settled();
    if (this.closed) throw new Closed();
  }

  close() {
    if (this.closed) return;
    this.closed = true;
    setImmediate(() => {
      this.onclose();
      this.other?.close();
    });
  }
}

function pair() {
  const [one, other] = [new End(), new End()];
  one.other = other;
  other.other = one;
  return [one, other];
}

const bytes = (length, seed = 1) => Uint8Array.from({ length }, (_, index) => (index * 31 + seed * 7 + (index >> 9)) & 255);
const ID = "abcdefghjkmnpqrstuvwxyz234";

function transferOf(contents, store = new MemoryStore()) {
  const entries = Object.entries(contents).map(([path, data]) => ({ path, size: data.length, modified: 1 }));
  const out = new Outgoing({ id: ID, other: "bob", entries, files: Object.values(contents).map((data) => new Blob([data])) });
  const into = new Incoming({ id: ID, other: "ann", name: "Ann", count: entries.length, total: out.total, names: [], store });
  made.push(out, into);
  return { out, into, store, entries };
}

const ended = (transfer) => new Promise((resolve) => {
  const look = () => transfer.isOver && resolve(transfer.state);
  transfer.on("changed", look);
  look();
});

async function contentOf(store, into, file) {
  return new Uint8Array(await (await store.read(ID, file, into.entries[file])).arrayBuffer());
}

test("several files, an empty one and one of several blocks arrive as they were", async () => {
  const contents = { "a/empty": new Uint8Array(0), "a/small": bytes(10), big: bytes(2 * BLOCK + 5) };
  const { out, into, store } = transferOf(contents);
  const [left, right] = pair();
  into.run(right);
  void out.run(left);
  assert.deepEqual(await Promise.all([ended(out), ended(into)]), ["done", "done"]);
  for (const [file, data] of Object.values(contents).entries()) assert.deepEqual(await contentOf(store, into, file), data);
});

test("a cut goes on where it was, and no block is sent twice", async () => {
  const contents = { big: bytes(6 * BLOCK) };
  const { out, into, store } = transferOf(contents);
  const [left, right] = pair();
  into.run(right);
  const first = out.run(left);
  while (into.have.reduce((sum, each) => sum + each, 0) < 2) await settled();
  left.close();
  await first;
  while (into.state !== "waiting") await settled();
  assert.equal(out.state, "waiting");
  await settled();
  const had = [...into.have];
  const [again, there] = pair();
  into.run(there);
  void out.run(again);
  assert.deepEqual(await Promise.all([ended(out), ended(into)]), ["done", "done"]);
  const resent = again.sent.filter((data) => typeof data === "string").map((text) => JSON.parse(text)).filter(({ kind }) => kind === "block");
  assert.ok(had.some(Boolean));
  for (const { index } of resent) assert.ok(!had[index], `block ${index} was there`);
  assert.deepEqual(await contentOf(store, into, 0), contents.big);
});

test("a block that arrives damaged is sent again; one that always does ends it", async () => {
  for (const [times, states] of [[1, ["done", "done"]], [99, ["over", "over"]]]) {
    const { out, into } = transferOf({ big: bytes(BLOCK + 3) });
    const [left, right] = pair();
    let spoiled = 0;
    left.spoil = (data) => {
      if (typeof data === "string" || spoiled >= times || data.byteLength > 100) return data;
      spoiled += 1;
      return new Uint8Array(data.byteLength).buffer;
    };
    into.run(right);
    void out.run(left);
    const end = await ended(out);
    right.close();
    if (times === 99) {
      assert.equal(out.reason, "damaged");
      assert.equal(end, "over");
    } else assert.deepEqual([end, await ended(into)], states);
  }
});

test("either end pauses, also in the middle of a block, and goes on", async () => {
  const { out, into } = transferOf({ big: bytes(5 * BLOCK) });
  const [left, right] = pair();
  into.run(right);
  void out.run(left);
  while (into.moved === 0) await settled();
  into.pause(true);
  while (out.state !== "paused") await settled();
  // The block under way is finished; then nothing more goes out.
  for (let still = 0, count = 0; still < 300; still += 1) {
    await settled();
    if (left.sent.length > count) [still, count] = [0, left.sent.length];
  }
  assert.ok(out.moved < out.total);
  into.pause(false);
  assert.deepEqual(await Promise.all([ended(out), ended(into)]), ["done", "done"]);
});

test("a file that changes while it is sent ends it, and both know", async () => {
  const { out, into } = transferOf({ big: bytes(BLOCK + 1) });
  out.files = [new Blob([bytes(BLOCK)])];
  const [left, right] = pair();
  into.run(right);
  void out.run(left);
  assert.deepEqual(await Promise.all([ended(out), ended(into)]), ["over", "over"]);
  assert.equal(out.reason, "unreadable");
  assert.equal(into.reason, "cancelled there");
});

/** A receiver with a stranger at the other end of its pipe. */
async function facing(entries, announced = {}) {
  const total = entries.reduce((sum, [, size]) => sum + size, 0);
  const into = new Incoming({ id: ID, other: "eve", name: "", count: entries.length, total, names: [], store: new MemoryStore(), ...announced });
  made.push(into);
  const [stranger, own] = pair();
  const told = [];
  stranger.onmessage = (data) => told.push(JSON.parse(data));
  into.run(own);
  const say = (message) => own.onmessage(message instanceof ArrayBuffer ? message : JSON.stringify(message));
  say({ kind: "offer", id: ID, count: entries.length, total, block: BLOCK });
  say({ kind: "entries", entries });
  await settled();
  await settled();
  return { into, say, told, own };
}

const hash = "0".repeat(64);
const LIES = {
  "bytes before a block": (say) => say(new ArrayBuffer(10)),
  "more bytes than the block has": (say) => (say({ kind: "block", file: 0, index: 0, sha256: hash }), say(new ArrayBuffer(101))),
  "an empty piece": (say) => (say({ kind: "block", file: 0, index: 0, sha256: hash }), say(new ArrayBuffer(0))),
  "a file that was not offered": (say) => say({ kind: "block", file: 1, index: 0, sha256: hash }),
  "a block behind the end": (say) => say({ kind: "block", file: 0, index: 1, sha256: hash }),
  "a negative block": (say) => say({ kind: "block", file: 0, index: -1, sha256: hash }),
  "a place that is no number": (say) => say({ kind: "block", file: "__proto__", index: 0, sha256: hash }),
  "no hash": (say) => say({ kind: "block", file: 0, index: 0 }),
  "a block within a block": (say) => (say({ kind: "block", file: 0, index: 0, sha256: hash }), say({ kind: "block", file: 0, index: 0, sha256: hash })),
  "another offer": (say) => say({ kind: "offer", id: ID, count: 1, total: 100, block: BLOCK }),
  "more entries": (say) => say({ kind: "entries", entries: [["b", 1, 1]] }),
  "no message": (say) => say([]),
  "an unknown message": (say) => say({ kind: "format" }),
  "a message without end": (say) => say({ kind: "x".repeat(300_000) }),
};

for (const [name, lie] of Object.entries(LIES)) {
  test(`a stranger is not heard again after ${name}`, async ({ mock }) => {
    mock.timers.enable({ apis: ["setTimeout"] });
    const { into, say, told, own } = await facing([["a", 100, 1]]);
    assert.equal(into.state, "running");
    lie(say);
    assert.deepEqual([into.state, into.reason], ["over", "broken"]);
    say({ kind: "block", file: 0, index: 0, sha256: hash });
    say(new ArrayBuffer(100));
    await settled();
    assert.equal(into.moved, 0);
    assert.deepEqual(told.at(-1), { kind: "decline", reason: "broken" });
    // He is told why before the pipe closes.
    assert.ok(!own.closed);
    mock.timers.runAll();
    assert.ok(own.closed);
  });
}

test("a flood that does not wait for what is written is cut off", async () => {
  const { into, say } = await facing([["a", 20 * BLOCK, 1]]);
  into.store.write = () => new Promise(() => {});
  for (let index = 0; index < 20 && !into.isOver; index += 1) {
    say({ kind: "block", file: 0, index, sha256: hash });
    if (!into.isOver) say(new ArrayBuffer(BLOCK));
  }
  assert.equal(into.reason, "broken");
  assert.ok(into.unwritten <= 6);
});

test("bytes with another hash are not kept", async () => {
  const { into, say, told } = await facing([["a", 100, 1]]);
  say({ kind: "block", file: 0, index: 0, sha256: hash });
  say(new ArrayBuffer(100));
  while (told.at(-1)?.kind !== "bad") await settled();
  assert.equal(into.moved, 0);
  assert.equal(into.state, "running");
});

test("what was announced is what may come", async () => {
  for (const entries of [[["../etc/passwd", 1, 1]], [["/a", 1, 1]], [["a\\b", 1, 1]], [["a", -1, 1]], [["a", 1.5, 1]], [["a", 1]], [["a", 1, 1], ["A", 1, 1]], ["a"]]) {
    const { into } = await facing(entries, { total: 2 });
    assert.equal(into.state, "over", JSON.stringify(entries));
  }
  const { into } = await facing([["a", 100, 1]], { total: 99 });
  assert.equal(into.reason, "broken");
});

test("more than memory holds is declined before a byte comes", async () => {
  const { into, told } = await facing([["a", 2 ** 35, 1]]);
  assert.deepEqual([into.reason, told.at(-1)], ["no space", { kind: "decline", reason: "no space" }]);
});

test("whatever is said in whatever order, nothing is thrown and nothing unasked is kept", async () => {
  let seed = 7;
  const lot = (most) => (seed = (seed * 48271) % 2147483647) % most;
  const words = ["offer", "entries", "block", "pause", "go", "cancel", "done", "ack", "constructor"];
  const values = [0, 1, -1, 1e99, null, "x", [], {}, [["a", 1, 1]], true, ID, BLOCK, 100];
  for (let round = 0; round < 300; round += 1) {
    const { into, say } = await facing([["a", 100, 1], ["b", 5, 1]]);
    for (let step = 0; step < 8; step += 1) {
      if (lot(4) === 0) say(new ArrayBuffer(lot(120)));
      else say(Object.fromEntries([["kind", words[lot(words.length)]], ...["id", "count", "total", "block", "entries", "file", "index", "sha256"].map((name) => [name, values[lot(values.length)]])]));
    }
    await settled();
    assert.ok(into.moved === 0 || into.isOver);
  }
});

test("paths lead nowhere but below", () => {
  for (const path of ["a", "a/b.txt", "文件/照片 1.jpg", ".hidden", "a b/c"]) assert.ok(isPath(path), path);
  for (const path of ["", "/a", "a/", "a//b", "..", "a/../b", "./a", "a\\b", "C:a", "a\u0000", "a\u202egpj.exe", " a", "a.", "x".repeat(256), "a/".repeat(600) + "a"]) assert.ok(!isPath(path), path);
  for (const path of ["/a/b", "../../x", "a:b", "name.", "  ", "x".repeat(3000), "con\u0001"]) assert.ok(isPath(sendablePath(path)), sendablePath(path));
  assert.equal(entryOf(["a", Number.MAX_SAFE_INTEGER, 1]), null);
  assert.ok(!distinct([{ path: "A" }, { path: "a" }]));
});

test("blocks are counted and packed", () => {
  assert.deepEqual([blocksOf(0), blocksOf(1), blocksOf(BLOCK), blocksOf(BLOCK + 1)], [0, 1, 1, 2]);
  assert.equal(lengthOf(BLOCK + 1, 1), 1);
  assert.deepEqual(placesOf([{ size: 1 }, { size: 0 }, { size: BLOCK * 2 }]), [0, 1, 1, 3]);
  const have = Uint8Array.from({ length: 1001 }, (_, index) => index % 3 & 1);
  assert.deepEqual(unpacked(packed(have), 1001), have);
  for (const odd of [undefined, "!", 5, ""]) assert.deepEqual(unpacked(odd, 3), new Uint8Array(3));
});

test("both ends have the same code, and another certificate another", async () => {
  const [one, other] = ["sha-256 aa:bb", "sha-256 cc:dd"];
  assert.match(await codeOf([one, other]), /^\d{5} \d{5} \d{5} \d{5}$/);
  assert.equal(await codeOf([one, other]), await codeOf([other, one]));
  assert.notEqual(await codeOf([one, other]), await codeOf([one, "sha-256 cc:de"]));
  assert.equal((await sha256(new Uint8Array(0))).slice(0, 8), "e3b0c442");
});

test("quality is what was lost since the last reading, and how long the way is", () => {
  assert.deepEqual([levelOf(20, 0), levelOf(300, 0), levelOf(20, 0.05), levelOf(900, 0), levelOf(null, null)], ["good", "fair", "fair", "poor", ""]);
  const report = (lost, received, bytes, at) => [
    { id: "t", type: "transport", selectedCandidatePairId: "p" },
    { id: "p", type: "candidate-pair", currentRoundTripTime: 0.03, localCandidateId: "l" },
    { id: "l", type: "local-candidate", candidateType: "relay" },
    { id: "v", type: "inbound-rtp", packetsLost: lost, packetsReceived: received, bytesReceived: bytes, timestamp: at, framesDecoded: 3 },
  ];
  const first = qualityOf(report(0, 100, 0, 1000), new Map());
  const second = qualityOf(report(10, 190, 1000, 3000), first.stats);
  assert.deepEqual([second.rtt, second.loss, second.relayed, second.bitRate, second.level], [30, 0.1, true, 4000, "poor"]);
});
