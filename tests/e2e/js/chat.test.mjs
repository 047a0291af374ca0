import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { MOST, Attached } from "../../../src/salon/web/chat/attached.js";
import { Account, isRoomName, roomNamed } from "../../../src/salon/web/chat/account.js";
import { mentions, pictureUrl, readEntry } from "../../../src/salon/web/chat/entries.js";
import { ChatRoom } from "../../../src/salon/web/chat/room.js";
import { Timeline } from "../../../src/salon/web/chat/timeline.js";
import { Unsent } from "../../../src/salon/web/chat/unsent.js";
import { RoomsClient } from "../../../src/salon/web/rooms/client.js";
import { Server } from "./rooms_server.mjs";

const said = (offset, user, data) => ({ offset, data, info: { user, client: `c-${user}` }, time: offset * 1000 });

const LOG = [
  said(1, "ada", { type: "message", id: "a", text: "one", name: "Ada" }),
  said(2, "bob", { type: "message", id: "b", text: "two", name: "Bob", reply_to: "a" }),
  said(3, "bob", { type: "react", id: "a", emoji: "👍", on: true }),
  said(4, "ada", { type: "edit", id: "a", text: "one, better" }),
  said(5, "bob", { type: "edit", id: "a", text: "stolen" }),
  said(6, "bob", { type: "delete", id: "a" }),
  said(7, "cy", { type: "message", id: "a", text: "in disguise", name: "Ada" }),
  said(8, "bob", { type: "react", id: "a", emoji: "👍", on: false }),
  said(9, "cy", { type: "react", id: "a", emoji: "🎉" }),
  said(10, "ada", { type: "edit", id: "a", text: "one, best" }),
  said(11, "bob", { type: "delete", id: "b" }),
  said(12, "salon", { type: "message", id: "g", text: "", name: "Salon", growing: true }),
  said(13, "salon", { type: "edit", id: "g", text: "grown", end: "done" }),
];

const shown = (timeline) =>
  timeline.messages.map(({ id, user, text, edited, deleted, growing, end, reactions, replyTo }) => ({
    id, user, text, edited, deleted, growing, end, replyTo, reactions: [...reactions].map(([emoji, users]) => [emoji, [...users]]),
  }));

const EXPECTED = [
  { id: "a", user: "ada", text: "one, best", edited: true, deleted: false, growing: false, end: "", replyTo: "", reactions: [["🎉", ["cy"]]] },
  { id: "b", user: "bob", text: "", edited: false, deleted: true, growing: false, end: "", replyTo: "a", reactions: [] },
  { id: "g", user: "salon", text: "grown", edited: false, deleted: false, growing: false, end: "done", replyTo: "", reactions: [] },
];

test("a log read in any order, and more than once, gives the same", () => {
  let state = 7;
  const roll = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  for (let round = 0; round < 200; round += 1) {
    const order = [...LOG, ...LOG.filter(() => roll() < 0.3)].map((entry) => [roll(), entry]).sort(([a], [b]) => a - b);
    const timeline = new Timeline();
    for (const [, entry] of order) timeline.apply(entry);
    assert.deepEqual(shown(timeline), EXPECTED);
    assert.deepEqual([timeline.first, timeline.last], [1, 13]);
  }
});

test("what is on its way becomes what is there, once", () => {
  const timeline = new Timeline();
  timeline.expect({ id: "m", user: "ada", name: "Ada", text: "hello" });
  assert.deepEqual(timeline.all.map(({ offset }) => offset), [0]);
  // Somebody else's message of that name takes nothing away.
  assert.equal(timeline.apply(said(4, "bob", { type: "message", id: "m", text: "mine now" })), "");
  assert.equal(timeline.apply(said(5, "ada", { type: "message", id: "m", text: "hello", name: "Ada" })), "m");
  assert.deepEqual(timeline.all.map(({ offset, text }) => [offset, text]), [[5, "hello"]]);
  timeline.expect({ id: "n", user: "ada", text: "again" });
  timeline.clear();
  assert.deepEqual(timeline.all.map(({ id }) => id), ["n"]);
  timeline.withdraw("n");
  assert.deepEqual(timeline.all, []);
});

