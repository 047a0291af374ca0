/** Keeps a broadcast or its viewer going: when a session is over, another is made, until it is stopped or there is no point. */

import { Emitter } from "../emitter.js";
import { backoff } from "../realtime/backoff.js";
import { Refusal } from "./refusal.js";

/**
 * `waiting`: until the server, the network or the broadcast is there. `refused`: nothing is tried any more.
 * @typedef {"idle" | "connecting" | "live" | "repairing" | "waiting" | "refused" | "stopped"} LastingState
 */

/**
 * @template {import("./peer.js").LivePeer} Peer
 * @extends {Emitter<{ state: LastingState, peer: Peer }>}
 */
export class Lasting extends Emitter {
  /** @param {() => Peer} make */
  constructor(make) {
    super();
    this.make = make;
    /** @type {Peer | null} */
    this.peer = null;
    /** @type {LastingState} */
    this.state = "idle";
    /** Why it waits or was refused; null where the network is the reason. @type {Refusal | null} */
    this.refusal = null;
    /** Whether it was ever live. */
    this.wasLive = false;
    this.attempt = 0;
    this.timer = 0;
    this.leaving = new AbortController();
    // A page that is kept for "back" comes back without its sessions.
    addEventListener("pagehide", () => this.peer?.stop(), { signal: this.leaving.signal });
    addEventListener("online", () => this.hurry(), { signal: this.leaving.signal });
  }

  start() {
    if (this.state === "stopped") return;
    clearTimeout(this.timer);
    this.refusal = null;
    void this.connect();
  }

  /** Do not wait any longer. */
  hurry() {
    if (this.state === "waiting") this.start();
  }

  stop() {
    clearTimeout(this.timer);
    this.leaving.abort();
    this.become("stopped");
    this.peer?.stop();
  }

  async connect() {
    const peer = this.make();
    this.peer = peer;
    peer.on("state", (state) => peer === this.peer && this.follow(state));
    this.emit("peer", peer);
    // How it failed is told by the state.
    await peer.start().catch(() => undefined);
  }

  /** @param {import("./peer.js").PeerState} state */
  follow(state) {
    if (this.state === "stopped") return;
    switch (state) {
      case "connecting":
        return this.become("connecting");
      case "connected":
        this.attempt = 0;
        this.wasLive = true;
        return this.become("live");
      case "repairing":
        return this.become("repairing");
      case "over":
        return this.again(this.peer?.error ?? null);
    }
  }

  /** @param {Error | null} error */
  again(error) {
    this.refusal = error instanceof Refusal ? error : null;
    if (this.refusal && !this.refusal.passes) return this.become("refused");
    this.timer = setTimeout(() => this.start(), waitFor(this.refusal, this.attempt));
    this.attempt += 1;
    this.become("waiting");
  }

  /** @param {LastingState} state */
  become(state) {
    this.state = state;
    this.emit("state", state);
  }
}

/**
 * Milliseconds. What the server asks for is kept to, and a little is drawn by lot, so that a thousand viewers of a publisher that
 * comes back do not come in one moment.
 *
 * @param {Refusal | null} refusal
 * @param {number} attempt
 * @param {number} [lot] 0 to 1
 */
export function waitFor(refusal, attempt, lot = Math.random()) {
  if (refusal?.retryAfter) return Math.round(refusal.retryAfter * 1000 * (1 + lot / 2));
  return backoff(attempt, false, lot);
}
