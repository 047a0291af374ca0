import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { Conversation } from "../../../src/salon/web/model/conversation.js";
import { openDatabase } from "../../../src/salon/web/model/database.js";
import { newAnswer, textOf } from "../../../src/salon/web/realtime/answers.js";
import { cutSound, fallSilent, hearUntil, heardLength, heardText, newSound, unheardText } from "../../../src/salon/web/realtime/heard.js";
import { judge } from "../../../src/salon/web/voice/sample.js";
import { SpokenSession } from "../../../src/salon/web/voice/spoken.js";

const WORDS = [
  { text: "Good", start_ms: 0, end_ms: 300, at: 0 },
  { text: "morning", start_ms: 300, end_ms: 800, at: 5 },
  { text: "Ada", start_ms: 1000, end_ms: 1400, at: 14 },
];
const message = (sound = newSound()) => ({ kind: "text", itemId: "item_1", text: "Good morning, Ada.", references: [], sound });

test("what was heard ends with the last word that was begun, and the silence behind it", () => {
  const part = message({ ...newSound(), words: WORDS });
  assert.equal(heardText(part), "");
  for (const [ms, text] of [[1, "Good"], [299, "Good"], [300, "Good morning"], [850, "Good morning,"], [1000, "Good morning, Ada"], [1400, "Good morning, Ada."]]) {
    part.sound.heard = ms;
    assert.equal(heardText(part), text, `${ms} ms`);
  }
  cutSound(part, 850);
  assert.equal(heardText(part), "Good morning,");
  assert.equal(heardLength({ ...message(), sound: undefined }), 18);
});

test("what nobody heard begins with a word and stands in one line", () => {
  const text = 'I can\n- count: "five"\n- tell the time';
  const words = [{ text: "I", start_ms: 0, end_ms: 100, at: 0 }, { text: "can", start_ms: 100, end_ms: 300, at: 2 }, { text: "count", start_ms: 400, end_ms: 600, at: 8 }, { text: "five", start_ms: 600, end_ms: 900, at: 16 }];
  const part = { ...message({ ...newSound(), words, heard: 800 }), text };
  assert.equal(unheardText(part), "");
  cutSound(part, 800);
  assert.equal(unheardText(part), "tell the time");
  cutSound(part, 350);
  assert.equal(unheardText(part), 'count: "five" tell the time');
  // Cut behind the last word: all of it was heard.
  part.text = text.slice(0, 21);
  cutSound(part, 890);
  assert.equal(unheardText(part), "");
});

test("the sound of an answer goes on from one message to the next", () => {
  const answer = newAnswer("answer_1");
  answer.parts.push(message({ ...newSound(), words: WORDS }), { ...message({ ...newSound(), words: WORDS }), itemId: "item_2" });
  assert.ok(hearUntil(answer, 1800));
  assert.deepEqual(answer.parts.map(heardText), ["Good morning, Ada.", "Good morning"]);
  assert.ok(!hearUntil(answer, 1700));
});

test("what was being spoken when the page went away is over, and what is being written goes on", () => {
  const heard = { ...newAnswer("answer_1"), status: "running", parts: [message({ ...newSound(), words: WORDS, heard: 400 })] };
  const begun = { ...newAnswer("answer_2"), status: "running" };
  const written = { ...newAnswer("answer_3"), status: "running" };
  const said = { kind: "question", id: "q", at: 0, text: "And", pictures: [], spoken: true, partial: true };
  fallSilent([heard, said, begun, { ...said, spoken: false, partial: undefined }, written]);
  assert.deepEqual([heard.status, begun.status, written.status, said.partial], ["cut", "cut", "running", false]);
  assert.equal(heardText(heard.parts[0]), "Good morning");
  assert.ok(heard.parts[0].sound.cut);
});

const settled = () => new Promise((resolve) => setImmediate(resolve));