test("of what strangers write, only what has the right shape is believed", () => {
  for (const data of [null, 5, "text", [], {}, { type: "message" }, { type: "message", id: 5 }, { type: "react", id: "a" }, { type: "other", id: "a" }]) {
    assert.equal(readEntry(data), null);
  }
  const long = readEntry({ type: "message", id: "a", text: "x".repeat(99_999), name: {}, pictures: [{ offset: "1" }, { offset: 2, width: -5 }], mentions: [1, "bob"], growing: "yes" });
  assert.equal(long.text.length, 20_000);
  assert.deepEqual([long.name, long.mentions, long.growing], ["", ["bob"], false]);
  assert.deepEqual(long.pictures, [{ offset: 2, epoch: "", name: "", width: 0, height: 0 }]);
  assert.equal(readEntry({ type: "notice", id: "a", stars: 9 }).stars, 0);
});

test("only pictures made of pixels are shown", () => {
  assert.equal(pictureUrl({ type: "picture", url: "data:image/png;base64,AAAA" }), "data:image/png;base64,AAAA");
  for (const url of ["data:image/svg+xml;base64,AAAA", "https://example.com/a.png", "javascript:1", "data:image/png;base64,AA\" onerror=", 5, undefined]) {
    assert.equal(pictureUrl({ type: "picture", url }), "");
  }
});

test("a name counts as called where it stands by itself", () => {
  assert.ok(mentions("ask @Ada, please", "Ada"));
  assert.ok(mentions("@ada", "Ada"));
  assert.ok(mentions("请问@小明，", "小明"));
  for (const words of ["Ada", "mail@Ada", "@Adam", "@Ada-Lovelace"]) assert.ok(!mentions(words, "Ada"), words);
  assert.ok(!mentions("@", ""));
  assert.ok(mentions("@a.b*c", "a.b*c"));
});

test("rooms have names that the server takes, and the nearest is found", () => {
  assert.equal(roomNamed("  My room / 2! "), "My-room-2");
  assert.equal(roomNamed("大厅"), "大厅");
  assert.equal(roomNamed("///"), "");
  assert.ok(isRoomName("大厅") && !isRoomName("a/b") && !isRoomName("") && !isRoomName(5));
});

test("an account survives a browser that keeps nothing, and one that kept nonsense", () => {
  const storage = (content) => ({ getItem: () => content, setItem() { throw new Error("full"); } });
  for (const content of [null, "nonsense", "[]", '{"rooms":5}', '{"rooms":[null,{"name":"a/b"},{"name":"ok","read":{"offset":"x"}}],"name":7}']) {
    const account = new Account(storage(content), null);
    assert.match(account.user, /^user_/);
    assert.match(account.device, /^device_/);
    assert.equal(account.name, "");
    assert.ok(account.rooms.every(({ name }) => name === "ok"));
  }
});

test("what is unsent is kept in order until it is sent, and rubbish is passed over", () => {
  const items = new Map();
  const storage = { getItem: (name) => items.get(name) ?? null, setItem: (name, value) => items.set(name, value), removeItem: (name) => items.delete(name) };
  const item = (key, user = "ada", room = "tea") => ({ user, room, key, data: { type: "message", id: key, text: key }, time: 1 });
  const unsent = new Unsent(storage);
  for (const each of [item("a"), item("b"), item("c", "bob"), item("d", "ada", "milk"), item("a")]) unsent.keep(each);
  assert.deepEqual(new Unsent(storage).of("ada", "tea").map(({ key }) => key), ["b", "a"]);
  unsent.drop("b");
  assert.deepEqual(unsent.of("ada", "tea"), [item("a")]);
  for (const key of ["a", "c", "d", "never"]) unsent.drop(key);
  assert.equal(items.size, 0);
  for (const rubbish of ["{", "{}", '[1, {"user": "ada", "room": "tea", "key": "k"}]']) {
    items.set("salon.chat.unsent", rubbish);
    assert.deepEqual(unsent.of("ada", "tea"), []);
  }
  assert.deepEqual(new Unsent(null).of("ada", "tea"), []);
  new Unsent({ ...storage, setItem: () => assert.fail("full") }).keep(item("a"));
});

mock.timers.enable({ apis: ["setTimeout"] });
const immediate = setImmediate;
async function pass(milliseconds = 0) {
  for (let left = milliseconds; left >= 0; left -= 100) {
    for (let n = 0; n < 4; n += 1) await new Promise((resolve) => immediate(resolve));
    mock.timers.tick(100);
  }
}

const memory = () => {
  const items = new Map();
  return { getItem: (name) => items.get(name) ?? null, setItem: (name, value) => items.set(name, value), removeItem: (name) => items.delete(name) };
};

