/** A spoken conversation over a WebSocket, for networks that let no media through: sound in events, played by the page. */

import { Emitter } from "../emitter.js";
import { Connection } from "../realtime/connection.js";
import { fromBase64, toBase64 } from "./pcm.js";
import { Player } from "./player.js";
import { followRoundTrip } from "./round-trip.js";
import { StageError } from "./stages.js";

/** @typedef {Pick<ConstructorParameters<typeof Connection>[0], "key" | "tap" | "diagnose">} Surroundings */

/** @extends {Emitter<import("./call.js").LineEvents & Record<string, unknown>>} */
export class WireLine extends Emitter {
  /** @param {Surroundings & { microphone: import("./microphone.js").Microphone }} surroundings */
  constructor({ key, tap, diagnose, microphone }) {
    super();
    this.kind = "websocket";
    /** Characters of a picture: a message has a MiB at most. */
    this.largest = 700_000;
    this.surroundings = { key, tap, diagnose };
    this.microphone = microphone;
    this.player = new Player();
    this.listening = new AbortController();
    /** @type {Connection | null} */
    this.connection = null;
    this.response = "";
  }

  /** @param {MediaStream} _microphone @param {string} model Raises `StageError`. */
  async open(_microphone, model) {
    const { signal } = this.listening;
    await this.player.open();
    signal.throwIfAborted();
    this.player.on("heard", (heard) => this.emit("heard", heard), signal);
    this.player.on("idle", () => this.emit("idle", null), signal);
    this.connection = new Connection({ model, token: "", lastEventId: "", ...this.surroundings });
    this.connection.on("accepted", () => this.emit("reached", "session"), signal);
    await opened(this.connection, (event) => this.hear(event), () => this.emit("lost", null), signal);
    followRoundTrip(this, signal);
    this.microphone.on("frame", (pcm) => this.send({ type: "input_audio_buffer.append", audio: toBase64(pcm) }), signal);
  }

  /** @param {any} event */
  hear(event) {
    if (event.type === "response.output_audio.delta") {
      if (!this.player.playing) this.emit("playing", event.response_id);
      this.response = event.response_id;
      this.player.play(event.item_id, fromBase64(event.delta));
      return;
    }
    if (event.type === "input_audio_buffer.speech_started") this.stop();
    this.emit("event", event);
  }

  /** What was heard of the answer that played goes into the history, and no more. */
  stop() {
    const heard = this.player.flush();
    if (heard) this.send({ type: "conversation.item.truncate", item_id: heard.item, content_index: 0, audio_end_ms: heard.ms });
  }

  /** @param {object} event */
  send(event) {
    return this.connection?.send(event) ?? false;
  }

  interrupt() {
    this.send({ type: "response.cancel" });
    this.stop();
  }

  /** Push to talk; what is let go of at once was not `meant`. @param {boolean} on @param {boolean} meant */
  talk(on, meant) {
    this.send({ type: on || !meant ? "input_audio_buffer.clear" : "input_audio_buffer.commit" });
  }

  // A microphone that is muted gives silence.
  listen() {}

  /** @param {MediaStream} _microphone its frames come from the same place */
  async replace(_microphone) {}

  /** @param {string} deviceId */
  async speakTo(deviceId) {
    await this.player.choose(deviceId);
  }

  close() {
    this.listening.abort();
    this.connection?.close("left");
    this.player.close();
  }
}

/**
 * Open a WebSocket. One that is lost later does not come back: a call makes another line. Raises `StageError`.
 *
 * @param {Connection} connection
 * @param {(event: any) => void} hear
 * @param {() => void} lost
 * @param {AbortSignal} signal
 */
export async function opened(connection, hear, lost, signal) {
  connection.on("event", hear, signal);
  await new Promise((/** @type {(value?: unknown) => void} */ resolve, reject) => {
    connection.on("state", (state) => {
      if (state === "open") resolve();
      else if (state === "refused" || state === "unauthorized") reject(new StageError("request", state));
    }, signal);
    connection.open();
  });
  connection.on("state", (state) => state !== "open" && lost(), signal);
}
