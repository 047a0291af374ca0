/** Plays an answer's sound as it comes, and knows what was heard of it. For a WebSocket; over WebRTC the browser plays. */

import { Emitter } from "../emitter.js";
import { RATE, milliseconds } from "./pcm.js";

/** `heard`: so much of an item, in milliseconds. @extends {Emitter<{ heard: { item: string, ms: number }, idle: null, level: number }>} */
export class Player extends Emitter {
  constructor() {
    super();
    /** @type {AudioContext | null} */
    this.context = null;
    /** @type {AudioWorkletNode | null} */
    this.node = null;
    this.item = "";
    this.ms = 0;
    this.playing = false;
  }

  /** A page may make sound only once its user has done something: call it from a click. */
  async open() {
    const context = (this.context = new AudioContext({ sampleRate: RATE, latencyHint: "interactive" }));
    await context.audioWorklet.addModule(new URL("./playback.worklet.js", import.meta.url));
    this.node = new AudioWorkletNode(context, "salon-playback", { numberOfInputs: 0, outputChannelCount: [1] });
    this.node.connect(context.destination);
    this.node.port.onmessage = ({ data }) => this.hear(data);
    await context.resume();
  }

  /** @param {any} data */
  hear(data) {
    if (data.item) {
      // What lies in the sound card has not been heard yet.
      const behind = ((this.context?.outputLatency ?? 0) + (this.context?.baseLatency ?? 0)) * 1000;
      this.item = data.item;
      this.ms = Math.max(0, milliseconds(data.samples) - Math.round(behind));
      this.emit("heard", { item: this.item, ms: this.ms });
    }
    if (data.idle) {
      this.playing = false;
      this.emit("idle", null);
    }
  }

  /** @param {string} item @param {Int16Array} pcm */
  play(item, pcm) {
    if (!pcm.length) return;
    this.playing = true;
    this.node?.port.postMessage({ play: pcm, item }, [pcm.buffer]);
  }

  /** Be quiet at once, and forget the rest. What was heard of the item that played; null where nothing did. */
  flush() {
    const was = this.playing ? { item: this.item, ms: this.ms } : null;
    this.playing = false;
    this.node?.port.postMessage({ flush: true });
    return was;
  }

  /** @param {number} gain 1 as it is */
  glide(gain) {
    this.node?.port.postMessage({ gain });
  }

  /** @param {string} deviceId where the browser lets a page choose */
  async choose(deviceId) {
    const context = /** @type {any} */ (this.context);
    if (context?.setSinkId) await context.setSinkId(deviceId);
  }

  close() {
    this.node?.port.close();
    void this.context?.close();
    this.context = this.node = null;
    this.playing = false;
  }
}
