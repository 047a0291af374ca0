/** A board fed by a room: its values from `room/feed` (newest of each key), what they mean from `room/state:about`. */

import { Emitter } from "../emitter.js";
import { Mirror } from "../rooms/mirror.js";

/** @typedef {import("./board.js").Board} Board */
/** @typedef {{ delivered: number, conflated: number }} Figures */

/** While nobody looks, values are taken over this seldom; the browser draws no pictures then. */
const HIDDEN_MS = 1000;

/** @extends {Emitter<{ state: null }>} */
export class Feed extends Emitter {
  /**
   * @param {import("../rooms/client.js").RoomsClient} client
   * @param {string} room
   * @param {Board} board
   * @param {number | null} rate deliveries a second at most; null for every change
   */
  constructor(client, room, board, rate) {
    super();
    this.client = client;
    this.room = room;
    this.board = board;
    this.rate = rate;
    this.channel = `${room}/feed`;
    this.refusal = "";
    /** @type {{ key: string, data: unknown }[]} */
    this.waiting = [];
    this.picture = 0;
    this.timer = 0;
    this.listening = new AbortController();
    const { signal } = this.listening;
    const values = client.subscribe(this.channel, { data: { rate } });
    values.on("publication", ({ data, tags }) => this.hear(tags?.key ?? "", data), signal);
    values.on("subscribed", () => this.emit("state", null), signal);
    values.on("ended", ({ reason }) => ((this.refusal = reason), this.emit("state", null)), signal);
    this.values = values;
    const about = client.subscribe(`${room}/state:about`, { state: true });
    const mirror = new Mirror(about, signal);
    mirror.on("changed", (keys) => board.describe(Object.fromEntries([...mirror.entries].filter(([key]) => !keys || keys.has(key)))), signal);
    client.on("state", () => this.emit("state", null), signal);
  }

  /** @returns {"open" | "waiting" | "lost" | "refused"} */
  get state() {
    if (this.refusal || this.client.state === "refused" || this.client.state === "unauthorized") return "refused";
    if (this.client.state === "open" && this.values.state === "subscribed") return "open";
    return this.board.rows.size ? "lost" : "waiting";
  }

  /** From now on, without a new subscription. @param {number | null} rate */
  async setRate(rate) {
    this.rate = rate;
    this.values.data = { rate };
    if (this.state === "open") await this.client.rpc("rate", { channel: this.channel, rate });
  }

  /** What the server has given and what it has skipped. @returns {Promise<Figures>} */
  figures() {
    return this.client.rpc("figures", { channel: this.channel });
  }

  /** @param {string} key @param {unknown} data */
  hear(key, data) {
    this.waiting.push({ key, data });
    if (document.visibilityState === "visible") this.picture ||= requestAnimationFrame(() => this.flush());
    else this.timer ||= setTimeout(() => this.flush(), HIDDEN_MS);
  }

  flush() {
    cancelAnimationFrame(this.picture);
    clearTimeout(this.timer);
    this.picture = this.timer = 0;
    const { waiting } = this;
    this.waiting = [];
    this.board.take(waiting, Date.now());
  }

  close() {
    this.listening.abort();
    this.client.unsubscribe(this.channel);
    this.client.unsubscribe(`${this.room}/state:about`);
    cancelAnimationFrame(this.picture);
    clearTimeout(this.timer);
  }
}
