/** A spoken conversation over WebRTC: sound by the browser, events by the data channel `oai-events`. */

import { Emitter } from "../emitter.js";
import { iceServers } from "../peer/ice.js";
import { levelOf, qualityOf } from "../peer/quality.js";
import { httpUrl } from "../realtime/place.js";
import { StageError } from "./stages.js";

const STATS_MS = 2000;
/** A connection that is lost this long is not coming back. */
const LOST_MS = 6000;

/**
 * How good the way of the sound is; `loss` of what comes, `lossUp` of what goes.
 * @typedef {{ level: "good" | "fair" | "poor" | "", rtt: number | null, loss: number | null, lossUp: number | null, kind: string }} Stats
 */

/**
 * What a line tells. `event`: from the server. `reached`: how far its opening got. `shaky`: whether nothing gets through for now. `lost`: it is over, not by us. A line that plays by itself tells more: `playing` when an
 * answer can be heard, `heard` how much of an item, `cut` where it ends for good, `idle` when nothing is left. `refused`: the browser
 * will not hear.
 *
 * @typedef {object} LineEvents
 * @property {any} event
 * @property {boolean} shaky
 * @property {null} lost
 * @property {import("./stages.js").Stage} reached while it opens
 * @property {Stats} stats
 * @property {string} playing
 * @property {{ item: string, ms: number }} heard
 * @property {{ item: string, ms: number }} cut
 * @property {string} refused
 * @property {null} idle
 */

/** @extends {Emitter<LineEvents & Record<string, unknown>>} */
export class CallLine extends Emitter {
  /** @param {{ key: () => string, tap: import("./trace.js").VoiceTrace }} surroundings */
  constructor({ key, tap }) {
    super();
    this.kind = "webrtc";
    /** Characters of a picture: a message of a data channel has 262,144 bytes at most. */
    this.largest = 200_000;
    this.key = key;
    this.tap = tap;
    /** @type {RTCPeerConnection | null} */
    this.connection = null;
    /** @type {RTCDataChannel | null} */
    this.channel = null;
    this.location = "";
    this.audio = new Audio();
    this.audio.autoplay = true;
    /** The reading before. @type {Map<string, any>} */
    this.before = new Map();
    this.timer = 0;
    this.losing = 0;
    /** @type {RTCRtpSender | null} */
    this.sender = null;
    this.closing = new AbortController();
  }

  /** @param {MediaStream} microphone @param {string} model Raises `StageError`. */
  async open(microphone, model) {
    const servers = await iceServers();
    this.closing.signal.throwIfAborted();
    const connection = (this.connection = new RTCPeerConnection({ iceServers: servers }));
    connection.ontrack = ({ streams: [stream], track }) => {
      this.audio.srcObject = stream ?? new MediaStream([track]);
      void this.audio.play().catch(() => {});
    };
    this.sender = connection.addTrack(microphone.getAudioTracks()[0], microphone);
    const channel = (this.channel = connection.createDataChannel("oai-events"));
    channel.onmessage = ({ data }) => this.hear(data);
    connection.onconnectionstatechange = () => this.changed();
    const offer = await connection.createOffer();
    await connection.setLocalDescription(offer);
    const answer = await this.exchange(offer.sdp ?? "", model);
    this.emit("reached", "media");
    await connection.setRemoteDescription({ type: "answer", sdp: answer });
    await opened(channel);
    this.emit("reached", "session");
    this.tap.note("media", "none", "data channel oai-events");
    this.timer = setInterval(() => void this.measure(), STATS_MS);
  }

  /** @param {string} offer @param {string} model */
  async exchange(offer, model) {
    const path = `v1/realtime/calls?${new URLSearchParams({ model, salon: "1" })}`;
    this.tap.note("offer", "up", `POST /${path}`, { sdp: shown(offer) });
    const key = this.key();
    let response;
    let body;
    try {
      response = await fetch(httpUrl(path), {
        method: "POST",
        headers: { "Content-Type": "application/sdp", ...(key ? { Authorization: `Bearer ${key}` } : {}) },
        body: offer,
        signal: this.closing.signal,
      });
      body = await response.text();
    } catch {
      this.tap.note("offer", "none", "no answer", null, true);
      throw new StageError("request", "unreached");
    }
    this.tap.note("offer", "down", `${response.status} ${response.statusText}`, response.ok ? { sdp: shown(body) } : body, !response.ok);
    if (!response.ok) throw new StageError("request", messageOf(body) || `HTTP ${response.status}`);
    this.location = response.headers.get("Location") ?? "";
    return body;
  }

