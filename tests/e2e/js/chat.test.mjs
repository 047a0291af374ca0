import assert from "node:assert/strict";
import { test } from "node:test";
import { Account, isRoomName, roomNamed } from "../../../src/salon/web/chat/account.js";
import { mentions, pictureUrl, readEntry } from "../../../src/salon/web/chat/entries.js";
import { Timeline } from "../../../src/salon/web/chat/timeline.js";
import { Unsent } from "../../../src/salon/web/chat/unsent.js";

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
