/** The arena as this page plays it: its own player ahead of the server, the others a little behind. */

import { Emitter } from "../emitter.js";
import { Mirror } from "../rooms/mirror.js";
import { ServerTime, Track } from "./interpolation.js";
import { Prediction } from "./prediction.js";
import { TICKS } from "./rules.js";

/** @typedef {import("./rules.js").Body} Body */
/** @typedef {import("./rules.js").Move} Move */

/**
 * @typedef {object} Player
 * @property {string} id
 * @property {string} name
 * @property {number} colour
 * @property {number} score
 * @property {Body} body as the server said last
 * @property {Track} track
 */

export const CHANNEL = "arena/state";
/** A tab that slept owes no more steps than these. */
const MOST_OWED = 5;

/** @extends {Emitter<{ players: null, state: null }>} */
export class Game extends Emitter {
  /**
   * @param {import("../rooms/client.js").RoomsClient} client
   * @param {() => Move} wanted what the player wants now
   */
  constructor(client, wanted) {
    super();
    this.client = client;
    this.wanted = wanted;
    this.own = new Prediction();
    this.time = new ServerTime();
    /** @type {Map<string, Player>} */
    this.players = new Map();
    /** @type {Map<string, [number, number]>} */
    this.orbs = new Map();
    this.playing = false;
    this.name = "";
    /** The connection's name under which inputs are counted. */
    this.session = "";
    this.patches = 0;
    /** From an input to the word that it was processed, in milliseconds. */
    this.ping = NaN;
    /** @type {Map<number, number>} */
    this.sent = new Map();
    this.owed = 0;
    this.refusal = "";
    this.listening = new AbortController();
    const { signal } = this.listening;
    const subscription = client.subscribe(CHANNEL, { state: true });
    this.mirror = new Mirror(subscription, signal);
    this.mirror.on("changed", (keys) => this.hear(keys), signal);
    subscription.on("state", () => this.emit("state", null), signal);
    subscription.on("ended", ({ reason }) => ((this.refusal = reason), this.emit("state", null)), signal);
    client.on("connected", () => this.arrive(), signal);
    client.on("state", () => this.emit("state", null), signal);
    if (client.state === "open") this.arrive();
    this.subscription = subscription;
  }

  /** This page's own player; null for who only watches, or is not in yet. @returns {Player | null} */
  get me() {
    return this.playing ? (this.players.get(this.client.user) ?? null) : null;
  }

  /** Take part under this name, or change it. @param {string} name */
  join(name) {
    this.playing = true;
    this.name = name;
    this.say({ name });
  }

  /** Watch only. */
  leave() {
    this.playing = false;
    this.own.reset();
    this.say({ watch: true });
  }

  /** A new connection. The server goes on counting inputs where it still knows this page, and begins anew where not. */
  arrive() {
    this.own.reset();
    this.sent.clear();
    if (this.session !== this.client.client) this.own.sequence = 0;
    this.session = this.client.client;
    if (this.playing) this.join(this.name);
  }

  /** @param {object} input */
  say(input) {
    if (this.client.state !== "open") return;
    this.own.sequence += 1;
    void this.client.publish(CHANNEL, { sequence: this.own.sequence, input }).catch(() => {});
  }

  /** @param {Set<string> | null} keys */
  hear(keys) {
    const { entries, time, acks } = this.mirror;
    const now = performance.now();
    this.patches += 1;
    this.time.hear(time, now);
    if (!keys) {
      for (const id of this.players.keys()) if (!entries.has(`p/${id}`)) this.players.delete(id);
      this.orbs.clear();
    }
    for (const key of keys ?? entries.keys()) {
      const [kind, id] = [key.slice(0, 2), key.slice(2)];
      const value = entries.get(key);
      if (kind === "o/") value ? this.orbs.set(id, value) : this.orbs.delete(id);
      else if (kind === "p/") value ? this.place(id, value, time) : this.players.delete(id);
    }
    const acknowledged = acks[this.client.client];
    if (acknowledged !== undefined) {
      const began = this.sent.get(acknowledged);
      if (began !== undefined) this.ping = Number.isNaN(this.ping) ? now - began : this.ping + (now - began - this.ping) * 0.1;
      for (const sequence of this.sent.keys()) if (sequence <= acknowledged) this.sent.delete(sequence);
    }
    const { me } = this;
    // Between two of its own inputs a player is moved by others only, and is told so with the next patch.
    if (me && (acknowledged !== undefined || !this.own.body || keys?.has(`p/${me.id}`))) this.own.settle(me.body, acknowledged ?? 0);
    if (!me) this.own.reset();
    this.emit("players", null);
  }

  /** @param {string} id @param {any} value @param {number} time */
  place(id, value, time) {
    const [x, y, vx, vy, rest] = value.b;
    const player = this.players.get(id) ?? { id, name: "", colour: 0, score: 0, body: { x, y, vx, vy, rest }, track: new Track() };
    player.name = String(value.n);
    player.colour = Number(value.c) || 0;
    player.score = Number(value.s) || 0;
    player.body = { x, y, vx, vy, rest };
    player.track.add(time, x, y);
    this.players.set(id, player);
  }

  /** Called for each picture. @param {number} elapsed milliseconds since the last one */
  advance(elapsed) {
    this.owed = Math.min(this.owed + (elapsed * TICKS) / 1000, MOST_OWED);
    while (this.owed >= 1) {
      this.owed -= 1;
      if (this.me && this.client.state === "open") this.play();
    }
  }

  play() {
    const said = this.own.play(this.wanted());
    if (!said) return;
    this.sent.set(said.sequence, performance.now());
    void this.client.publish(CHANNEL, { sequence: said.sequence, input: said.move }).catch(() => {});
  }

  /** Where to draw whom now. @param {number} now of `performance.now()` */
  *seen(now) {
    const { me } = this;
    const time = this.time.show(now);
    for (const player of this.players.values()) {
      const place = player === me ? this.own.at(Math.min(this.owed, 1)) : player.track.at(time);
      if (place) yield { player, ...place, mine: player === me };
    }
  }

  close() {
    this.listening.abort();
    this.client.unsubscribe(CHANNEL);
  }
}
