/** One room as the page has it: what was said, who is there, who is writing, who has read what; and everything one can do in it. */

import { Emitter } from "../emitter.js";
import { Mirror } from "../rooms/mirror.js";
import { LONGEST_NAME, LONGEST_TEXT, mentions, nameOf, pictureUrl, text } from "./entries.js";
import { Sending } from "./sending.js";
import { Timeline } from "./timeline.js";

/** @typedef {import("../rooms/client.js").RoomsClient} RoomsClient */
/** @typedef {import("../rooms/protocol.js").Info} Info */
/** @typedef {import("../rooms/protocol.js").Position} Position */
/** @typedef {import("./timeline.js").Message} Message */
/** @typedef {import("./entries.js").PictureRef} PictureRef */
/** @typedef {{ user: string, name: string, agent: boolean, away: boolean, devices: number }} Person */

/**
 * `messages`: these have changed, null means all. `grown`: their words are more now. `heard`: a message of somebody
 * else's has come that this device did not have.
 *
 * @typedef {object} Events
 * @property {Set<string> | null} messages
 * @property {null} people
 * @property {Set<string> | null} grown
 * @property {null} typing
 * @property {null} read
 * @property {Message} heard
 * @property {null} state
 * @property {null} unkept the pictures of a message are kept for no later page
 * @property {{ code: number, reason: string }} ended
 */

export const PAGE = 100;
const TYPING_MS = 6_000;
const TYPING_AGAIN_MS = 3_000;
const READ_MS = 1_000;
const FIRST_AGAIN_MS = 2_000;

/** @extends {Emitter<Events & Record<string, unknown>>} */
export class ChatRoom extends Emitter {
  /**
   * @param {RoomsClient} client
   * @param {string} name
   * @param {{ me: () => { user: string, name: string }, read?: Position | null, unsent?: import("./unsent.js").Unsent, attached?: import("./attached.js").Attached }} options
   *   `read`: up to where it was read here; `unsent`, `attached`: where words and pictures are kept until the server has them
   */
  constructor(client, name, { me, read = null, unsent, attached }) {
    super();
    this.client = client;
    this.name = name;
    this.me = me;
    this.timeline = new Timeline();
    this.sending = new Sending(this, { unsent, attached });
    /** @type {Map<string, Info>} */
    this.seats = new Map();
    /** Up to where this person has read, here or on another device. */
    this.readOffset = read?.offset ?? 0;
    this.epoch = read?.epoch ?? "";
    /** Where the log ends. */
    this.end = read?.offset ?? 0;
    /** The log goes on before what is here. */
    this.more = true;
    this.loading = false;
    /** Whether anything of it has been had from the server yet. */
    this.ready = false;
    this.ended = false;
    this.lastTyping = 0;
    this.timer = 0;
    this.readTimer = 0;
    this.told = 0;
    /** @type {Map<string, Promise<string>>} */
    this.pictureUrls = new Map();
    this.left = new AbortController();
    const { signal } = this.left;
    this.chat = client.subscribe(`${name}/chat`, { joinLeave: true, since: read });
    this.liveState = new Mirror(client.subscribe(`${name}/state/live`, { state: true }), signal);
    // Only programs on the server may change this one: nobody speaks in an agent's name.
    this.growing = new Mirror(client.subscribe(`${name}/state/growing`, { state: true }), signal);
    this.readState = new Mirror(client.subscribe(`${name}/state/read`, { state: true }), signal);
    client.on("state", () => this.timeline.pending.length && this.emit("messages", new Set(this.timeline.pending.map(({ id }) => id))), signal);
    this.chat.on("publication", (publication) => this.heard(publication), signal);
    this.chat.on("subscribed", (how) => this.began(how), signal);
    this.chat.on("ended", (why) => this.wasEnded(why), signal);
    this.chat.on("join", (info) => this.seat(info), signal);
    this.chat.on("leave", (info) => this.unseat(info), signal);
    this.liveState.on("changed", () => this.emit("typing", null), signal);
    this.growing.on("changed", (keys) => this.emit("grown", keys), signal);
    this.readState.on("changed", () => this.readElsewhere(), signal);
  }

  /** Who one is here. */
  get user() {
    return this.me().user;
  }

  /** Stop hearing it. */
  leave() {
    this.left.abort();
    clearTimeout(this.timer);
    clearTimeout(this.readTimer);
    for (const topic of ["chat", "state/live", "state/growing", "state/read"]) this.client.unsubscribe(`${this.name}/${topic}`);
  }

  // --- what is heard

