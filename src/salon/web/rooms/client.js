/**
 * The page's own client of rooms: one WebSocket in the Centrifuge protocol that comes back, and finds what it missed.
 *
 *     const client = new RoomsClient({ data: () => ({ user: "ada" }) });
 *     const chat = client.subscribe("lobby/chat");
 *     chat.on("publication", ({ data, offset, info }) => …);
 *     client.connect();
 *     await client.deliver("lobby/chat", { text: "hello" }, newId("msg"));
 *
 * Commands may be given before there is a connection: subscriptions are made when there is one, `deliver` is kept until the server
 * has it, the others (`publish`, `rpc`, `history`, `presence`) reject with code `LOST` while there is none.
 */

import { Emitter } from "../emitter.js";
import { backoff } from "../realtime/backoff.js";
import { Outgoing } from "./outgoing.js";
import { LOST, RoomsError, TOKEN_EXPIRED, UNAUTHORIZED, parse, roomsUrl, verdict } from "./protocol.js";
import { Subscription } from "./subscription.js";

/** @typedef {import("./protocol.js").Frame} Frame */
/** @typedef {import("./protocol.js").HistoryResult} HistoryResult */
/** @typedef {import("./protocol.js").Info} Info */
/** @typedef {import("./protocol.js").Position} Position */

/**
 * `waiting`: will try again; `offline`: the browser has no network; `taken`: the same device is connected elsewhere;
 * `unauthorized`: another key or token is wanted; `refused`: trying again by itself would not help.
 * @typedef {"idle" | "connecting" | "open" | "waiting" | "offline" | "taken" | "unauthorized" | "refused"} State
 *
 * @typedef {object} Options
 * @property {string} [url]
 * @property {() => string | Promise<string>} [token] asked before each connection, and when the last one is about to end
 * @property {() => object} [data] of the connect command: `user`, `info`, `device`
 * @property {import("../realtime/connection.js").Tap | null} [tap] who listens in
 * @property {(url: string) => WebSocket} [open]
 */

// An attempt that is neither accepted nor refused, a command without an answer: some networks swallow packets.
const PATIENCE_MS = 12_000;
// Of what is on its way to the server as much leaves in a millisecond, at least; whether anybody is there, pings tell.
const SLOWEST_UPLINK = 8;
// Beyond the interval at which the server says that it is there.
const PING_GRACE_MS = 10_000;
const LONGEST_TIMER_MS = 2 ** 31 - 1;
const BUSY = new Set([1013, 3013]);

/** @extends {Emitter<{ state: State, connected: { client: string, user: string }, closed: { code: number, reason: string } }>} */
export class RoomsClient extends Emitter {
  /** @param {Options} [options] */
  constructor({ url, token = () => "", data = () => ({}), tap = null, open = (address) => new WebSocket(address) } = {}) {
    super();
    this.url = url ?? roomsUrl();
    this.token = token;
    this.data = data;
    this.tap = tap;
    this.openSocket = open;
    /** @type {State} */
    this.state = "idle";
    /** This connection's name, and whose it is. */
    this.client = "";
    this.user = "";
    /** @type {Map<string, Subscription>} */
    this.subscriptions = new Map();
    this.outgoing = new Outgoing(this);
    /** @type {WebSocket | null} */
    this.socket = null;
    this.number = 0;
    this.nextId = 1;
    /** @type {Map<number, { method: string, size: number, resolve: (result: any) => void, reject: (error: Error) => void }>} */
    this.asked = new Map();
    this.attempt = 0;
    this.retryAt = 0;
    this.timer = 0;
    this.patience = 0;
    this.pulse = 0;
    this.refreshing = 0;
    this.pingMs = 0;
    this.pong = false;
    this.watching = new AbortController();
  }