  changed() {
    const { connection } = this;
    if (!connection) return;
    const { connectionState: state } = connection;
    this.tap.note(state === "connected" ? "dtls" : "ice", "none", state);
    clearTimeout(this.losing);
    if (state === "connected" || state === "disconnected") this.emit("shaky", state === "disconnected");
    if (state === "failed" || state === "closed") this.emit("lost", null);
    else if (state === "disconnected") this.losing = setTimeout(() => this.emit("lost", null), LOST_MS);
  }

  /** @param {string} text */
  hear(text) {
    let event;
    try {
      event = JSON.parse(text);
    } catch {
      return;
    }
    this.tap.event("down", text);
    this.emit("event", event);
  }

  /** @param {object} event */
  send(event) {
    if (this.channel?.readyState !== "open") return false;
    const text = JSON.stringify(event);
    // One message that is too long would close the channel.
    if (text.length > (this.connection?.sctp?.maxMessageSize ?? Infinity)) return false;
    this.channel.send(text);
    this.tap.event("up", text);
    return true;
  }

  /** Nobody listens to the rest of this answer. */
  interrupt() {
    this.send({ type: "response.cancel" });
    this.send({ type: "output_audio_buffer.clear" });
  }

  /** Push to talk; what is let go of at once was not `meant`. @param {boolean} on @param {boolean} meant */
  talk(on, meant) {
    this.send({ type: on || !meant ? "input_audio_buffer.clear" : "input_audio_buffer.commit" });
  }

  // A microphone that is muted gives silence.
  listen() {}

  /** @param {MediaStream} microphone */
  async replace(microphone) {
    await this.sender?.replaceTrack(microphone.getAudioTracks()[0]);
  }

  /** @param {string} deviceId */
  async speakTo(deviceId) {
    const audio = /** @type {any} */ (this.audio);
    if (audio.setSinkId) await audio.setSinkId(deviceId);
  }

  async measure() {
    const { connection } = this;
    if (!connection || connection.connectionState !== "connected") return;
    const report = await connection.getStats();
    const { rtt, loss, relayed, stats } = qualityOf(report.values(), this.before);
    this.before = stats;
    const sent = [...stats.values()].find(({ type, kind }) => type === "remote-inbound-rtp" && kind === "audio");
    const lossUp = sent?.fractionLost ?? null;
    const worse = loss === null || lossUp === null ? (loss ?? lossUp) : Math.max(loss, lossUp);
    this.emit("stats", { level: levelOf(rtt, worse), rtt, loss, lossUp, kind: relayed ? "relay" : "udp" });
  }

  close() {
    clearInterval(this.timer);
    clearTimeout(this.losing);
    this.closing.abort();
    const { connection, channel, location } = this;
    this.connection = null;
    this.location = "";
    if (connection) connection.onconnectionstatechange = null;
    if (channel) channel.onclose = channel.onmessage = null;
    this.audio.srcObject = null;
    const cut = () => {
      channel?.close();
      connection?.close();
    };
    if (!location) return cut();
    // Said before the connection closes: the server would know of no such call any more.
    this.tap.note("ending", "up", `POST ${location}/hangup`);
    const key = this.key();
    const path = `v1/realtime/calls/${location.split("/").pop()}/hangup`;
    void fetch(httpUrl(path), { method: "POST", headers: key ? { Authorization: `Bearer ${key}` } : {}, keepalive: true, signal: AbortSignal.timeout(2000) })
      .then(async (response) => {
        this.tap.note("ending", "down", String(response.status));
        // A body that nobody reads counts as a request that failed.
        await response.arrayBuffer();
      })
      .catch(() => {})
      .finally(cut);
  }
}

/** @param {RTCDataChannel} channel @returns {Promise<void>} Raises `StageError`. */
function opened(channel) {
  return new Promise((resolve, reject) => {
    channel.onopen = () => resolve();
    channel.onclose = () => reject(new StageError("media", ""));
  });
}

/** Without what nobody else may have. @param {string} sdp */
function shown(sdp) {
  return sdp.split(/\r?\n/).filter((line) => line && !line.startsWith("a=ice-pwd:"));
}

/** @param {string} body */
function messageOf(body) {
  try {
    return String(JSON.parse(body).error?.message ?? "");
  } catch {
    return "";
  }
}