  /** @param {{ gap: boolean, returned: boolean, offset: number, epoch: string }} how */
  began({ gap, returned, offset, epoch }) {
    const anew = !returned || gap || epoch !== this.epoch;
    if (anew) {
      this.timeline.clear();
      this.more = true;
      if (epoch !== this.epoch) this.readOffset = 0;
    }
    this.epoch = epoch;
    this.end = offset;
    this.ended = false;
    const { name } = this.me();
    void this.client.setAttributes(this.name, { name }).catch(() => {});
    void this.meet();
    if (anew) void this.older();
    else this.becomeReady();
    this.sending.resume();
    this.emit("state", null);
  }

  /** @param {import("../rooms/protocol.js").Publication} publication */
  heard(publication) {
    const { offset = 0 } = publication;
    this.end = Math.max(this.end, offset);
    const fresh = this.timeline.last < offset;
    const id = this.timeline.apply(publication);
    if (!id) return;
    this.emit("messages", new Set([id]));
    const message = this.timeline.byId.get(id);
    if (fresh && message?.offset === offset && message.user !== this.me().user && message.type === "message") this.emit("heard", message);
  }

  /** @param {{ code: number, reason: string }} why */
  wasEnded(why) {
    this.ended = true;
    this.emit("ended", why);
    this.emit("state", null);
  }

  becomeReady() {
    if (this.ready) return;
    this.ready = true;
    this.emit("messages", null);
  }

  /** A page of what was said before. Does nothing while there is no connection. */
  async older() {
    if (this.loading || !this.more || this.chat.state !== "subscribed") return;
    this.loading = true;
    this.emit("state", null);
    clearTimeout(this.timer);
    const { epoch } = this;
    const before = this.timeline.first || this.end + 1;
    try {
      const since = { offset: before, epoch };
      const page = before > 1 ? await this.client.history(this.chat.channel, { limit: PAGE, reverse: true, since }) : null;
      if (epoch !== this.epoch) return;
      const publications = page?.publications ?? [];
      const ids = new Set(publications.map((publication) => this.timeline.apply(publication)));
      this.more = publications.length === PAGE && this.timeline.first > 1;
      this.ready = true;
      // Also where there are none: that the beginning is reached is news too.
      this.emit("messages", ids);
    } catch (error) {
      const { temporary, code } = /** @type {any} */ (error);
      // What lies before is not kept any longer.
      if (!temporary && code === 112) this.more = false;
      else if (!this.ready) this.timer = setTimeout(() => void this.older(), FIRST_AGAIN_MS);
    } finally {
      this.loading = false;
      this.emit("state", null);
    }
  }

  // --- who is there

  async meet() {
    try {
      const present = await this.client.presence(this.chat.channel);
      this.seats = new Map(Object.entries(present));
      this.emit("people", null);
    } catch {
      // Whoever joins or changes is told; this is asked again with the next connection.
    }
  }

  /** @param {Info} info */
  seat(info) {
    this.seats.set(info.client, info);
    this.emit("people", null);
  }

  /** @param {Info} info */
  unseat(info) {
    this.seats.delete(info.client);
    this.emit("people", null);
  }

  /** @returns {Person[]} people by name, agents last */
  get people() {
    /** @type {Map<string, Person>} */
    const people = new Map();
    for (const info of this.seats.values()) {
      const user = text(info.user, 128);
      const known = people.get(user);
      const away = info.chan_info?.away === true;
      if (known) {
        known.devices += 1;
        known.away &&= away;
      } else people.set(user, { user, name: nameOf(info), agent: info.chan_info?.kind === "agent", away, devices: 1 });
    }
    return [...people.values()].sort((a, b) => Number(a.agent) - Number(b.agent) || a.name.localeCompare(b.name));
  }

  /** Who is writing just now, others than oneself. @returns {string[]} names */
  get typing() {
    const names = new Set();
    for (const [key, value] of this.liveState.entries) {
      if (!key.startsWith("typing:") || key === `typing:${this.client.client}`) continue;
      if (value?.user === this.me().user) continue;
      const name = text(value?.name, LONGEST_NAME);
      if (name) names.add(name);
    }
    return [...names];
  }

  /** The words of a message as they are now, whole or not. @param {Message} message @returns {string} */
  wordsOf(message) {
    const growing = message.growing ? this.growing.entries.get(message.id) : null;
    return growing ? text(growing.text, LONGEST_TEXT) : message.text;
  }

  /** What its writer does instead of writing: the name of a tool. @param {Message} message @returns {string} */
  workOf(message) {
    const growing = message.growing ? this.growing.entries.get(message.id) : null;
    return growing ? text(growing.tool, LONGEST_NAME) : "";
  }

  // --- reading