  /** Connect, and stay connected until `disconnect`. */
  connect() {
    if (this.state !== "idle" && this.state !== "taken" && this.state !== "unauthorized" && this.state !== "refused") return;
    this.watching.abort();
    this.watching = new AbortController();
    const { signal } = this.watching;
    globalThis.addEventListener?.("online", () => this.hurry(), { signal });
    globalThis.addEventListener?.("offline", () => this.state === "waiting" && this.become("offline"), { signal });
    globalThis.document?.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.hurry(), { signal });
    this.attempt = 0;
    void this.open();
  }

  /** Leave for good. Subscriptions stay as they are, and are made again by `connect`. @param {string} [reason] */
  disconnect(reason = "left") {
    this.watching.abort();
    this.drop(1000, reason);
    this.become("idle");
  }

  /** Try now instead of later, if it waits. */
  hurry() {
    if (this.state === "waiting" || this.state === "offline") void this.open();
  }

  /**
   * Hear a channel. The same channel twice is one subscription.
   *
   * @param {string} channel
   * @param {ConstructorParameters<typeof Subscription>[1]} [options]
   */
  subscribe(channel, options) {
    const known = this.subscriptions.get(channel);
    if (known) return known;
    const subscription = new Subscription(channel, options);
    this.subscriptions.set(channel, subscription);
    if (this.state === "open") void this.ask(subscription);
    return subscription;
  }

  /** @param {string} channel */
  unsubscribe(channel) {
    const subscription = this.subscriptions.get(channel);
    if (!subscription) return;
    this.subscriptions.delete(channel);
    if (subscription.state !== "ended" && this.state === "open") void this.command("unsubscribe", { channel }).catch(() => {});
    subscription.become("ended");
  }

  /** Say something once, whatever becomes of it on the way. @param {string} channel @param {unknown} data @returns {Promise<void>} */
  publish(channel, data) {
    return this.command("publish", { channel, data });
  }

  /**
   * Say something for certain: kept here until the server has kept it, over lost connections too, and never twice.
   *
   * @param {string} channel of a `log`
   * @param {unknown} data
   * @param {string} key its own name, by which the server knows it again
   */
  deliver(channel, data, key) {
    return this.outgoing.add(channel, data, key);
  }

  /** @param {string} method @param {unknown} data @returns {Promise<any>} */
  async rpc(method, data) {
    return (await this.command("rpc", { method, data }))?.data;
  }

  /**
   * A page of a log. `limit` 0 asks for the position only. With `reverse` the newest comes first, and `since` is what lies behind it.
   *
   * @param {string} channel
   * @param {{ limit?: number, since?: Position, reverse?: boolean }} [page]
   * @returns {Promise<HistoryResult>}
   */
  async history(channel, { limit = 0, since, reverse } = {}) {
    const request = { channel, limit, ...(since ? { since } : {}), ...(reverse ? { reverse } : {}) };
    const { publications = [], epoch = "", offset = 0 } = await this.command("history", request);
    return { publications, epoch, offset };
  }

  /** Who hears this channel, by their connections' names. @param {string} channel @returns {Promise<Record<string, Info>>} */
  async presence(channel) {
    return (await this.command("presence", { channel })).presence ?? {};
  }

  /** What others see beside this client's name in a room. @param {string} room @param {object} attributes */
  setAttributes(room, attributes) {
    return this.rpc("attributes", { room, attributes });
  }

  // --- one connection

  async open() {
    this.drop(4000, "no answer");
    this.become("connecting");
    const { signal } = this.watching;
    let token;
    try {
      token = await this.token();
    } catch {
      if (!signal.aborted && this.state === "connecting") this.later(false);
      return;
    }
    if (signal.aborted || this.state !== "connecting" || this.socket) return;
    const socket = (this.socket = this.openSocket(this.url));
    const number = (this.number = this.tap?.opening(this.url, []) ?? 0);
    this.patience = setTimeout(() => this.reset(), PATIENCE_MS);
    socket.onopen = () => {
      this.tap?.opened(number, socket.protocol, socket.extensions);
      if (socket === this.socket) void this.greet(token);
    };
    socket.onmessage = ({ data }) => {
      this.tap?.received(number, data);
      if (socket === this.socket) this.hear(data);
    };
    socket.onclose = ({ code, reason, wasClean }) => {
      this.tap?.closed(number, code, reason, wasClean);
      if (socket === this.socket) this.lost(code, reason);
    };
  }

  /** @param {string} token */
  async greet(token) {
    const data = this.data();
    try {
      const result = await this.command("connect", { ...(token ? { token } : {}), data, name: "salon-page" }, { early: true });
      this.client = result.client;
      this.user = result.data?.user ?? "";
      this.pingMs = (result.ping ?? 0) * 1000;
      this.pong = result.pong === true;
      if (result.expires) this.refreshLater(result.ttl);
    } catch (error) {
      const { code } = /** @type {RoomsError} */ (error);
      if (code === LOST) return;
      this.drop(1000, "turned away");
      if (code === TOKEN_EXPIRED) return this.later(false);
      this.become(code === UNAUTHORIZED ? "unauthorized" : "refused");
      return;
    }
    clearTimeout(this.patience);
    this.attempt = 0;
    this.beat();
    this.become("open");
    this.emit("connected", { client: this.client, user: this.user });
    for (const subscription of this.subscriptions.values()) if (subscription.state !== "ended") void this.ask(subscription);
  }

  /** @param {Subscription} subscription */
  async ask(subscription) {
    // At once when it is there, not a promise later: the first publications may stand in the same frame.
    const answered = (/** @type {import("./protocol.js").SubscribeResult} */ result) => {
      // It may have been given up meanwhile, or made anew.
      if (this.subscriptions.get(subscription.channel) === subscription) subscription.accept(result);
    };
    try {
      await this.command("subscribe", subscription.request(), { answered });
    } catch (error) {
      const { code, message, temporary } = /** @type {RoomsError} */ (error);
      if (code === LOST || this.subscriptions.get(subscription.channel) !== subscription) return;
      if (!temporary) return subscription.end(code, message);
      const { signal } = this.watching;
      setTimeout(() => !signal.aborted && this.state === "open" && subscription.state === "subscribing" && void this.ask(subscription), 2_000);
    }
  }

  /**
   * @param {string} method
   * @param {object} body
   * @param {{ early?: boolean, answered?: (result: any) => void }} [how] `early`: before the connection counts as open
   * @returns {Promise<any>}
   */
  command(method, body, { early = false, answered = () => {} } = {}) {
    const { socket } = this;
    // WebSocket.OPEN is 1.
    if (!socket || socket.readyState !== 1 || (!early && this.state !== "open")) {
      return Promise.reject(new RoomsError({ code: LOST, message: "There is no connection." }));
    }
    const id = this.nextId;
    this.nextId += 1;
    const text = JSON.stringify({ id, [method]: body });
    let ahead = text.length;
    for (const { size } of this.asked.values()) ahead += size;
    return new Promise((resolve, reject) => {
      const patience = setTimeout(() => this.asked.has(id) && this.reset(), PATIENCE_MS + ahead / SLOWEST_UPLINK);
      this.asked.set(id, {
        method,
        size: text.length,
        resolve: (result) => {
          clearTimeout(patience);
          answered(result);
          resolve(result);
        },
        reject: (error) => {
          clearTimeout(patience);
          reject(error);
        },
      });
      this.say(text);
    });
  }

  /** @param {string} text */
  say(text) {
    this.socket?.send(text);
    this.tap?.sent(this.number, text);
  }

  /** @param {string} text */
  hear(text) {
    this.beat();
    for (const frame of parse(text)) {
      if (frame.id) this.answered(frame);
      else if (frame.push) this.pushed(frame.push);
      else if (this.pong && !Object.keys(frame).length) this.say("{}");
    }
  }

  /** @param {Frame} frame */
  answered(frame) {
    const asked = this.asked.get(frame.id ?? 0);
    if (!asked) return;
    this.asked.delete(frame.id ?? 0);
    if (frame.error) asked.reject(new RoomsError(frame.error));
    else asked.resolve(frame[asked.method] ?? {});
  }

  /** @param {any} push */
  pushed(push) {
    if (push.refresh) return this.refreshLater(push.refresh.ttl);
    const subscription = this.subscriptions.get(push.channel);
    if (subscription?.push(push)) void this.ask(subscription);
  }

  // --- time

  /** The server is there. */
  beat() {
    clearTimeout(this.pulse);
    if (this.pingMs) this.pulse = setTimeout(() => this.reset(), this.pingMs + PING_GRACE_MS);
  }

  /** @param {number} seconds until the token ends */
  refreshLater(seconds) {
    clearTimeout(this.refreshing);
    if (seconds > 0) this.refreshing = setTimeout(() => void this.refresh(), Math.min(seconds * 900, LONGEST_TIMER_MS));
  }

  async refresh() {
    try {
      const result = await this.command("refresh", { token: await this.token() });
      if (result.expires) this.refreshLater(result.ttl);
    } catch {
      // The server ends the connection in time, and the next one begins with a token of its own.
    }
  }

  /** Give up a connection that does not answer, and make another. */
  reset() {
    this.drop(4000, "no answer");
    this.later(false);
  }

  /** Leave the socket there is; its end is of no interest any more. @param {number} code @param {string} reason */
  drop(code, reason) {
    for (const timer of [this.timer, this.patience, this.pulse, this.refreshing]) clearTimeout(timer);
    const { socket } = this;
    this.socket = null;
    if (socket && socket.readyState < 2) {
      this.tap?.closing(this.number, code, reason);
      socket.close(code, reason);
    }
    const asked = [...this.asked.values()];
    this.asked.clear();
    for (const subscription of this.subscriptions.values()) if (subscription.state === "subscribed") subscription.become("subscribing");
    for (const { reject } of asked) reject(new RoomsError({ code: LOST, message: "The connection was lost." }));
  }

  /** @param {number} code @param {string} reason */
  lost(code, reason) {
    this.drop(1000, reason);
    this.emit("closed", { code, reason });
    const asks = verdict(code);
    if (asks === "again") this.later(BUSY.has(code));
    else this.become(asks);
  }

  /** @param {boolean} busy */
  later(busy) {
    const wait = backoff(this.attempt, busy);
    this.attempt += 1;
    this.retryAt = Date.now() + wait;
    this.tap?.waiting(wait, this.attempt);
    this.become(globalThis.navigator?.onLine === false ? "offline" : "waiting");
    // Also while offline: the browser is not always right about that.
    this.timer = setTimeout(() => void this.open(), wait);
  }

  /** @param {State} state */
  become(state) {
    if (this.state === state) return;
    this.state = state;
    this.emit("state", state);
  }
}