/** What still waits for an answer would notice a dead line after 23 s, and Node waits for that. */
const calls = [];
afterEach(() => calls.splice(0).forEach((session) => session.over()));

/** A call without a sound. */
async function call(entries = [], welcome = "") {
  const sent = [];
  const done = [];
  const meta = { id: "conv_1", title: "", named: false, created: 0, updated: 0, model: "host", settings: { instructions: "", effort: "", search: null }, draft: "", server: null, deleted: 0, count: 0 };
  const conversation = new Conversation(await openDatabase(), meta, entries);
  const session = new SpokenSession(conversation, {
    send: (event) => (sent.push(event), true),
    wanted: () => ({ output_modalities: ["audio"] }),
    welcome: () => welcome,
    greets: () => true,
    picture: () => null,
    largest: () => 200_000,
    interrupt: () => done.push("interrupted"),
    stop: () => done.push("stopped"),
  });
  calls.push(session);
  const hear = (...events) => events.forEach((event) => session.heard(event));
  const created = async () => {
    hear({ type: "session.created", event_id: "e", session: { salon: { tts: "t" } } });
    await settled();
  };
  return { conversation, session, sent, done, hear, created, items: () => sent.filter(({ type }) => type === "conversation.item.create").map(({ item }) => item) };
}

const answered = (id, text, ...more) => [
  { type: "response.created", response: { id, conversation_id: "c", metadata: null } },
  { type: "response.output_item.added", response_id: id, item: { id: `item_${id}`, type: "message" } },
  { type: "response.output_audio_transcript.delta", response_id: id, item_id: `item_${id}`, delta: text },
  { type: "response.salon.words", response_id: id, item_id: `item_${id}`, words: WORDS },
  ...more,
];
const over = (id, status = "completed") => ({ type: "response.done", response: { id, status, output: [], salon: { waterfall: { vad: 5, total: 5 } } } });

test("a spoken turn is a question and an answer, as far as it was heard", async () => {
  const { conversation, session, hear, created } = await call();
  await created();
  hear(
    { type: "input_audio_buffer.speech_started", item_id: "item_q" },
    { type: "conversation.item.salon.partial", item_id: "item_q", transcript: "who" },
  );
  assert.deepEqual(conversation.entries.map(({ text, partial, spoken }) => [text, partial, spoken]), [["who", true, true]]);
  hear(
    { type: "input_audio_buffer.committed", item_id: "item_q" },
    { type: "conversation.item.input_audio_transcription.completed", item_id: "item_q", transcript: "Who are you?" },
    ...answered("r1", "Good morning, Ada."),
  );
  session.heardUntil("r1", 400);
  const [question, answer] = conversation.entries;
  assert.deepEqual([question.text, question.partial, conversation.meta.title], ["Who are you?", false, "Who are you?"]);
  assert.equal(textOf(answer), "Good morning");
  hear(over("r1"));
  session.quiet("r1");
  assert.deepEqual([textOf(answer), answer.status, answer.waterfall.total], ["Good morning, Ada.", "done", 5]);
});

test("what was interrupted is cut where the server says", async () => {
  const { conversation, session, hear, created } = await call();
  await created();
  hear(...answered("r1", "Good morning, Ada."), over("r1"));
  session.heardUntil("r1", 1390);
  hear({ type: "conversation.item.truncated", item_id: "item_r1", audio_end_ms: 500 });
  session.heardUntil("r1", 9000);
  session.quiet("r1");
  assert.deepEqual([textOf(conversation.entries[0]), conversation.entries[0].status], ["Good morning", "stopped"]);
});

test("a sound without words leaves nothing, and neither does an answer that said nothing", async () => {
  const { conversation, hear, created } = await call();
  await created();
  hear(
    { type: "input_audio_buffer.speech_started", item_id: "item_q" },
    { type: "response.created", response: { id: "r1", conversation_id: "c", metadata: null } },
    over("r1", "cancelled"),
    { type: "conversation.item.input_audio_transcription.completed", item_id: "item_q", transcript: "" },
  );
  assert.deepEqual(conversation.entries, []);
});