/** A page with the room open: what it keeps may be that of an earlier page. */
function pageOf(server, kept) {
  const client = new RoomsClient({ url: "ws://here", open: server.open, data: () => ({ user: "ada" }) });
  const room = new ChatRoom(client, "tea", { me: () => ({ user: "ada", name: "Ada" }), ...kept });
  return { client, room };
}

const picture = (url = "data:image/png;base64,AAAA") => ({ url, name: "dot.png", width: 5, height: 5 });
const messagesOf = (server) => server.log("tea/chat").map(({ data }) => data);

test("a message with pictures that was written without a connection is sent by the next page, once", async () => {
  const server = new Server();
  const kept = { unsent: new Unsent(memory()), attached: new Attached(null) };
  const first = pageOf(server, kept);
  void first.room.say("look", { attached: [picture(), picture("data:image/png;base64,BBBB")], mentions: ["bob"] });
  await pass();
  assert.deepEqual(first.room.timeline.pending.map(({ text, attached }) => [text, attached.length]), [["look", 2]]);
  assert.equal(kept.unsent.of("ada", "tea").length, 1);
  // This page is gone. The next one is cut after every picture, behind the server's back and before its answer.
  const next = pageOf(server, kept);
  let cuts = 3;
  server.after = () => server.log("tea/pictures").length > 0 && cuts-- > 0;
  next.client.connect();
  await pass(60_000);
  const [id] = messagesOf(server).map((message) => message.id);
  assert.deepEqual(messagesOf(server), [
    {
      type: "message", id, text: "look", name: "Ada", mentions: ["bob"],
      pictures: [1, 2].map((offset) => ({ offset, epoch: "e1", name: "dot.png", width: 5, height: 5 })),
    },
  ]);
  assert.deepEqual(server.log("tea/pictures").map(({ data }) => data.url), ["data:image/png;base64,AAAA", "data:image/png;base64,BBBB"]);
  assert.deepEqual(next.room.timeline.all.map(({ offset, attached }) => [offset, attached.length]), [[1, 0]]);
  assert.deepEqual([kept.unsent.of("ada", "tea"), kept.attached.here.size], [[], 0]);
});

test("it is taken back with all its pictures, or sent again when the server refused one", async () => {
  const server = new Server();
  const kept = { unsent: new Unsent(memory()), attached: new Attached(null) };
  const { client, room } = pageOf(server, kept);
  void room.say("not this", { attached: [picture()] });
  await pass();
  room.remove(room.timeline.pending[0]);
  void room.say("but this", { attached: [picture()] }).catch(() => {});
  const heard = server.heard.bind(server);
  server.heard = (socket, command) => {
    if (command.rpc?.data.channel !== "tea/pictures") return heard(socket, command);
    socket.say({ id: command.id, error: { code: 103, message: "no" } });
  };
  client.connect();
  await pass(2_000);
  assert.deepEqual(messagesOf(server), []);
  assert.deepEqual(room.timeline.pending.map(({ text, trouble }) => [text, trouble]), [["but this", "refused"]]);
  assert.deepEqual([kept.unsent.of("ada", "tea"), kept.attached.here.size, client.outgoing.size], [[], 0, 0]);
  server.heard = heard;
  const [failed] = room.timeline.pending;
  room.remove(failed);
  void room.say(failed.text, { attached: failed.attached });
  await pass(1_000);
  assert.deepEqual(messagesOf(server).map(({ text, pictures }) => [text, pictures.length]), [["but this", 1]]);
});

test("pictures that are not kept any longer are told, and the words can go without them", async () => {
  const server = new Server();
  const storage = memory();
  const first = pageOf(server, { unsent: new Unsent(storage), attached: new Attached(null) });
  void first.room.say("look", { attached: [picture()] });
  await pass();
  const next = pageOf(server, { unsent: new Unsent(storage), attached: new Attached(null) });
  next.client.connect();
  await pass(1_000);
  assert.deepEqual(next.room.timeline.pending.map(({ text, trouble }) => [text, trouble]), [["look", "pictures"]]);
  assert.deepEqual(messagesOf(server), []);
});

test("as many pictures wait as are allowed, and no more", async () => {
  const attached = new Attached(null);
  const large = picture("x".repeat(MOST / 2));
  assert.equal(await attached.keep("a", [large]), false, "this browser keeps nothing");
  assert.ok(attached.fits([large]));
  await attached.keep("b", [large]);
  assert.ok(!attached.fits([picture()]));
  assert.ok(attached.fits([]));
  await attached.drop("a");
  assert.ok(attached.fits([picture()]));
});
