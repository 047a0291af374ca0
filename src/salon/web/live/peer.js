/**
 * One WebRTC session with the server, from the offer to its end. It repairs its network path by an ICE restart; when that fails it is
 * over, and whoever made it makes another.
 */

import { Emitter } from "../emitter.js";
import { Exchange } from "./exchange.js";
import { restarted, toFragment } from "./fragment.js";
import { REPLACED, Refusal } from "./refusal.js";

/** @typedef {"new" | "connecting" | "connected" | "repairing" | "over"} PeerState */

// "disconnected" may heal by itself within moments.
const HEAL_MS = 1_500;
const REPAIR_MS = 8_000;
const CONNECT_MS = 15_000;
// Candidates that come together go together.
const GATHER_MS = 100;

/** @extends {Emitter<{ state: PeerState }>} */
export class LivePeer extends Emitter {
  /**
   * @param {string} endpoint
   * @param {string} key
   * @param {import("./trace.js").Trace} trace
   */
  constructor(endpoint, key, trace) {
    super();
    this.exchange = new Exchange(endpoint, key);
    this.trace = trace;
    /** @type {PeerState} */
    this.state = "new";
    /** Why it is over. @type {Error | null} */
    this.error = null;
    /** @type {RTCPeerConnection} */
    this.connection = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
    /** @type {string[]} */
    this.candidates = [];
    this.gathered = false;
    this.timer = 0;
    this.flushing = 0;
    this.line = 0;
  }

  /** What is offered. @param {RTCPeerConnection} _connection */
  prepare(_connection) {}

  /** Whether the server may answer with an offer of its own. */
  get takesCounter() {
    return false;
  }

  /** Resolves when the answer is there; then `state` says how it goes on. Raises what `Exchange.offer` raises. */
  async start() {
    this.become("connecting");
    try {
      await this.open();
      this.timer = setTimeout(() => this.end("no connection"), CONNECT_MS);
    } catch (error) {
      this.end("refused", error instanceof Error ? error : new Error(String(error)));
      throw error;
    }
  }

  async open() {
    const { exchange } = this;
    const iceServers = await exchange.discover();
    if (this.over) return;
    this.watch(this.connection, iceServers);
    this.prepare(this.connection);
    await this.connection.setLocalDescription();
    const sdp = this.connection.localDescription?.sdp ?? "";
    this.line = this.trace.offer(exchange.endpoint, sdp);
    const answer = await this.asked(() => exchange.offer(sdp, this.takesCounter));
    if (this.over) return exchange.leave();
    this.trace.answer(this.line, answer.sdp, exchange.id, answer.counter);
    if (answer.counter) await this.accept(answer.sdp, iceServers);
    else await this.connection.setRemoteDescription({ type: "answer", sdp: answer.sdp });
    this.flush();
  }

  /** The server's offer instead of ours: its codecs are the ones that there are. @param {string} offer @param {RTCIceServer[]} iceServers */
  async accept(offer, iceServers) {
    this.connection.close();
    this.connection = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
    this.candidates = [];
    this.watch(this.connection, iceServers);
    await this.connection.setRemoteDescription({ type: "offer", sdp: offer });
    await this.connection.setLocalDescription();
    const sdp = this.connection.localDescription?.sdp ?? "";
    this.trace.patched(this.line, "answer", sdp);
    await this.asked(() => this.exchange.answer(sdp));
  }

  /** @template T @param {() => Promise<T>} ask @returns {Promise<T>} */
  async asked(ask) {
    try {
      return await ask();
    } catch (error) {
      this.trace.refused(this.line, error);
      throw error;
    }
  }

  /** @param {RTCPeerConnection} connection @param {RTCIceServer[]} iceServers */
  watch(connection, iceServers) {
    if (iceServers.length) connection.setConfiguration({ ...connection.getConfiguration(), iceServers });
    connection.addEventListener("icecandidate", ({ candidate }) => {
      if (candidate?.candidate) this.candidates.push(candidate.candidate);
      else if (!candidate) this.gathered = true;
      this.flushing ||= setTimeout(() => this.flush(), GATHER_MS);
    });
    connection.addEventListener("iceconnectionstatechange", () => this.trace.ice(this.line, connection.iceConnectionState));
    connection.addEventListener("connectionstatechange", () => this.follow(connection));
  }