test("the welcome is said where nothing was said yet, and is not worth keeping alone", async () => {
  const { conversation, sent, hear, created } = await call([], "Hello!");
  await created();
  assert.deepEqual(sent.at(-1), { type: "response.create", response: { salon: { say: "Hello!" } } });
  hear(...answered("r1", "Hello!"), over("r1"));
  assert.equal(conversation.meta.count, 0);
  hear({ type: "conversation.item.input_audio_transcription.completed", item_id: "item_q", transcript: "Hi." });
  assert.equal(conversation.meta.count, 2);
});

test("another line is told all that was said, what was heard of it, and what was asked in writing", async () => {
  const written = { ...newAnswer("answer_0"), status: "done", parts: [{ kind: "text", itemId: "item_0", text: "Yes.", references: [] }] };
  const { conversation, session, sent, hear, created, items } = await call([{ kind: "question", id: "item_w", at: 0, text: "In writing?", pictures: [] }, written]);
  await created();
  assert.deepEqual(items().map(({ id, content }) => [id, content[0].text]), [["item_w", "In writing?"], ["answer_0", "Yes."]]);
  hear(...items().map((item) => ({ type: "conversation.item.added", item })), ...answered("r1", "Good morning, Ada."));
  session.heardUntil("r1", 500);
  sent.length = 0;
  session.lost();
  await created();
  assert.deepEqual(items().map(({ role, content }) => [role, content[0].text]), [["user", "In writing?"], ["assistant", "Yes."], ["assistant", "Good morning"]]);
  assert.equal(conversation.entries.at(-1).status, "cut");
  hear(...items().map((item) => ({ type: "conversation.item.added", item })));
  sent.length = 0;
  session.ask("And this?", []);
  await settled();
  assert.deepEqual(sent.map(({ type }) => type), ["conversation.item.create", "response.create"]);
  const [, asked] = sent;
  hear({ type: "response.created", response: { id: "r2", conversation_id: "c", metadata: asked.response.metadata } });
  assert.deepEqual([conversation.entries.length, conversation.entries.at(-1).responseId], [5, "r2"]);
});

test("what the browser spoke and was cut is told anew, as far as it was heard", async () => {
  const { session, sent, hear, created } = await call();
  await created();
  hear(...answered("r1", "Good morning, Ada."), over("r1"));
  sent.length = 0;
  session.rewrite("item_r1", 500);
  const [gone, anew] = sent;
  assert.deepEqual(gone, { type: "conversation.item.delete", item_id: "item_r1" });
  assert.deepEqual(anew.item.content, [{ type: "output_text", text: "Good morning" }]);
});

test("an answer is asked again without what came after it", async () => {
  const { conversation, session, sent, done, hear, created } = await call();
  await created();
  hear({ type: "conversation.item.input_audio_transcription.completed", item_id: "item_q", transcript: "Hi." }, { type: "conversation.item.added", item: { id: "item_q" } });
  hear(...answered("r1", "Good morning, Ada."), { type: "conversation.item.added", item: { id: "item_r1", type: "message" } }, over("r1"));
  sent.length = 0;
  session.retry(1);
  assert.deepEqual(done, ["interrupted"]);
  assert.deepEqual(sent.map(({ type, item_id: id }) => [type, id]), [["conversation.item.delete", "item_r1"], ["response.create", undefined]]);
  assert.equal(conversation.entries.length, 2);
});

test("a recording is judged by how loud it is", () => {
  const tone = (height) => Int16Array.from({ length: 4800 }, (_, index) => Math.max(-32768, Math.min(32767, Math.round(height * 32767 * Math.sin(index / 5)))));
  assert.deepEqual([0, 0.001, 0.01, 0.3, 3].map((height) => judge(tone(height))), ["silent", "silent", "quiet", "good", "loud"]);
});
