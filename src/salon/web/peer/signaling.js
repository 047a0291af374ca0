/**
 * The way to other browsers: PeerJS's signaling protocol over a WebSocket that comes back. What is said while it is away waits
 * for it, up to a bound. docs/reference/peerjs.md has the messages.
 */

import { Emitter } from "../emitter.js";
import { backoff } from "../realtime/backoff.js";

/**
 * `taken`: another tab came with this id; `refused`: the server will not have it, `why` says why.
 * @typedef {"idle" | "connecting" | "open" | "waiting" | "taken" | "refused"} State
 * @typedef {{ type: string, src: string, dst: string, payload: Record<string, any> }} Message
 * @typedef {import("./identity.js").Identity} Identity
 */

const HEARTBEAT_MS = 5_000;
const MOST_WAITING = 256;
const CAME_BACK = 4001;
const VIOLATION = 1008;
const TRY_LATER = 1013;

/** @extends {Emitter<{ state: State, message: Message }>} */
export class Signaling extends Emitter {
  /**
   * @param {object} options
   * @param {() => Promise<Identity>} options.identify
   * @param {(old?: string) => Identity} options.redraw
   * @param {import("./trace.js").Trace} options.trace
   */
  constructor({ identify, redraw, trace }) {
    super();
    this.identify = identify;
    this.redraw = redraw;
    this.trace = trace;
    /** @type {State} */
    this.state = "idle";
    /** @type {Identity | null} */
    this.identity = null;
    this.why = "";
    /** @type {WebSocket | null} */
    this.socket = null;
    /** @type {string[]} */
    this.waiting = [];
    this.attempt = 0;
    this.number = 0;
    this.timer = 0;
    this.beat = 0;
    addEventListener("online", () => this.state === "waiting" && void this.open());
  }

  get id() {
    return this.identity?.id ?? "";
  }

  /** Connect now. */
  async open() {
    clearTimeout(this.timer);
    this.drop();
    this.become("connecting");
    try {
      this.identity ??= await this.identify();
    } catch (error) {
      this.why = error instanceof Error ? error.message : "";
      return this.become("refused");
    }
    const url = new URL("peerjs", document.baseURI);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    url.hash = "";
    url.search = new URLSearchParams({ key: "peerjs", id: this.identity.id, token: this.identity.token, version: "salon" }).toString();
    this.number = this.trace.opening(url.href, []);
    this.listen(new WebSocket(url), this.number);
  }

  /** Be reached by another id from now on: who knows the old one reaches nobody. */
  renew() {
    this.say("LEAVE", "");
    this.redraw(this.id);
    this.restart();
  }

  /** Another key was given. */
  restart() {
    this.identity = null;
    void this.open();
  }

  /** @param {WebSocket} socket @param {number} number */
  listen(socket, number) {
    this.socket = socket;
    socket.onopen = () => this.trace.opened(number, socket.protocol, socket.extensions);
    socket.onmessage = ({ data }) => socket === this.socket && this.hear(data, number);
    socket.onclose = ({ code, reason, wasClean }) => {
      this.trace.closed(number, code, reason, wasClean);
      if (socket === this.socket) this.lost(code);
    };
  }

  /** @param {unknown} data @param {number} number */
  hear(data, number) {
    const message = parse(data);
    if (!message) return;
    switch (message.type) {
      case "OPEN":
        this.trace.heard(number, message);
        this.attempt = 0;
        this.beat = setInterval(() => this.put({ type: "HEARTBEAT" }), HEARTBEAT_MS);
        this.become("open");
        for (const text of this.waiting.splice(0)) this.socket?.send(text);
        return;
      case "ID-TAKEN":
        this.trace.heard(number, message);
        this.drop();
        if (!this.identity || this.identity.fixed) return this.become("taken");
        this.identity = this.redraw(this.id);
        return void this.open();
      case "ERROR":
        this.trace.heard(number, message);
        this.why = String(message.payload?.msg ?? "");
        return;
      default:
        this.trace.heard(number, message);
        if (typeof message.src === "string") this.emit("message", { ...message, payload: message.payload ?? {} });
    }
  }

  /** @param {string} type @param {string} dst @param {Record<string, unknown>} [payload] */
  say(type, dst, payload) {
    const message = { type, dst, ...(payload ? { payload } : {}) };
    this.trace.said(this.number, message);
    const text = JSON.stringify(message);
    if (this.state === "open") this.socket?.send(text);
    // The oldest goes first: what is said last is what still matters.
    else if (this.waiting.push(text) > MOST_WAITING) this.waiting.shift();
  }

  /** @param {object} message */
  put(message) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  /** @param {number} code */
  lost(code) {
    const refused = code === VIOLATION;
    this.drop();
    if (code === CAME_BACK) return this.become("taken");
    // A token's time may be over: the next one is asked for.
    if (this.identity?.fixed) this.identity = null;
    if (refused && this.attempt > 1) return this.become("refused");
    const wait = backoff(this.attempt, code === TRY_LATER);
    this.attempt += 1;
    this.become("waiting");
    this.trace.waiting(wait, this.attempt);
    this.timer = setTimeout(() => void this.open(), wait);
  }

  drop() {
    clearInterval(this.beat);
    const { socket } = this;
    this.socket = null;
    if (socket && socket.readyState <= WebSocket.OPEN) socket.close();
  }

  /** @param {State} state */
  become(state) {
    this.state = state;
    this.emit("state", state);
  }
}

/** @param {unknown} data @returns {Message | null} */
function parse(data) {
  try {
    const message = JSON.parse(String(data));
    return typeof message?.type === "string" ? message : null;
  } catch {
    return null;
  }
}
