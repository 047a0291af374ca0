/**
 * A WebSocket that comes back. It connects, waits and connects again, and remembers the last event it has seen, so that the
 * server can go on from there. What is said over it is not its business.
 */

import { Emitter } from "../emitter.js";
import { backoff } from "./backoff.js";
import { realtimeUrl } from "./place.js";

/**
 * `waiting`: will try again; `offline`: the browser has no network; `taken`: another connection has the session;
 * `unauthorized`: the server wants another key; `refused`: trying again by itself would not help.
 * @typedef {"idle" | "connecting" | "open" | "waiting" | "offline" | "taken" | "unauthorized" | "refused"} State
 * @typedef {{ type: string, event_id?: string } & Record<string, any>} ServerEvent
 * @typedef {{ state: State, accepted: null, event: ServerEvent, closed: { code: number, reason: string } }} ConnectionEvents
 *
 * Who listens in.
 * @typedef {object} Tap
 * @property {(url: string, protocols: string[]) => number} opening gives the connection's number
 * @property {(number: number, protocol: string, extensions: string) => void} opened
 * @property {(number: number, text: string) => void} sent
 * @property {(number: number, text: string) => void} received
 * @property {(number: number, code: number, reason: string) => void} closing by this page
 * @property {(number: number, code: number, reason: string, clean: boolean) => void} closed
 * @property {(milliseconds: number, attempt: number) => void} waiting
 */

export const CLOSED_TRY_LATER = 1013;
const CLOSED_TAKEN = 4001;
const CLOSED_UNAUTHORIZED = 4003;
// The server has understood and will not have it: policy, too big, not text, protocol error.
const CLOSED_FOR_CAUSE = new Set([1002, 1003, 1007, 1008, 1009]);
const MOST_REFUSALS = 2;
// An attempt that is neither accepted nor refused: some networks swallow packets.
const CONNECT_MS = 15_000;

