/** The browser's own recogniser of speech, where it has one. Chromium and Safari send the sound to their makers' servers. */

import { Emitter } from "../emitter.js";

/** @typedef {import("./microphone.js").Trouble} Trouble */

/** Mostly under its old name. @returns {(new () => any) | null} */
function recogniser() {
  const { SpeechRecognition, webkitSpeechRecognition } = /** @type {any} */ (globalThis);
  return SpeechRecognition ?? webkitSpeechRecognition ?? null;
}

export function canRecognise() {
  return recogniser() !== null;
}

/** What its errors mean for the person. @type {Record<string, Trouble | "network">} */
const TROUBLES = { "not-allowed": "denied", "service-not-allowed": "denied", "audio-capture": "missing", network: "network", "language-not-supported": "unknown" };
const AGAIN_MS = 250;

/**
 * `partial`: what is understood so far of what is being said; `final`: all of it. `refused`: it will not work.
 * @extends {Emitter<{ partial: string, final: string, refused: Trouble | "network" }>}
 */
export class Recognition extends Emitter {
  /** @param {string} language BCP 47 */
  constructor(language) {
    super();
    this.language = language;
    /** @type {any} */
    this.running = null;
    this.wanted = false;
    this.timer = 0;
  }

  /** @param {boolean} on */
  listen(on) {
    if (this.wanted === on) return;
    this.wanted = on;
    clearTimeout(this.timer);
    if (on) this.begin();
    else this.running?.stop();
  }

  begin() {
    const Recogniser = recogniser();
    if (!Recogniser || this.running || !this.wanted) return;
    const running = (this.running = new Recogniser());
    Object.assign(running, { lang: this.language, continuous: true, interimResults: true });
    running.onresult = (/** @type {any} */ { results, resultIndex }) => this.heard(results, resultIndex);
    running.onerror = (/** @type {any} */ { error }) => {
      const trouble = TROUBLES[error];
      if (!trouble || !this.wanted) return;
      this.wanted = false;
      this.emit("refused", trouble);
    };
    // It ends by itself after a while, and after a silence.
    running.onend = () => {
      this.running = null;
      if (this.wanted) this.timer = setTimeout(() => this.begin(), AGAIN_MS);
    };
    running.start();
  }

  /** @param {any} results @param {number} from */
  heard(results, from) {
    let partial = "";
    for (let index = from; index < results.length; index += 1) {
      const result = results[index];
      const text = result[0].transcript.trim();
      if (!result.isFinal) partial = `${partial} ${text}`.trim();
      else if (text) this.emit("final", text);
    }
    if (partial) this.emit("partial", partial);
  }

  close() {
    this.wanted = false;
    clearTimeout(this.timer);
    const { running } = this;
    this.running = null;
    if (!running) return;
    running.onend = running.onresult = running.onerror = null;
    running.abort();
  }
}
