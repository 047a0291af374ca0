/** The microphone: asked for when it is wanted, changed without a pause, and how loud it is. */

import { Emitter } from "../emitter.js";
import { RATE } from "./pcm.js";

/**
 * Why there is no microphone. `unanswered`: the person has not said whether it may be used; `stuck`: it may, and nothing comes of it.
 * @typedef {"denied" | "system" | "missing" | "busy" | "insecure" | "unanswered" | "stuck" | "unrecognised" | "unknown"} Trouble
 */

export class MicrophoneError extends Error {
  /** @param {Trouble} trouble */
  constructor(trouble) {
    super(trouble);
    this.trouble = trouble;
  }
}

/**
 * `frame`: 20 ms of PCM, if it listens. `level`: how loud, 0 to 1. `ended`: the device is gone.
 * @extends {Emitter<{ frame: Int16Array, level: number, ended: null }>}
 */
export class Microphone extends Emitter {
  constructor() {
    super();
    /** @type {MediaStream | null} */
    this.stream = null;
    /** @type {AudioContext | null} */
    this.context = null;
    /** @type {AudioNode | null} */
    this.source = null;
    /** @type {AudioWorkletNode | null} */
    this.capture = null;
    this.muted = false;
    /** Whether the browser may be asking the person for it. */
    this.asking = false;
    this.closed = 0;
  }

  /** @param {string} [deviceId] @returns {Promise<MediaStream>} Raises `MicrophoneError`. */
  async open(deviceId = "") {
    const { closed } = this;
    this.asking = true;
    void mayAsk().then((asking) => (this.asking &&= asking));
    const stream = await ask(deviceId).finally(() => (this.asking = false));
    // Allowed when nobody waits any more: it is not kept open.
    if (closed !== this.closed) {
      for (const track of stream.getTracks()) track.stop();
      throw new MicrophoneError("unanswered");
    }
    this.stop();
    this.stream = stream;
    const [track] = stream.getAudioTracks();
    track.enabled = !this.muted;
    track.addEventListener("ended", () => this.stream === stream && this.emit("ended", null));
    if (!this.context) {
      this.context = new AudioContext({ sampleRate: RATE });
      await this.context.audioWorklet.addModule(new URL("./capture.worklet.js", import.meta.url));
      this.capture = new AudioWorkletNode(this.context, "salon-capture", { numberOfOutputs: 0, channelCount: 1, channelCountMode: "explicit" });
      this.capture.port.onmessage = ({ data: { pcm, level } }) => {
        this.emit("level", level);
        this.emit("frame", pcm);
      };
    }
    await this.context.resume();
    this.source?.disconnect();
    this.source = this.context.createMediaStreamSource(stream);
    this.source.connect(/** @type {AudioWorkletNode} */ (this.capture));
    return stream;
  }

  /** A muted microphone gives silence, and stays ours. @param {boolean} muted */
  mute(muted) {
    this.muted = muted;
    for (const track of this.stream?.getAudioTracks() ?? []) track.enabled = !muted;
  }

  stop() {
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    this.stream = null;
  }

  close() {
    this.closed += 1;
    this.stop();
    this.capture?.port.close();
    void this.context?.close();
    this.context = this.capture = this.source = null;
  }
}

/** Whether the person has still to say; yes where the browser does not tell. */
async function mayAsk() {
  try {
    return (await navigator.permissions.query({ name: /** @type {PermissionName} */ ("microphone") })).state === "prompt";
  } catch {
    return true;
  }
}

/** @param {string} deviceId */
async function ask(deviceId) {
  if (!navigator.mediaDevices) throw new MicrophoneError("insecure");
  const audio = { echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: 1, ...(deviceId ? { deviceId } : {}) };
  try {
    return await navigator.mediaDevices.getUserMedia({ audio });
  } catch (error) {
    const name = error instanceof DOMException ? error.name : "";
    /** @type {Record<string, Trouble>} */
    const troubles = { NotAllowedError: "denied", SecurityError: "denied", NotFoundError: "missing", OverconstrainedError: "missing", NotReadableError: "busy" };
    const bySystem = name === "NotAllowedError" && /system/i.test(/** @type {DOMException} */ (error).message);
    throw new MicrophoneError(bySystem ? "system" : (troubles[name] ?? "unknown"));
  }
}