/** @extends {Emitter<ConnectionEvents>} */
export class Connection extends Emitter {
  /**
   * @param {object} options
   * @param {string} options.model
   * @param {string} options.token of the session to resume; empty begins a new one
   * @param {string} options.lastEventId the last event seen of it
   * @param {() => string} options.key
   * @param {() => Promise<"fine" | "unauthorized" | "unreachable">} options.diagnose why a connection was not accepted
   * @param {Tap} options.tap
   */
  constructor({ model, token, lastEventId, key, diagnose, tap }) {
    super();
    this.model = model;
    this.token = token;
    this.lastEventId = lastEventId;
    this.key = key;
    this.diagnose = diagnose;
    this.tap = tap;
    /** @type {State} */
    this.state = "idle";
    /** @type {WebSocket | null} */
    this.socket = null;
    this.number = 0;
    this.attempt = 0;
    this.retryAt = 0;
    this.timer = 0;
    this.watching = new AbortController();
    const { signal } = this.watching;
    addEventListener("online", () => this.hurry(), { signal });
    addEventListener("offline", () => this.state === "waiting" && this.become("offline"), { signal });
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.hurry(), { signal });
  }

  /** Connect now, whatever the state. */
  open() {
    this.drop();
    clearTimeout(this.timer);
    const query = { model: this.model, resume: this.token || "new" };
    if (this.token && this.lastEventId) Object.assign(query, { last_event_id: this.lastEventId });
    const url = realtimeUrl(query);
    const key = this.key();
    const protocols = key ? ["realtime", `openai-insecure-api-key.${key}`] : ["realtime"];
    this.number = this.tap.opening(url, protocols);
    this.become("connecting");
    this.listen(new WebSocket(url, protocols), this.number);
  }

  /** @param {WebSocket} socket @param {number} number */
  listen(socket, number) {
    this.socket = socket;
    let accepted = false;
    this.timer = setTimeout(() => this.reset(), CONNECT_MS);
    socket.onopen = () => {
      accepted = true;
      clearTimeout(this.timer);
      this.tap.opened(number, socket.protocol, socket.extensions);
      if (socket === this.socket) this.emit("accepted", null);
    };
    socket.onmessage = ({ data }) => {
      this.tap.received(number, data);
      const event = parse(data);
      if (event && socket === this.socket) this.hear(event);
    };
    socket.onclose = ({ code, reason, wasClean }) => {
      this.tap.closed(number, code, reason, wasClean);
      if (socket === this.socket) void this.lost(code, reason, accepted);
    };
  }

  /** @param {ServerEvent} event */
  hear(event) {
    // The greeting of a resumed session stands outside the numbered events.
    if (event.type !== "salon.session.resumed") this.lastEventId = event.event_id ?? this.lastEventId;
    // Open is a connection that talks, not one that was accepted: a proxy may accept for a server that is away.
    if (this.state === "connecting") {
      this.attempt = 0;
      this.become("open");
    }
    this.emit("event", event);
  }

  /** Send if connected. @param {object} event @returns {boolean} whether it went out */
  send(event) {
    if (this.state !== "open" || this.socket?.readyState !== WebSocket.OPEN) return false;
    const text = JSON.stringify(event);
    this.socket.send(text);
    this.tap.sent(this.number, text);
    return true;
  }

  /** Say good-bye. @param {string} reason */
  close(reason) {
    this.watching.abort();
    clearTimeout(this.timer);
    const { socket } = this;
    this.socket = null;
    if (socket && socket.readyState < WebSocket.CLOSING) {
      this.tap.closing(this.number, 1000, reason);
      socket.close(1000, reason);
    }
    this.become("idle");
  }

  /** Give up a connection that does not answer, and make another. */
  reset() {
    this.open();
  }

  /** Try now instead of later, if it waits. */
  hurry() {
    if (this.state === "waiting" || this.state === "offline") this.open();
  }

  /** Leave the socket there is; its end is of no interest any more. */
  drop() {
    const { socket } = this;
    this.socket = null;
    if (socket && socket.readyState < WebSocket.CLOSING) {
      this.tap.closing(this.number, 4000, "no answer");
      socket.close(4000, "no answer");
    }
  }

  /** @param {number} code @param {string} reason @param {boolean} accepted */
  async lost(code, reason, accepted) {
    this.socket = null;
    clearTimeout(this.timer);
    this.emit("closed", { code, reason });
    if (code === CLOSED_TAKEN) return this.become("taken");
    if (code === CLOSED_UNAUTHORIZED) return this.become("unauthorized");
    if (CLOSED_FOR_CAUSE.has(code)) return this.become("refused");
    if (!accepted && navigator.onLine) {
      // To a page, HTTP 401 looks like a broken connection.
      const number = this.number;
      const why = await this.diagnose();
      if (this.watching.signal.aborted || number !== this.number) return;
      if (why === "unauthorized") return this.become("unauthorized");
      // The server is well and lets this page in, but not to this model.
      if (why === "fine" && this.attempt >= MOST_REFUSALS) return this.become("refused");
    }
    this.later(code === CLOSED_TRY_LATER);
  }

  /** @param {boolean} busy */
  later(busy) {
    const wait = backoff(this.attempt, busy);
    this.attempt += 1;
    this.retryAt = Date.now() + wait;
    this.tap.waiting(wait, this.attempt);
    this.become(navigator.onLine ? "waiting" : "offline");
    // Also while offline: the browser is not always right about that.
    this.timer = setTimeout(() => this.open(), wait);
  }

  /** @param {State} state */
  become(state) {
    if (this.state === state) return;
    this.state = state;
    this.emit("state", state);
  }
}

/** @param {string} text @returns {ServerEvent | null} */
function parse(text) {
  try {
    const event = JSON.parse(text);
    return typeof event?.type === "string" ? event : null;
  } catch {
    return null;
  }
}
