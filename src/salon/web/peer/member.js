/** One of those in a call: the connection to them, what they send and how well it comes. */

import { Emitter } from "../emitter.js";
import { verificationCode } from "./code.js";
import { shortText } from "./peer.js";
import { qualityOf } from "./quality.js";

/** @typedef {import("./link.js").Link} Link */
/** @typedef {import("./devices.js").Devices} Devices */
/** @typedef {import("./quality.js").Quality} Quality */

/**
 * `calling`: nobody has answered yet; `ringing`: they are being asked; `mending`: the path is lost and another is looked for.
 * @typedef {"calling" | "ringing" | "connecting" | "connected" | "mending"} State
 */

const READING_MS = 2_000;
// In a mesh a picture is encoded and sent once for each of the others: what one is sent gets smaller as they get more.
const PICTURES = [
  { others: 1, scale: 1, rate: undefined, frames: undefined },
  { others: 3, scale: 2, rate: 500_000, frames: 24 },
  { others: Infinity, scale: 3, rate: 250_000, frames: 15 },
];

/** @extends {Emitter<{ changed: null, over: string, said: Record<string, any> }>} */
export class Member extends Emitter {
  /** @param {Link} link @param {Devices} devices @param {State} state */
  constructor(link, devices, state) {
    super();
    this.link = link;
    this.devices = devices;
    this.id = link.other;
    this.name = "";
    /** @type {State} */
    this.state = state;
    this.stream = new MediaStream();
    /** What they say they send. A client of PeerJS says nothing. */
    this.sends = { audio: true, video: true, screen: false };
    /** @type {Quality | null} */
    this.quality = null;
    this.code = "";
    this.over = false;
    this.seen = false;
    this.timer = 0;
    link.pc.ontrack = ({ track }) => this.stream.addTrack(track);
    link.pc.ondatachannel = ({ channel }) => this.watch(channel);
    link.on("state", (state) => this.follow(state));
    link.on("said", (said) => this.hear(said));
    link.on("gone", (reason) => this.end(reason));
  }

  /** Call them. Both kinds have a place from the start, so that a camera or a screen comes later without another offer. */
  async call() {
    for (const kind of /** @type {const} */ (["audio", "video"])) {
      this.link.pc.addTransceiver(this.devices.track(kind) ?? kind, { direction: "sendrecv", streams: [this.devices.stream] });
    }
    // Its end tells clients of PeerJS that the call is over.
    this.watch(this.link.pc.createDataChannel(this.link.connectionId));
    await this.link.start();
  }

  /** @param {any} sdp */
  async accept(sdp) {
    this.become("connecting");
    await this.link.accept(sdp, () => {
      for (const transceiver of this.link.pc.getTransceivers()) {
        const kind = /** @type {"audio" | "video"} */ (transceiver.receiver.track.kind);
        transceiver.direction = "sendrecv";
        transceiver.sender.setStreams?.(this.devices.stream);
        void transceiver.sender.replaceTrack(this.devices.track(kind));
      }
    });
  }

  /** Send what the devices have now. @param {"audio" | "video"} kind */
  async replace(kind) {
    for (const { receiver, sender } of this.link.pc.getTransceivers()) {
      if (receiver.track.kind === kind) await sender.replaceTrack(this.devices.track(kind));
    }
  }

  /** Send as large a picture as machines and lines can carry for all. @param {number} others how many are sent one @param {boolean} screen text has to stay legible */
  async fit(others, screen) {
    const { scale, rate, frames } = PICTURES.find((each) => others <= each.others) ?? PICTURES[0];
    for (const { receiver, sender } of this.link.pc.getTransceivers()) {
      if (receiver.track.kind !== "video") continue;
      const parameters = sender.getParameters();
      const [encoding] = parameters.encodings ?? [];
      // There is none before the two have agreed.
      if (!encoding) continue;
      Object.assign(encoding, { scaleResolutionDownBy: screen ? 1 : scale, maxBitrate: rate, maxFramerate: frames });
      for (const name of /** @type {const} */ (["maxBitrate", "maxFramerate"])) if (encoding[name] === undefined) delete encoding[name];
      await sender.setParameters(parameters).catch(() => {});
    }
  }

  /** @param {RTCDataChannel} channel */
  watch(channel) {
    channel.onclose = () => !this.link.closed && this.end("hung up");
  }

  /** @param {RTCPeerConnectionState} state */
  follow(state) {
    if (state === "connected") {
      this.become("connected");
      this.link.trace.direct("up", "RTP", { to: this.id, sends: this.link.pc.getSenders().map(({ track }) => track?.kind ?? "nothing") });
      clearInterval(this.timer);
      this.timer = setInterval(() => void this.read(), READING_MS);
      void this.read();
      void verificationCode(this.link.pc).then((code) => {
        this.code = code;
        this.emit("changed", null);
      });
    } else if ((state === "disconnected" || state === "failed") && this.state === "connected") {
      this.become("mending");
    }
  }

  async read() {
    if (this.link.closed) return;
    this.quality = qualityOf((await this.link.pc.getStats()).values(), this.quality?.stats ?? new Map());
    if (this.quality.frames > 0 && !this.seen) {
      this.seen = true;
      this.link.trace.direct("down", "RTP", { from: this.id, decoded: "first frame", rtt: this.quality.rtt, relayed: this.quality.relayed });
    }
    this.emit("changed", null);
  }

  /** @param {Record<string, any>} said */
  hear(said) {
    const name = shortText(said.name);
    if (name) this.name = name;
    if (said.sends && typeof said.sends === "object") {
      this.sends = { audio: said.sends.audio === true, video: said.sends.video === true, screen: said.sends.screen === true };
    }
    if (said.kind === "ringing" && this.state === "calling") this.state = "ringing";
    else if (said.kind === "reject") return this.end(shortText(said.reason, 20) || "declined");
    else if (said.kind === "close") {
      // "发送关闭连接请求, 回复关闭连接": whoever is told answers, then both let go.
      this.link.say({ kind: "closed" });
      return this.end(shortText(said.reason, 20) || "hung up");
    }
    this.emit("said", said);
    this.emit("changed", null);
  }

  /** @param {State} state */
  become(state) {
    this.state = state;
    this.emit("changed", null);
  }

  /** @param {string} reason */
  end(reason) {
    if (this.over) return;
    this.over = true;
    clearInterval(this.timer);
    this.link.close();
    this.emit("over", reason);
  }
}
