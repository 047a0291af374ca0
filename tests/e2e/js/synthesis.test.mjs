import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { Synthesis } from "../../../src/salon/web/voice/synthesis.js";

const VOICES = [
  { voiceURI: "ann", lang: "en-US" },
  { voiceURI: "tingting", lang: "zh_CN" },
];

afterEach(() => {
  delete globalThis.speechSynthesis;
  delete globalThis.SpeechSynthesisUtterance;
});

/** What the browser is given to say, and by whom. */
function said(chosen, text) {
  const given = [];
  globalThis.SpeechSynthesisUtterance = class {
    constructor(words) {
      this.text = words;
    }
  };
  globalThis.speechSynthesis = { getVoices: () => VOICES, speak: (utterance) => given.push(utterance), cancel() {} };
  const synthesis = new Synthesis(() => chosen);
  synthesis.more("item", text);
  synthesis.end();
  return given.map(({ text: words, lang, voice }) => [words.trim(), lang, voice?.voiceURI ?? ""]);
}

test("the chosen voice speaks its own language, and the browser finds one for the other", () => {
  const text = "Good morning. 早上好。";
  assert.deepEqual(said("ann", text), [["Good morning.", "en-US", "ann"], ["早上好。", "zh-CN", ""]]);
  assert.deepEqual(said("tingting", text), [["Good morning.", "en-US", ""], ["早上好。", "zh-CN", "tingting"]]);
  assert.deepEqual(said("", text).map(([, , voice]) => voice), ["", ""]);
});
