/** What this page sends: microphone, camera, screen. Each can be changed while it is sent. */

import { Emitter } from "../emitter.js";

/** @typedef {"audio" | "video"} Kind */

const SPEECH = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
const PICTURE = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30, max: 30 } };

/** @extends {Emitter<{ track: Kind, changed: null }>} */
export class Devices extends Emitter {
  constructor() {
    super();
    /** What belongs together, for clients that ask which stream a track is of. */
    this.stream = new MediaStream();
    /** @type {MediaStreamTrack | null} */
    this.microphone = null;
    /** @type {MediaStreamTrack | null} */
    this.camera = null;
    /** @type {MediaStreamTrack | null} */
    this.screen = null;
    this.muted = false;
    /** What could not be had. @type {Kind[]} */
    this.missing = [];
  }

  /** Ask for the devices. What is not there is left out; a call without a camera is a call. @param {boolean} video */
  async open(video) {
    this.missing = [];
    if (!navigator.mediaDevices) {
      this.missing = ["audio", "video"];
      return;
    }
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: SPEECH, video: video && PICTURE });
      this.take("audio", stream.getAudioTracks()[0] ?? null);
      if (video) this.take("video", stream.getVideoTracks()[0] ?? null);
      return;
    } catch {
      // One of the two may be there.
    }
    for (const kind of /** @type {Kind[]} */ (video ? ["audio", "video"] : ["audio"])) {
      try {
        const stream = await navigator.mediaDevices.getUserMedia(kind === "audio" ? { audio: SPEECH } : { video: PICTURE });
        this.take(kind, stream.getTracks()[0]);
      } catch {
        this.missing.push(kind);
      }
    }
  }

  /** What is sent of a kind. @param {Kind} kind */
  track(kind) {
    return kind === "audio" ? this.microphone : (this.screen ?? this.camera);
  }

  /** @param {Kind} kind @param {MediaStreamTrack | null} track */
  take(kind, track) {
    const old = kind === "audio" ? this.microphone : this.camera;
    old?.stop();
    if (kind === "audio") {
      this.microphone = track;
      if (track) track.enabled = !this.muted;
    } else this.camera = track;
    // A device that is pulled out sends silence, and the others are told.
    track?.addEventListener("ended", () => track === this.track(kind) && this.take(kind, null));
    this.emit("track", kind);
    this.emit("changed", null);
  }

  /** @param {boolean} muted */
  mute(muted) {
    this.muted = muted;
    if (this.microphone) this.microphone.enabled = !muted;
    this.emit("changed", null);
  }

  /** The camera's light goes off with it. @param {boolean} on */
  async show(on) {
    if (!on) return this.take("video", null);
    await this.choose("video", "");
  }

  /** Another device. Throws where it cannot be had; the old one is then kept. @param {Kind} kind @param {string} id */
  async choose(kind, id) {
    const device = id ? { deviceId: { exact: id } } : {};
    const wanted = kind === "audio" ? { audio: { ...SPEECH, ...device } } : { video: { ...PICTURE, ...device } };
    const stream = await navigator.mediaDevices.getUserMedia(wanted);
    this.take(kind, stream.getTracks()[0]);
  }

  /** Show the screen instead of the camera, or no longer. Throws where the user does not want it. @param {boolean} on */
  async share(on) {
    const old = this.screen;
    this.screen = null;
    old?.stop();
    if (on) {
      const stream = await navigator.mediaDevices.getDisplayMedia({ video: { frameRate: { ideal: 15, max: 30 } } });
      const [track] = stream.getVideoTracks();
      // Text should stay sharp when the way is narrow.
      track.contentHint = "detail";
      this.screen = track;
      track.addEventListener("ended", () => track === this.screen && void this.share(false));
    }
    this.emit("track", "video");
    this.emit("changed", null);
  }

  /** @param {Kind} kind */
  async list(kind) {
    const all = await navigator.mediaDevices.enumerateDevices();
    return all.filter((device) => device.kind === `${kind}input`);
  }

  close() {
    for (const track of [this.microphone, this.camera, this.screen]) track?.stop();
    this.microphone = this.camera = this.screen = null;
  }
}
