/**
 * One connection to one other browser: offer and answer without collisions (the W3C's "perfect negotiation"), candidates, and
 * new paths when the network changes. What it carries is not its business.
 *
 * To another page of Salon it says more than PeerJS knows, inside the payload of ANSWER: `{salon: {kind: …}}`. A client of PeerJS
 * is never told such a thing.
 */

import { Emitter } from "../emitter.js";
import { iceServers } from "./ice.js";

/** @typedef {import("./signaling.js").Signaling} Signaling */
/** @typedef {import("./signaling.js").Message} Message */

// A path that is silent for so long may come back by itself; then another is looked for.
const PATIENCE_MS = 2_500;
const RETRY_MS = 6_000;
// Both notice at once. One begins, for each restart throws away what the other's has found so far.
const TURN_MS = 2_000;
const MOST_CANDIDATES = 256;

/** @extends {Emitter<{ state: RTCPeerConnectionState, said: Record<string, any>, offered: Message, gone: string }>} */
export class Link extends Emitter {
  /**
   * @param {object} options
   * @param {Signaling} options.signaling
   * @param {string} options.other
   * @param {"media" | "data"} options.type
   * @param {string} options.connectionId
   * @param {boolean} options.ours whether the other end is a page of Salon
   * @param {number} options.patience milliseconds without a path before it is given up
   * @param {RTCIceTransportPolicy} [options.policy]
   */
  constructor({ signaling, other, type, connectionId, ours, patience, policy = "all" }) {
    super();
    this.signaling = signaling;
    this.trace = signaling.trace;
    this.other = other;
    this.type = type;
    this.connectionId = connectionId;
    this.ours = ours;
    this.patience = patience;
    this.policy = policy;
    this.polite = signaling.id < other;
    this.pc = new RTCPeerConnection({ iceTransportPolicy: policy });
    this.started = false;
    this.makingOffer = false;
    this.ignoring = false;
    this.closed = false;
    this.left = false;
    this.detached = false;
    /** @type {Record<string, unknown>} what goes with the first offer or answer */
    this.extra = {};
    /** @type {RTCIceCandidateInit[]} */
    this.early = [];
    this.timer = 0;
    this.since = 0;
    /** One message is done with before the next is looked at. */
    this.order = Promise.resolve();
    this.pc.onicecandidate = ({ candidate }) => candidate && this.tell("CANDIDATE", { candidate: candidate.toJSON() });
    this.pc.onnegotiationneeded = () => void this.offer();
    this.pc.oniceconnectionstatechange = () => this.watch();
    this.pc.onconnectionstatechange = () => {
      if (this.closed) return;
      this.trace.here(`${this.pc.connectionState}`, { connectionState: this.pc.connectionState, with: this.other }, this.pc.connectionState === "failed");
      this.emit("state", this.pc.connectionState);
    };
    const changed = new AbortController();
    this.release = () => changed.abort();
    addEventListener("online", () => this.restart(), { signal: changed.signal });
    /** @type {any} */ (navigator).connection?.addEventListener?.("change", () => this.restart(), { signal: changed.signal });
  }

  get connected() {
    return this.pc.iceConnectionState === "connected" || this.pc.iceConnectionState === "completed";
  }

  /** Say the first offer. */
  async start() {
    await this.configure();
    this.started = true;
    await this.offer();
  }

  /** Take the first offer of the other end. @param {any} sdp @param {() => void} prepare once the sections are known, before the answer */
  async accept(sdp, prepare) {
    await this.configure();
    if (this.closed) return;
    this.started = true;
    await this.pc.setRemoteDescription(sdp);
    prepare();
    await this.answer();
    await this.late();
  }

  async configure() {
    const servers = await iceServers();
    if (!this.closed) this.pc.setConfiguration({ iceServers: servers, iceTransportPolicy: this.policy });
  }

  async offer() {
    // A client of PeerJS takes a second offer for a new call.
    if (!this.started || this.closed || (!this.ours && this.pc.remoteDescription)) return;
    try {
      this.makingOffer = true;
      await this.pc.setLocalDescription();
      if (this.closed || this.pc.localDescription?.type !== "offer") return;
      this.tell("OFFER", { sdp: this.pc.localDescription, ...this.extra });
    } catch (error) {
      this.trace.here("offer failed", { error: String(error) });
    } finally {
      this.makingOffer = false;
    }
  }

  async answer() {
    await this.pc.setLocalDescription();
    if (!this.closed) this.tell("ANSWER", { sdp: this.pc.localDescription, ...this.extra });
  }

