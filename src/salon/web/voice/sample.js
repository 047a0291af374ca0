/** A microphone tried out: some seconds recorded, judged, and played back. */

import { Emitter } from "../emitter.js";
import { Microphone } from "./microphone.js";
import { RATE } from "./pcm.js";

/** Of full scale. A microphone that is switched off gives nothing at all; speech close by peaks far above a hiss. */
const SILENT = 0.002;
const QUIET = 0.03;
const CLIPPED = 0.99;
/** Clicks apart, speech that is too loud touches the edge again and again. */
const MOST_CLIPPED = 0.002;

/** @typedef {"silent" | "quiet" | "loud" | "good"} Verdict */

/** What to think of a recording. @param {Int16Array} pcm @returns {Verdict} */
export function judge(pcm) {
  let peak = 0;
  let clipped = 0;
  for (const sample of pcm) {
    const height = Math.abs(sample) / 32768;
    if (height > peak) peak = height;
    if (height >= CLIPPED) clipped += 1;
  }
  if (peak < SILENT) return "silent";
  if (clipped > MOST_CLIPPED * pcm.length) return "loud";
  return peak < QUIET ? "quiet" : "good";
}

/**
 * `level`: how loud it is now. `recorded`: all of it is there.
 * @extends {Emitter<{ level: number, recorded: Verdict, ended: null }>}
 */
export class Sample extends Emitter {
  constructor() {
    super();
    this.microphone = new Microphone();
    this.microphone.on("level", (level) => this.emit("level", level));
    this.microphone.on("frame", (pcm) => this.keep(pcm));
    this.microphone.on("ended", () => this.emit("ended", null));
    /** @type {Int16Array} */
    this.pcm = new Int16Array();
    this.length = 0;
    this.recording = false;
    /** @type {AudioContext | null} */
    this.context = null;
  }

  /** What the browser calls the device that is heard. */
  get device() {
    return this.microphone.stream?.getAudioTracks()[0]?.label ?? "";
  }

  /** Whether the browser heard another device than was asked for. @param {string} wanted */
  differs(wanted) {
    const given = this.microphone.stream?.getAudioTracks()[0]?.getSettings().deviceId ?? "";
    return wanted !== "" && given !== "" && given !== wanted;
  }

  /** @param {string} deviceId Raises `MicrophoneError`. */
  async open(deviceId) {
    await this.microphone.open(deviceId);
  }

  /** @param {number} seconds */
  record(seconds) {
    this.pcm = new Int16Array(seconds * RATE);
    this.length = 0;
    this.recording = true;
  }

  /** @param {Int16Array} pcm */
  keep(pcm) {
    if (!this.recording) return;
    const part = pcm.subarray(0, this.pcm.length - this.length);
    this.pcm.set(part, this.length);
    this.length += part.length;
    if (this.length < this.pcm.length) return;
    this.recording = false;
    this.emit("recorded", judge(this.pcm));
  }

  /** Resolves when it was played to its end. @param {string} speaker a device, where the browser lets a page choose */
  async play(speaker) {
    const context = /** @type {AudioContext & { setSinkId?: (id: string) => Promise<void> }} */ ((this.context ??= new AudioContext({ sampleRate: RATE })));
    if (speaker && context.setSinkId) await context.setSinkId(speaker).catch(() => {});
    await context.resume();
    const buffer = context.createBuffer(1, this.pcm.length, RATE);
    buffer.getChannelData(0).set(Float32Array.from(this.pcm, (sample) => sample / 32768));
    const source = new AudioBufferSourceNode(context, { buffer });
    source.connect(context.destination);
    await new Promise((resolve) => {
      source.onended = resolve;
      source.start();
    });
  }

  close() {
    this.recording = false;
    this.microphone.close();
    void this.context?.close();
    this.context = null;
  }
}
