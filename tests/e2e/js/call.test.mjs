import assert from "node:assert/strict";
import { test } from "node:test";

globalThis.document = { documentElement: { lang: "en" } };
delete globalThis.BroadcastChannel;
Object.defineProperty(globalThis, "navigator", { value: { onLine: true }, configurable: true });
const { Voice } = await import("../../../src/salon/web/voice/voice.js");

/** A call in which somebody listens, over a line that only notes what it is told. */
function call(settings = {}, server = {}) {
  const sent = [];
  const voice = new Voice({}, { voice: "", eagerness: "auto", pushToTalk: false, way: "auto", speech: "server", language: "", ...settings });
  const line = { send: (event) => sent.push(event.type), talk: (on, meant) => sent.push(on || !meant ? "clear" : "commit"), listen() {}, interrupt() {}, close() {} };
  Object.assign(voice, { line, server, state: "listening", session: { heard() {}, over() {} }, conversation: { id: "conv_1" } });
  voice.surroundings.over = () => {};
  return { voice, sent };
}

test("a button that is let go of at once says nothing; one that was held is answered when the server has the turn", ({ mock }) => {
  const { voice, sent } = call({ pushToTalk: true });
  let now = 0;
  mock.method(performance, "now", () => now);
  voice.press();
  now += 100;
  voice.release();
  assert.deepEqual([sent.splice(0), voice.state], [["clear", "clear"], "listening"]);
  voice.press();
  now += 300;
  voice.release();
  assert.deepEqual([sent.splice(0), voice.state], [["clear", "commit"], "thinking"]);
  voice.hear({ type: "input_audio_buffer.committed", item_id: "item_1" });
  voice.hear({ type: "input_audio_buffer.committed", item_id: "item_2" });
  assert.deepEqual(sent.splice(0), ["response.create"]);
});

test("a turn that the server finds empty is no error, and is not answered", ({ mock }) => {
  const { voice, sent } = call({ pushToTalk: true });
  let now = 0;
  mock.method(performance, "now", () => now);
  const told = [];
  voice.session.heard = (event) => told.push(event);
  voice.press();
  now += 300;
  voice.release();
  voice.hear({ type: "error", error: { code: "input_audio_buffer_commit_empty" } });
  voice.hear({ type: "input_audio_buffer.committed", item_id: "item_1" });
  assert.deepEqual([told.length, sent.includes("response.create")], [1, false]);
  const other = call();
  other.voice.session.heard = (event) => told.push(event);
  other.voice.hear({ type: "error", error: { code: "rate_limit" } });
  assert.equal(told.length, 2);
});

test("a recogniser is told the page's language where it has to be, and the chosen one always", () => {
  const told = (settings, server) => call(settings, server).voice.wanted().audio.input.transcription;
  assert.deepEqual(told({}, { asr_detects: true }), {});
  assert.deepEqual(told({}, { asr_detects: false }), { language: "en" });
  assert.deepEqual(told({ language: "zh" }, { asr_detects: false }), { language: "zh" });
  assert.deepEqual(told({ language: "zh" }, { asr_detects: true }), { language: "zh" });
});

test("only a voice that the server has is asked for", () => {
  const output = (voice) => call({ voice }, { voices: ["cmn"] }).voice.wanted().audio.output;
  assert.deepEqual([output("cmn"), output("nova"), output("")], [{ voice: "cmn" }, undefined, undefined]);
});

test("what does not get through is not heard", ({ mock }) => {
  const { voice } = call();
  let now = 1000;
  mock.method(performance, "now", () => now);
  voice.clock.start();
  now += 500;
  voice.shake(true);
  now += 4000;
  assert.equal(voice.clock.ms, 500);
  voice.shake(false);
  now += 100;
  assert.equal(voice.clock.ms, 600);
});

test("a call that begins in another tab ends this one, whose words are kept there", () => {
  const { voice } = call();
  voice.yield("conv_1");
  assert.deepEqual([voice.state, voice.taken, voice.conversation.away], ["idle", true, true]);
  const other = call();
  other.voice.yield("conv_2");
  assert.deepEqual([other.voice.state, other.voice.conversation.away], ["idle", undefined]);
  const idle = call();
  idle.voice.state = "idle";
  idle.voice.yield("conv_1");
  assert.equal(idle.voice.taken, false);
});

test("where there is no network it says so, whichever stage failed, but that of the microphone", () => {
  const failed = (onLine, stage) => {
    navigator.onLine = onLine;
    const { voice } = call();
    voice.fail(stage, "late");
    return [voice.failure.stage, voice.failure.reason];
  };
  assert.deepEqual([failed(true, "media"), failed(false, "media"), failed(false, "microphone")], [["media", "late"], ["request", "offline"], ["microphone", "late"]]);
});
