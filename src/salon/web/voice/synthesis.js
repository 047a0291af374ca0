/** The browser's own voices: says an answer sentence by sentence while it is still being written, and tells each word as it is spoken. */

import { Emitter } from "../emitter.js";

const SENTENCE = /[^。！？；!?;\n]*?(?:[。！？；\n]+|[.!?;]+(?=\s))/gy;
/** What Markdown is written with is not read out; the places of the words stay the same. */
const MARKS = /[*_#`~>|]|\]\([^)]*\)|\[/g;
const CHINESE = /[\u3400-\u9fff]/;

export function canSpeak() {
  return "speechSynthesis" in globalThis && "SpeechSynthesisUtterance" in globalThis;
}

/** Its names, once the browser knows them. @returns {SpeechSynthesisVoice[]} */
export function browserVoices() {
  return canSpeak() ? speechSynthesis.getVoices() : [];
}

/** The chosen voice where it speaks the language of the text; a voice for another language would be unintelligible. @param {string} language @param {string} chosen */
function voiceFor(language, chosen) {
  const [spoken] = language.split("-");
  return browserVoices().find(({ voiceURI, lang }) => voiceURI === chosen && lang.split(/[-_]/)[0].toLowerCase() === spoken) ?? null;
}

/**
 * `words`: spoken now, with their place in the text and the time since the message began. `heard`: so many milliseconds of it.
 * `began`: it can be heard; `idle`: all is said.
 * @extends {Emitter<{ began: null, words: { item: string, words: import("../model/types.js").Word[] }, heard: { item: string, ms: number }, idle: null }>}
 */
export class Synthesis extends Emitter {
  /** @param {() => string} voice its `voiceURI`; empty is the browser's choice */
  constructor(voice) {
    super();
    this.voice = voice;
    this.item = "";
    this.text = "";
    /** How much of the text was given to the browser. */
    this.given = 0;
    this.waiting = 0;
    this.whole = true;
    this.beganAt = 0;
    this.run = 0;
  }

  get speaking() {
    return this.waiting > 0;
  }

  /** What is being said now, to be known again where the microphone hears it. */
  get ours() {
    return this.text;
  }

  get elapsed() {
    return this.beganAt ? Math.round(performance.now() - this.beganAt) : 0;
  }

  /** More of a message. @param {string} item @param {string} text */
  more(item, text) {
    if (item !== this.item) Object.assign(this, { item, text: "", given: 0, beganAt: 0 });
    this.whole = false;
    this.text += text;
    SENTENCE.lastIndex = this.given;
    for (let match = SENTENCE.exec(this.text); match; match = SENTENCE.exec(this.text)) this.give(match[0]);
  }

  /** The answer is written to its end. */
  end() {
    this.whole = true;
    const rest = this.text.slice(this.given);
    if (rest) this.give(rest);
    this.quiet();
  }

  /** @param {string} sentence */
  give(sentence) {
    const at = this.given;
    this.given += sentence.length;
    const spoken = sentence.replace(MARKS, (marks) => " ".repeat(marks.length));
    if (!spoken.trim()) return;
    const { run, item } = this;
    const utterance = new SpeechSynthesisUtterance(spoken);
    utterance.lang = CHINESE.test(spoken) ? "zh-CN" : "en-US";
    utterance.voice = voiceFor(utterance.lang, this.voice());
    let told = at;
    /** @param {number} end place in the text up to which is said */
    const tell = (end) => {
      if (run !== this.run || end <= told) return;
      const now = this.elapsed;
      this.emit("words", { item, words: [{ text: this.text.slice(told, end), start_ms: now, end_ms: now, at: told }] });
      this.emit("heard", { item, ms: Math.max(now, 1) });
      told = end;
    };
    utterance.onstart = () => {
      if (run !== this.run || this.beganAt) return;
      this.beganAt = performance.now();
      this.emit("began", null);
    };
    utterance.onboundary = ({ charIndex, charLength, name }) => {
      if (name !== "sentence") tell(at + charIndex + (charLength || 1));
    };
    const over = () => {
      if (run !== this.run) return;
      tell(at + sentence.length);
      this.waiting -= 1;
      this.quiet();
    };
    utterance.onend = utterance.onerror = over;
    this.waiting += 1;
    speechSynthesis.speak(utterance);
  }

  quiet() {
    if (this.whole && !this.waiting && this.beganAt) this.emit("idle", null);
  }

  /** Be quiet at once. How much of which message was heard, if one was. */
  stop() {
    const was = this.item && (this.speaking || !this.whole) ? { item: this.item, ms: this.elapsed } : null;
    this.run += 1;
    Object.assign(this, { item: "", text: "", given: 0, waiting: 0, whole: true, beganAt: 0 });
    if (canSpeak()) speechSynthesis.cancel();
    return was;
  }
}
