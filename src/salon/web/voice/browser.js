/** A spoken conversation by what the browser brings: it hears and it speaks; what was said goes over the WebSocket as text. */

import { Emitter } from "../emitter.js";
import { newId } from "../model/ids.js";
import { Connection } from "../realtime/connection.js";
import { MicrophoneError } from "./microphone.js";
import { followRoundTrip } from "./round-trip.js";
import { Recognition, canRecognise } from "./recognition.js";
import { Synthesis } from "./synthesis.js";
import { opened } from "./wire.js";

/** Said while an answer is heard, it means "go on". */
const NODS = /^(?:mhm|mm+|hm+|uh[- ]?huh|yeah|yes|ok(?:ay)?|right|嗯+|哦+|对+|好的?|是的?)[.。!！]?$/i;
const LEAST = 2;

/** @extends {Emitter<import("./call.js").LineEvents & Record<string, unknown>>} */
export class BrowserLine extends Emitter {
  /**
   * @param {import("./wire.js").Surroundings & { settings: import("./voice.js").Settings }} surroundings
   */
  constructor({ key, tap, diagnose, settings }) {
    super();
    this.kind = "browser";
    this.largest = 700_000;
    this.surroundings = { key, tap, diagnose };
    this.listening = new AbortController();
    this.recognition = new Recognition((settings.language || document.documentElement.lang).startsWith("zh") ? "zh-CN" : "en-US");
    this.synthesis = new Synthesis(() => settings.browserVoice);
    /** @type {Connection | null} */
    this.connection = null;
    this.response = "";
    /** What is being said. */
    this.turn = "";
  }

  /** @param {MediaStream} _stream @param {string} model Raises `StageError`. */
  async open(_stream, model) {
    const { signal } = this.listening;
    if (!canRecognise()) throw new MicrophoneError("unrecognised");
    this.connection = new Connection({ model, token: "", lastEventId: "", ...this.surroundings });
    this.connection.on("accepted", () => this.emit("reached", "session"), signal);
    await opened(this.connection, (event) => this.hear(event), () => this.emit("lost", null), signal);
    followRoundTrip(this, signal);
    this.recognition.on("partial", (text) => this.said(text, false), signal);
    this.recognition.on("final", (text) => this.said(text, true), signal);
    this.recognition.on("refused", (trouble) => this.emit("refused", trouble), signal);
    this.synthesis.on("began", () => this.emit("playing", this.response), signal);
    this.synthesis.on("heard", (heard) => this.emit("heard", heard), signal);
    this.synthesis.on("words", ({ item, words }) => this.emit("event", { type: "response.salon.words", response_id: this.response, item_id: item, words }), signal);
    this.synthesis.on("idle", () => this.emit("idle", null), signal);
  }

  /** @param {any} event */
  hear(event) {
    switch (event.type) {
      case "response.created":
        this.response = event.response.id;
        break;
      case "response.output_text.delta":
        // It is spoken: what of it was heard is known by the words.
        this.emit("event", { ...event, type: "response.output_audio_transcript.delta" });
        if (event.response_id === this.response) this.synthesis.more(event.item_id, event.delta);
        return;
      case "response.output_text.done":
        return;
      case "response.done":
        this.emit("event", event);
        if (event.response.id === this.response && event.response.status !== "cancelled") this.synthesis.end();
        return;
    }
    this.emit("event", event);
  }

  /** @param {string} text @param {boolean} final */
  said(text, final) {
    if (this.synthesis.speaking) {
      if (text.length < LEAST || NODS.test(text) || isEcho(text, this.synthesis.ours)) return;
      this.interrupt();
    }
    if (!this.turn) {
      this.turn = newId("item");
      this.emit("event", { type: "input_audio_buffer.speech_started", item_id: this.turn });
    }
    const item = { item_id: this.turn, transcript: text };
    if (!final) return this.emit("event", { type: "conversation.item.salon.partial", ...item });
    this.turn = "";
    this.emit("event", { type: "conversation.item.input_audio_transcription.completed", ...item });
    this.emit("event", { type: "input_audio_buffer.speech_stopped", ...item });
    this.send({ type: "conversation.item.create", item: { id: item.item_id, type: "message", role: "user", content: [{ type: "input_text", text }] } });
    this.send({ type: "response.create" });
  }

  /** @param {object} event */
  send(event) {
    return this.connection?.send(event) ?? false;
  }

  interrupt() {
    this.send({ type: "response.cancel" });
    this.response = "";
    const heard = this.synthesis.stop();
    if (heard) this.emit("cut", heard);
  }

  /** Push to talk. @param {boolean} on */
  talk(on) {
    this.listen(on);
  }

  /** @param {boolean} on */
  listen(on) {
    this.recognition.listen(on);
  }

  async replace() {}
  async speakTo() {}

  close() {
    this.listening.abort();
    this.recognition.close();
    this.synthesis.stop();
    this.connection?.close("left");
  }
}

/** Whether the microphone hears what the loudspeaker says. @param {string} heard @param {string} ours */
function isEcho(heard, ours) {
  const bare = (/** @type {string} */ text) => text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "");
  return bare(ours).includes(bare(heard));
}