  /** A message of the other end for this connection. @param {Message} message */
  hear(message) {
    this.order = this.order.then(() => this.take(message)).catch((error) => this.trace.here("not understood", { error: String(error) }));
  }

  /** @param {Message} message */
  async take({ type, payload }) {
    if (this.closed) return;
    // Nobody but a page of Salon answers so.
    if (payload.salon && type === "ANSWER") this.ours = true;
    if (payload.salon?.kind === "gone") return this.emit("gone", "left");
    if (payload.salon?.kind) return this.emit("said", payload.salon);
    if (this.detached) return;
    if (type === "CANDIDATE") return this.candidate(payload.candidate);
    if (type !== "OFFER" && type !== "ANSWER") return;
    const description = /** @type {RTCSessionDescriptionInit} */ ({ type: type === "OFFER" ? "offer" : "answer", sdp: String(payload.sdp?.sdp ?? "") });
    const collides = type === "OFFER" && (this.makingOffer || this.pc.signalingState !== "stable");
    this.ignoring = collides && !this.polite;
    if (this.ignoring || (type === "ANSWER" && this.pc.signalingState !== "have-local-offer")) return;
    if (payload.salon) this.emit("said", payload.salon);
    if (type === "OFFER" && this.timer) this.lookAgain();
    await this.pc.setRemoteDescription(description);
    if (type === "OFFER") await this.answer();
    await this.late();
  }

  /** @param {RTCIceCandidateInit | undefined} candidate */
  async candidate(candidate) {
    if (!candidate) return;
    if (!this.pc.remoteDescription) {
      if (this.early.length < MOST_CANDIDATES) this.early.push(candidate);
      return;
    }
    try {
      await this.pc.addIceCandidate(candidate);
    } catch (error) {
      if (!this.ignoring) throw error;
    }
  }

  /** Candidates may overtake the description they belong to. */
  async late() {
    for (const candidate of this.early.splice(0)) await this.candidate(candidate);
  }

  /** Look for another path. The old one carries on until there is one. */
  restart() {
    if (this.closed || this.detached || !this.ours || !this.started || !this.pc.remoteDescription) return;
    this.trace.here("ICE restart", { with: this.other });
    // New credentials for the relays first: the old ones may have ended.
    void this.configure().then(() => !this.closed && this.pc.restartIce());
  }

  /** There is no path between the two: they go on by another way, and say here what they need to say about it. */
  detach() {
    this.detached = true;
    clearTimeout(this.timer);
    this.trace.here("no direct path", { iceConnectionState: this.pc.iceConnectionState, with: this.other });
    this.pc.close();
    // What a closed connection was asked for never ends.
    this.order = Promise.resolve();
  }

  watch() {
    if (this.closed || this.detached) return;
    const { iceConnectionState: state } = this.pc;
    this.trace.here(`ICE ${state}`, { iceConnectionState: state, with: this.other });
    if (this.connected) {
      clearTimeout(this.timer);
      this.since = this.timer = 0;
      this.left = false;
    } else if (state === "disconnected" || state === "failed") {
      this.since ||= performance.now();
      if (!this.timer) this.timer = setTimeout(() => this.mend(), (state === "failed" ? 0 : PATIENCE_MS) + (this.polite ? 0 : TURN_MS));
    }
  }

  mend() {
    this.timer = 0;
    if (this.closed || this.connected) return;
    // Who has also left the signaling server is gone.
    if (this.left || !this.ours || performance.now() - this.since > this.patience) return this.emit("gone", this.left ? "left" : "lost");
    this.restart();
    this.lookAgain();
  }

  /** Another path is being looked for, by this end or the other: see later what came of it. */
  lookAgain() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.mend(), RETRY_MS);
  }

  /** The server says that the other end is gone: it is, unless its media say otherwise. */
  leave() {
    // Another way tells by itself when it ends.
    if (this.detached) return;
    if (!this.connected) return this.emit("gone", "left");
    this.left = true;
  }

  /** Say something of Salon's own. @param {Record<string, unknown>} salon */
  say(salon) {
    if (this.ours) this.tell("ANSWER", { salon });
  }

  /** @param {string} type @param {Record<string, unknown>} payload */
  tell(type, payload) {
    this.signaling.say(type, this.other, { ...payload, type: this.type, connectionId: this.connectionId });
  }

  close() {
    if (this.closed) return;
    this.closed = true;
    clearTimeout(this.timer);
    this.release();
    this.pc.close();
  }
}
