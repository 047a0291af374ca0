import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";
import { RoomsClient } from "../../../src/salon/web/rooms/client.js";
import { Mirror } from "../../../src/salon/web/rooms/mirror.js";
import { MOST_WAITING } from "../../../src/salon/web/rooms/outgoing.js";
import { comesBack, parse, roomsUrl, verdict } from "../../../src/salon/web/rooms/protocol.js";
import { Subscription } from "../../../src/salon/web/rooms/subscription.js";
import { RoomsRecorder } from "../../../src/salon/web/rooms/trace.js";
import { Server } from "./rooms_server.mjs";

mock.timers.enable({ apis: ["setTimeout"] });
const immediate = setImmediate;
const settled = () => new Promise((resolve) => immediate(resolve));

async function pass(milliseconds) {
  for (let left = milliseconds; left > 0; left -= 100) {
    await settled();
    mock.timers.tick(100);
  }
  await settled();
}

let server;
beforeEach(() => {
  server = new Server();
});

function clientOf(user, options = {}) {
  return new RoomsClient({ url: "ws://here/connection/websocket", open: server.open, data: () => ({ user }), ...options });
}

async function connected(user, options) {
  const client = clientOf(user, options);
  client.connect();
  await settled();
  assert.equal(client.state, "open");
  return client;
}