  /** @returns {number} messages of others that were not read; of those before what is here it is not known which are messages */
  get unread() {
    const { user } = this.me();
    const { messages, first } = this.timeline;
    let count = 0;
    for (let at = messages.length - 1; at >= 0 && messages[at].offset > this.readOffset; at -= 1) {
      const message = messages[at];
      if (message.user !== user && message.type === "message" && !message.deleted) count += 1;
    }
    return count + (first ? Math.max(0, first - 1 - this.readOffset) : 0);
  }

  /** Whether this names the one who reads. @param {Message} message */
  isForMe(message) {
    const { user, name } = this.me();
    return message.mentions.includes(user) || mentions(message.text, name);
  }

  /** Everything that is here has been seen. */
  markRead() {
    const { end } = this;
    if (end <= this.readOffset) return;
    this.readOffset = end;
    this.emit("read", null);
    this.readTimer ||= setTimeout(() => this.tellRead(), READ_MS);
  }

  tellRead() {
    this.readTimer = 0;
    if (this.readOffset <= this.told) return;
    const { user, name } = this.me();
    const offset = this.readOffset;
    this.client
      .publish(`${this.name}/state/read`, { set: { [`read:${user}`]: { offset, epoch: this.epoch, name } } })
      .then(() => (this.told = Math.max(this.told, offset)))
      .catch(() => {});
  }

  readElsewhere() {
    const mine = this.readState.entries.get(`read:${this.me().user}`);
    if (mine?.epoch === this.epoch && mine.offset > this.readOffset && mine.offset <= this.end) this.readOffset = mine.offset;
    this.emit("read", null);
  }

  /** How far the others have read. @returns {{ user: string, name: string, offset: number }[]} */
  get readers() {
    const found = [];
    for (const [key, value] of this.readState.entries) {
      const user = key.startsWith("read:") ? key.slice(5) : "";
      if (!user || user === this.me().user || value?.epoch !== this.epoch || !Number.isSafeInteger(value.offset)) continue;
      found.push({ user, name: text(value.name, LONGEST_NAME) || user, offset: value.offset });
    }
    return found;
  }

  // --- saying

  /**
   * Say something. It is shown at once, and sent when there is a connection.
   *
   * @param {string} words
   * @param {Parameters<Sending["say"]>[1]} [more]
   */
  say(words, more) {
    this.stopTyping();
    return this.sending.say(words, more);
  }

  /** Put into the log. @param {{ type: string } & Record<string, unknown>} data */
  tell(data) {
    return this.sending.tell(data);
  }

  /** @param {Message} message @param {string} words */
  edit(message, words) {
    return this.tell({ type: "edit", id: message.id, text: words });
  }

  /** @param {Message} message */
  remove(message) {
    if (!message.offset) {
      this.sending.discard(message);
      return Promise.resolve();
    }
    return this.tell({ type: "delete", id: message.id });
  }

  /** @param {Message} message @param {string} emoji */
  react(message, emoji) {
    const on = !message.reactions.get(emoji)?.has(this.me().user);
    return this.tell({ type: "react", id: message.id, emoji, on });
  }

  /** Ask whoever writes this message to stop. @param {Message} message */
  stop(message) {
    return this.tell({ type: "stop", id: message.id });
  }

  /** Its bytes as an address; empty where it is not kept any longer. @param {PictureRef} ref @returns {Promise<string>} */
  picture(ref) {
    const key = `${ref.epoch}/${ref.offset}`;
    const known = this.pictureUrls.get(key);
    if (known) return known;
    const asked = this.client
      .history(`${this.name}/pictures`, { limit: 1, since: { offset: ref.offset - 1, epoch: ref.epoch } })
      .then(({ publications: [found] }) => (found?.offset === ref.offset ? pictureUrl(found.data) : ""))
      .catch((error) => {
        if (error.temporary) this.pictureUrls.delete(key);
        return "";
      });
    this.pictureUrls.set(key, asked);
    return asked;
  }

  /** Somebody types here. */
  type() {
    const now = Date.now();
    if (now - this.lastTyping < TYPING_AGAIN_MS) return;
    this.lastTyping = now;
    const { user, name } = this.me();
    void this.live({ set: { [`typing:${this.client.client}`]: { user, name } }, ttl_ms: TYPING_MS });
  }

  stopTyping() {
    if (!this.lastTyping) return;
    this.lastTyping = 0;
    void this.live({ remove: [`typing:${this.client.client}`] });
  }

  /** Of no interest a moment later: what does not get there is not said again. @param {object} change */
  live(change) {
    return this.client.publish(`${this.name}/state/live`, change).catch(() => {});
  }
}
