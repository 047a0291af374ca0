/** What one is about to broadcast, or broadcasts: the camera, the screen, the microphone, and the session that carries them. It outlives the view. */

import { Emitter } from "../emitter.js";
import { Lasting } from "./lasting.js";
import { newRoom, whipUrl } from "./names.js";
import { WhipClient } from "./whip.js";

/** @typedef {"camera" | "screen" | "sound"} Source */

/** Heights of a picture. */
export const HEIGHTS = [360, 720, 1080];
/** bit/s of a picture of 720 lines and of a screen. */
export const BIT_RATES = [600_000, 1_500_000, 2_500_000, 4_000_000];

/** @extends {Emitter<{ changed: null }>} */
export class Studio extends Emitter {
  /** @param {() => string} key @param {import("./trace.js").Trace} trace */
  constructor(key, trace) {
    super();
    this.key = key;
    this.trace = trace;
    this.room = newRoom();
    /** @type {Source} */
    this.source = "camera";
    this.height = 720;
    this.bitRate = 2_500_000;
    this.camera = "";
    this.microphone = "";
    this.silent = false;
    /** What is shown in the preview and sent. */
    this.stream = new MediaStream();
    /** Why there is no picture or sound: the name of a `DOMException`. */
    this.problem = "";
    /** @type {Lasting<WhipClient> | null} */
    this.lasting = null;
    this.opening = 0;
  }

  /** Whether there is something to see or hear. */
  get open() {
    return this.stream.getTracks().length > 0;
  }

  get running() {
    return this.lasting !== null;
  }

  /** @param {Source} source */
  async choose(source) {
    this.source = source;
    await this.reopen();
  }

  /** @param {"camera" | "microphone"} kind @param {string} id */
  async pick(kind, id) {
    this[kind] = id;
    await this.reopen();
  }

  /** @param {number} height */
  async resize(height) {
    this.height = height;
    await this.reopen();
  }

  /** @param {number} bitRate */
  async limit(bitRate) {
    this.bitRate = bitRate;
    await this.lasting?.peer?.limit(bitRate).catch(() => undefined);
    this.emit("changed", null);
  }

  /** @param {boolean} silent */
  mute(silent) {
    this.silent = silent;
    for (const track of this.stream.getAudioTracks()) track.enabled = !silent;
    this.emit("changed", null);
  }

  /** Ask for the devices that are wanted now. What is being sent goes on until they are there. */
  async reopen() {
    this.opening += 1;
    const mine = this.opening;
    try {
      const tracks = await this.tracks();
      // Whoever chose something else meanwhile, or left, does not want these.
      if (mine !== this.opening) return tracks.forEach((track) => track.stop());
      this.take(tracks);
      this.problem = "";
    } catch (error) {
      if (mine !== this.opening) return;
      this.problem = error instanceof DOMException ? error.name : String(error);
    }
    this.emit("changed", null);
  }

  /** @returns {Promise<MediaStreamTrack[]>} */
  async tracks() {
    const { mediaDevices } = navigator;
    if (!mediaDevices) throw new DOMException("", "SecurityError");
    const audio = { deviceId: this.microphone ? { exact: this.microphone } : undefined, echoCancellation: this.source !== "sound" };
    const size = { height: { ideal: this.height }, width: { ideal: Math.round((this.height * 16) / 9) }, frameRate: { ideal: 30 } };
    if (this.source === "screen") {
      const shown = await mediaDevices.getDisplayMedia({ video: size, audio: true });
      // A screen without sound gets the microphone's; whoever denies that is seen without.
      const heard = shown.getAudioTracks().length ? [] : await mediaDevices.getUserMedia({ audio }).then((stream) => stream.getTracks(), () => []);
      return [...shown.getTracks(), ...heard];
    }
    const video = this.source === "camera" && { ...size, deviceId: this.camera ? { exact: this.camera } : undefined };
    return (await mediaDevices.getUserMedia({ audio, video })).getTracks();
  }

  /** @param {MediaStreamTrack[]} tracks */
  take(tracks) {
    const before = this.stream.getTracks();
    const kinds = (/** @type {MediaStreamTrack[]} */ some) => some.map(({ kind }) => kind).sort().join();
    for (const track of before) this.stream.removeTrack(track);
    for (const track of tracks) {
      if (track.kind === "audio") track.enabled = !this.silent;
      // The browser's own "stop sharing", or a camera that is pulled out.
      track.addEventListener("ended", () => this.stream.getTracks().includes(track) && this.lost(track));
      this.stream.addTrack(track);
    }
    const { lasting } = this;
    if (lasting) {
      if (kinds(before) === kinds(tracks)) for (const track of tracks) void lasting.peer?.replace(track).catch(() => undefined);
      // Another kind of track is another offer: the same name is taken over without a gap.
      else this.restart();
    }
    for (const track of before) track.stop();
  }

  /** @param {MediaStreamTrack} track */
  lost(track) {
    this.stream.removeTrack(track);
    this.problem = "NotFoundError";
    this.emit("changed", null);
  }

  /** Go live. */
  start() {
    if (this.running || !this.open) return;
    this.begin();
    this.emit("changed", null);
  }

  begin() {
    const lasting = new Lasting(() => new WhipClient(whipUrl(this.room), this.key(), this.trace, { stream: this.stream, screen: this.source === "screen", bitRate: this.bitRate }));
    this.lasting = lasting;
    lasting.on("state", (state) => {
      if (lasting === this.lasting && state === "live") this.flows(lasting);
      this.emit("changed", null);
    });
    lasting.start();
  }

  restart() {
    const old = this.lasting;
    this.begin();
    old?.stop();
  }

  /** @param {Lasting<WhipClient>} lasting */
  flows(lasting) {
    const settings = this.stream.getVideoTracks()[0]?.getSettings() ?? {};
    if (lasting.peer) this.trace.flows(lasting.peer.line, "up", { width: settings.width, height: settings.height });
  }

  /** End the broadcast; the preview stays. */
  stop() {
    this.lasting?.stop();
    this.lasting = null;
    this.emit("changed", null);
  }

  /** Give the devices back. */
  close() {
    this.opening += 1;
    this.stop();
    for (const track of this.stream.getTracks()) {
      track.stop();
      this.stream.removeTrack(track);
    }
    this.problem = "";
    this.emit("changed", null);
  }
}