function dice(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

test("a message goes from one to the other, with its author", async () => {
  const ada = await connected("ada");
  const bob = clientOf("bob");
  const heard = [];
  bob.subscribe("lobby/chat").on("publication", (pub) => heard.push(pub));
  bob.connect();
  await settled();
  const kept = await ada.deliver("lobby/chat", { text: "hello" }, "k1");
  await settled();
  assert.deepEqual(kept, { offset: 1, epoch: "e1" });
  assert.deepEqual(heard, [{ data: { text: "hello" }, offset: 1, info: { user: "ada", client: "ada" } }]);
  assert.equal(ada.client, "c-ada");
});

for (const seed of Array.from({ length: 60 }, (_, index) => index + 1)) {
  test(`nothing is lost or doubled on a bad line (${seed})`, async () => {
    const roll = dice(seed);
    mock.method(Math, "random", roll);
    const [ada, bob] = [clientOf("ada"), clientOf("bob")];
    const heard = [];
    const gaps = [];
    const chat = bob.subscribe("lobby/chat");
    chat.on("publication", ({ data }) => heard.push(data));
    chat.on("subscribed", ({ gap }) => gap && gaps.push(gap));
    ada.connect();
    bob.connect();
    await settled();
    server.before = () => roll() < 0.12;
    server.after = () => roll() < 0.12;
    server.twice = () => roll() < 0.2;
    for (let n = 0; n < 60; n += 1) {
      ada.deliver("lobby/chat", n, `k${n}`).catch(assert.fail);
      if (roll() < 0.1) server.cut();
      if (roll() < 0.5) await pass(100);
    }
    server.before = server.after = server.twice = () => false;
    await pass(60_000);
    const log = server.log("lobby/chat").map(({ data }) => data);
    assert.deepEqual([...log].sort((a, b) => a - b), Array.from({ length: 60 }, (_, n) => n));
    assert.deepEqual(heard, log);
    assert.deepEqual(gaps, []);
    assert.equal(ada.outgoing.size, 0);
  });
}

test("what the server no longer has is told as a gap, and the log goes on behind it", async () => {
  const bob = clientOf("bob");
  const heard = [];
  const told = [];
  const chat = bob.subscribe("lobby/chat");
  chat.on("publication", ({ data }) => heard.push(data));
  chat.on("subscribed", ({ gap, offset }) => told.push([gap, offset]));
  bob.connect();
  await settled();
  server.add("lobby/chat", "a");
  await settled();
  server.cut();
  for (const data of ["b", "c", "d"]) server.add("lobby/chat", data);
  server.log("lobby/chat").splice(0, 2);
  await pass(1000);
  server.add("lobby/chat", "e");
  await settled();
  assert.deepEqual(heard, ["a", "e"]);
  assert.deepEqual(told, [[false, 0], [true, 4]]);
});

test("another epoch is a gap too", async () => {
  const bob = clientOf("bob");
  const told = [];
  bob.subscribe("lobby/chat").on("subscribed", ({ gap, epoch }) => told.push([gap, epoch]));
  bob.connect();
  await settled();
  server.epoch = "e2";
  server.cut();
  await pass(1000);
  assert.deepEqual(told, [[false, "e1"], [true, "e2"]]);
});

test("a reader that says what it has is given what came later", async () => {
  for (const data of ["a", "b", "c"]) server.add("lobby/chat", data);
  const bob = clientOf("bob");
  const heard = [];
  bob.subscribe("lobby/chat", { since: { offset: 1, epoch: "e1" } }).on("publication", ({ data }) => heard.push(data));
  bob.connect();
  await settled();
  assert.deepEqual(heard, ["b", "c"]);
});

test("a server that asks to subscribe again is obeyed; one that ends a subscription is believed", async () => {
  const bob = await connected("bob");
  const chat = bob.subscribe("lobby/chat");
  const ended = [];
  chat.on("ended", (why) => ended.push(why));
  await settled();
  const [socket] = server.sockets;
  socket.push({ channel: "lobby/chat", unsubscribe: { code: 2500, reason: "insufficient state" } });
  await settled();
  assert.equal(chat.state, "subscribed");
  assert.equal(socket.said.filter((text) => text.includes('"subscribe"')).length, 2);
  socket.push({ channel: "lobby/chat", unsubscribe: { code: 2000, reason: "kicked" } });
  await settled();
  assert.deepEqual(ended, [{ code: 2000, reason: "kicked" }]);
  server.cut();
  await pass(1000);
  assert.equal(chat.state, "ended");
});

test("a refusal is for the one who asked; being asked to slow down is not one", async () => {
  const ada = await connected("ada");
  await assert.rejects(ada.deliver("lobby/chat", { forbidden: true }, "k"), { code: 103, temporary: false });
  server.busy = 2;
  const kept = ada.deliver("lobby/chat", "patient", "k2");
  await pass(3000);
  assert.equal((await kept).offset, 1);
});

test("what waits is bounded", async () => {
  const ada = clientOf("ada");
  const all = Array.from({ length: MOST_WAITING }, (_, n) => ada.deliver("lobby/chat", n, `k${n}`));
  await assert.rejects(ada.deliver("lobby/chat", "more", "k"), { code: 2 });
  ada.connect();
  await settled();
  await Promise.all(all);
  assert.equal(server.log("lobby/chat").length, MOST_WAITING);
});

test("a connection that is open in name only is given up, and so is a command without an answer", async () => {
  const bob = await connected("bob");
  const [first] = server.sockets;
  first.deaf = true;
  await pass(36_000);
  assert.equal(first.readyState, 3);
  assert.equal(bob.state, "open");
  const [second] = server.sockets;
  second.deaf = true;
  const asked = assert.rejects(bob.history("lobby/chat"), { code: 1, temporary: true });
  await pass(13_000);
  await asked;
  assert.equal(bob.state, "open");
});

test("the server's pulse is answered", async () => {
  await connected("bob");
  const [socket] = server.sockets;
  socket.say({});
  await settled();
  assert.equal(socket.said.at(-1), "{}");
});

test("close codes say whether to come back", async () => {
  for (const [code, state] of [[3001, "waiting"], [3008, "waiting"], [1006, "waiting"], [3500, "unauthorized"], [3503, "refused"], [4500, "taken"], [1009, "refused"]]) {
    const bob = await connected("bob");
    server.cut(code);
    await settled();
    assert.equal(bob.state, state, `after ${code}`);
    bob.disconnect();
  }
  assert.deepEqual([2000, 2499, 2500, 2501].map(comesBack), [false, false, true, true]);
  assert.equal(verdict(4000), "again");
});

test("somebody without a right is told, and may come with another token", async () => {
  server.refusals = [{ code: 101, message: "unauthorized" }];
  let token = "old";
  const bob = clientOf("bob", { token: () => token });
  bob.connect();
  await settled();
  assert.equal(bob.state, "unauthorized");
  token = "new";
  bob.connect();
  await settled();
  assert.equal(bob.state, "open");
  assert.deepEqual(server.connects.map(({ token: shown }) => shown), ["old", "new"]);
});

test("a token that is about to end is replaced; one that has ended is asked for anew", async () => {
  server.ttl = 100;
  server.pingSeconds = 0;
  let number = 0;
  server.refusals = [{ code: 109, message: "expired" }];
  const bob = clientOf("bob", { token: async () => `t${(number += 1)}` });
  bob.connect();
  await pass(1000);
  assert.equal(bob.state, "open");
  assert.equal(server.connects.at(-1).token, "t2");
  await pass(90_000);
  assert.equal(server.refreshed, "t3");
});

test("a token that cannot be had is asked for again", async () => {
  let down = true;
  const bob = clientOf("bob", { token: async () => (down ? Promise.reject(new Error("down")) : "t") });
  bob.connect();
  await settled();
  assert.equal(bob.state, "waiting");
  down = false;
  await pass(1000);
  assert.equal(bob.state, "open");
});

test("leaving is final, and undone by connecting", async () => {
  const bob = await connected("bob");
  const chat = bob.subscribe("lobby/chat");
  await settled();
  bob.disconnect();
  await pass(30_000);
  assert.equal(bob.state, "idle");
  assert.equal(server.sockets.size, 0);
  await assert.rejects(bob.publish("lobby/chat", 1), { code: 1 });
  bob.connect();
  await settled();
  assert.equal(chat.state, "subscribed");
});

test("a state follows its server over snapshots, patches, repetitions and a new life", () => {
  const subscription = new Subscription("arena/state", { state: true });
  const mirror = new Mirror(subscription);
  const changes = [];
  mirror.on("changed", (keys) => changes.push(keys && [...keys].sort()));
  const snapshot = { type: "snapshot", version: 3, epoch: "a", entries: { x: 1, y: 2 }, time: 5 };
  subscription.accept({ recoverable: true, epoch: "a", offset: 3, publications: [{ data: snapshot, offset: 3 }] });
  const patch = { type: "patch", base: 3, version: 5, epoch: "a", set: { x: 7, z: 1 }, removed: ["y"], acks: { c: 4 }, time: 9 };
  subscription.push({ pub: { data: patch, offset: 5 } });
  subscription.push({ pub: { data: patch, offset: 5 } });
  assert.deepEqual([...mirror.entries], [["x", 7], ["z", 1]]);
  assert.deepEqual(changes, [null, ["x", "y", "z"]]);
  assert.deepEqual([mirror.version, mirror.time, mirror.acks], [5, 9, { c: 4 }]);
  assert.deepEqual(subscription.request(), { channel: "arena/state", recover: true, offset: 5, epoch: "a" });
  subscription.push({ pub: { data: { type: "snapshot", version: 1, epoch: "b", entries: { q: 1 } }, offset: 1 } });
  assert.deepEqual([...mirror.entries], [["q", 1]]);
  assert.deepEqual(subscription.request(), { channel: "arena/state", recover: true, offset: 1, epoch: "b" });
});

test("lines that are not of the protocol are left out", () => {
  assert.deepEqual(parse('{"id":1}\n\nnonsense\n[1]\n"x"\n{}'), [{ id: 1 }, {}]);
  assert.equal(roomsUrl("https://h/salon/?a#b"), "wss://h/salon/connection/websocket");
});

test("the recorder names commands, answers and pushes, counts repetitions and hides tokens", () => {
  const recorder = new RoomsRecorder();
  const connection = recorder.opening("ws://h/connection/websocket", []);
  recorder.sent(connection, '{"id":1,"connect":{"token":"secret"}}');
  recorder.received(connection, '{"id":1,"connect":{"client":"c"}}\n{"push":{"channel":"r/chat","pub":{"data":1}}}');
  recorder.received(connection, '{"push":{"channel":"r/chat","pub":{"data":2}}}');
  recorder.sent(connection, '{"id":2,"rpc":{"method":"publish","data":{}}}');
  recorder.received(connection, '{"id":2,"error":{"code":103,"message":"no"}}');
  recorder.received(connection, "{}");
  recorder.sent(connection, "{}");
  assert.deepEqual(
    recorder.rows.slice(1).map(({ type, count, bad }) => [type, count, bad]),
    [["connect", 1, false], ["ok connect", 1, false], ["push.pub r/chat", 2, false], ["rpc publish", 1, false], ["error 103 rpc publish", 1, true], ["ping", 1, false], ["pong", 1, false]],
  );
  assert.ok(!JSON.stringify(recorder.rows).includes("secret"));
});

test("a big message over a slow uplink is waited for, and so is what stands behind it", async () => {
  const ada = await connected("ada");
  const [socket] = server.sockets;
  const heard = server.heard.bind(server);
  const waiting = [];
  server.heard = (from, command) => waiting.push(command);
  const picture = ada.deliver("lobby/pictures", { url: "x".repeat(600_000) }, "k1");
  const words = ada.deliver("lobby/chat", "words", "k2");
  for (let n = 0; n < 3; n += 1) {
    await pass(20_000);
    socket.say({}); // The server is there.
  }
  assert.equal(ada.state, "open");
  assert.deepEqual(waiting.map(({ rpc }) => rpc?.data.channel).filter(Boolean), ["lobby/pictures", "lobby/chat"], "sent once");
  server.heard = heard;
  for (const command of waiting) server.heard(socket, command);
  assert.equal((await picture).offset, 1);
  assert.equal((await words).offset, 1);
});

test("a short one is not waited for as long", async () => {
  const ada = await connected("ada");
  server.heard = () => {};
  ada.deliver("lobby/chat", "words", "k1").catch(() => {});
  await pass(13_000);
  assert.notEqual(ada.state, "open");
});