  flush() {
    clearTimeout(this.flushing);
    this.flushing = 0;
    const { exchange } = this;
    // Before there is an answer nobody knows whether candidates are wanted.
    if (!exchange.session || !exchange.trickles || this.over || (!this.candidates.length && !this.gathered)) return;
    const batch = this.candidates.splice(0);
    const complete = this.gathered;
    this.gathered = false;
    this.trace.candidates(this.line, batch, complete);
    // The server needs none of ours to be reached, so that a refusal costs nothing.
    exchange.trickle(toFragment(this.connection.localDescription?.sdp ?? "", batch, complete)).catch(() => undefined);
  }

  /** @param {RTCPeerConnection} connection */
  follow(connection) {
    if (connection !== this.connection || this.over) return;
    switch (connection.connectionState) {
      case "connected":
        clearTimeout(this.timer);
        this.watchDtls(connection);
        return this.become("connected");
      case "disconnected":
        clearTimeout(this.timer);
        this.timer = setTimeout(() => void this.repair(), HEAL_MS);
        return;
      case "failed":
        return void this.repair();
    }
  }

  /** The server ends a session by ending DTLS: `connectionState` alone would take ICE's seconds to notice. @param {RTCPeerConnection} connection */
  watchDtls(connection) {
    const transport = [...connection.getSenders(), ...connection.getReceivers()].find((each) => each.transport)?.transport;
    if (!transport || this.state === "repairing") return;
    this.trace.dtls(this.line, transport.state);
    transport.addEventListener("statechange", () => {
      if (this.over || connection !== this.connection) return;
      this.trace.dtls(this.line, transport.state);
      if (transport.state === "closed" || transport.state === "failed") void this.ended();
    });
  }

  /** The server has ended it, and knows why. */
  async ended() {
    const { id, session } = this.exchange;
    const room = new URL(session || this.exchange.endpoint).pathname.split("/").at(session ? -2 : -1) ?? "";
    const why = await this.trace.endOf(room, id);
    this.end("the server closed it", why === REPLACED ? new Refusal(409, REPLACED, "", 0) : null);
  }

  /** New credentials for ICE and a search for a path, media as it was (RFC 9725 section 4.3.3). */
  async repair() {
    if (this.over || this.state === "repairing") return;
    clearTimeout(this.timer);
    const { connection, exchange } = this;
    const before = connection.currentRemoteDescription;
    if (this.state !== "connected" || before?.type !== "answer" || !exchange.trickles) return this.end("connection lost");
    this.become("repairing");
    this.timer = setTimeout(() => this.end("connection lost"), REPAIR_MS);
    try {
      await connection.setLocalDescription(await connection.createOffer({ iceRestart: true }));
      this.candidates = [];
      const fragment = toFragment(connection.localDescription?.sdp ?? "", [], false);
      this.trace.patched(this.line, "ICE restart", fragment);
      const answer = await exchange.restart(fragment);
      const sdp = restarted(before.sdp, answer);
      if (!sdp) throw new Error("the restart was answered without credentials");
      await connection.setRemoteDescription({ type: "answer", sdp });
      this.flush();
    } catch {
      // Nothing is refused by that: a server that has lost the session may take the next one.
      this.end("connection lost");
    }
  }

  get over() {
    return this.state === "over";
  }

  /** Leave, on purpose. */
  stop() {
    this.end("left");
  }

  /** @param {string} reason @param {Error | null} [error] */
  end(reason, error = null) {
    if (this.over) return;
    clearTimeout(this.timer);
    clearTimeout(this.flushing);
    this.error = error;
    const { connection } = this;
    // Closing says goodbye in DTLS, which without DELETE before it is a publisher that may come back.
    const deletes = this.exchange.session !== "";
    const left = this.exchange.leave().finally(() => connection.close());
    this.trace.closed(this.line, reason, deletes, left);
    this.become("over");
  }

  /** @param {PeerState} state */
  become(state) {
    if (this.state === state) return;
    this.state = state;
    this.emit("state", state);
  }
}
