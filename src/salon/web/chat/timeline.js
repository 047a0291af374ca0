/**
 * What was said in a room, made of a log whose entries may come in any order: live ones at the end, pages of history before them. An
 * edit may be read before the message that it changes. Only a message's author edits or deletes it.
 */

import { nameOf, readEntry } from "./entries.js";

/** @typedef {import("./entries.js").End} End */
/** @typedef {import("./entries.js").PictureRef} PictureRef */
/** @typedef {import("../rooms/protocol.js").Publication} Publication */

/**
 * `offset` 0: on its way, or not, for its `trouble`: the server `refused` it, or its `pictures` are not kept any longer. `growing`: its writer is not done. `text` is the newest there is.
 *
 * @typedef {object} Message
 * @property {"message" | "notice"} type
 * @property {string} id
 * @property {string} user
 * @property {string} name
 * @property {boolean} agent
 * @property {string} text
 * @property {number} offset
 * @property {number} time milliseconds since 1970
 * @property {string} replyTo
 * @property {PictureRef[]} pictures
 * @property {import("../model/types.js").Picture[]} attached pictures that the server does not have yet
 * @property {string[]} mentions
 * @property {boolean} growing
 * @property {End} end
 * @property {boolean} edited
 * @property {boolean} deleted
 * @property {Map<string, Set<string>>} reactions users by emoji
 * @property {"" | "refused" | "pictures"} trouble
 * @property {string} notice
 * @property {number} stars
 * @property {boolean} attended
 */

export class Timeline {
  constructor() {
    /** Those with an offset, in order. @type {Message[]} */
    this.messages = [];
    /** Those that are on their way. @type {Message[]} */
    this.pending = [];
    /** @type {Map<string, Message>} */
    this.byId = new Map();
    /** The newest edit by message and author. @type {Map<string, Map<string, { offset: number, text: string, end: End }>>} */
    this.edits = new Map();
    /** Who deleted what. @type {Map<string, Set<string>>} */
    this.deletes = new Map();
    /** @type {Map<string, Map<string, { offset: number, user: string, emoji: string, on: boolean }>>} */
    this.reactions = new Map();
    /** The offsets that are in it, first to last. */
    this.first = 0;
    this.last = 0;
  }

  /** @returns {Message[]} */
  get all() {
    return [...this.messages, ...this.pending];
  }

  /** Forget what is in the log, because it is another one now, or there is a hole before what comes next. */
  clear() {
    this.messages = [];
    this.byId = new Map(this.pending.map((message) => [message.id, message]));
    this.edits.clear();
    this.deletes.clear();
    this.reactions.clear();
    this.first = 0;
    this.last = 0;
  }

  /**
   * One of the log's publications.
   * @param {Publication} publication
   * @returns {string} the id of the message that is another now; empty where nothing is
   */
  apply({ data, offset = 0, info, time = 0 }) {
    if (!offset) return "";
    if (!this.first || offset < this.first) this.first = offset;
    if (offset > this.last) this.last = offset;
    const entry = readEntry(data);
    const user = typeof info?.user === "string" ? info.user : "";
    if (!entry) return "";
    switch (entry.type) {
      case "message":
      case "notice": {
        // Only the house gives notice: anybody may write into the log.
        if (entry.type === "notice" && user !== "salon") return "";
        const known = this.byId.get(entry.id);
        // An id belongs to whoever used it first, as the log has it.
        if (known?.offset && known.offset <= offset) return "";
        if (known && !known.offset && known.user !== user) return "";
        if (known) this.forget(known);
        const message = entry.type === "message" ? { ...blank(), ...entry } : { ...blank(), ...entry, notice: entry.notice };
        Object.assign(message, { user, offset, time, agent: info?.chan_info?.kind === "agent" || info?.conn_info?.kind === "agent" });
        message.name = nameOf(info?.conn_info ? info : null) || entry.name || user;
        this.insert(message);
        this.settle(message);
        return entry.id;
      }
      case "edit": {
        const byUser = emplace(this.edits, entry.id, () => new Map());
        if ((byUser.get(user)?.offset ?? 0) >= offset) return "";
        byUser.set(user, { offset, text: entry.text, end: entry.end });
        break;
      }
      case "delete":
        emplace(this.deletes, entry.id, () => new Set()).add(user);
        break;
      case "react": {
        const given = emplace(this.reactions, entry.id, () => new Map());
        const key = `${entry.emoji}\0${user}`;
        if ((given.get(key)?.offset ?? 0) >= offset) return "";
        given.set(key, { offset, user, emoji: entry.emoji, on: entry.on });
        break;
      }
    }
    const message = this.byId.get(entry.id);
    if (!message) return "";
    this.settle(message);
    return entry.id;
  }

  /** Say something that the server does not have yet. @param {Partial<Message> & { id: string, user: string }} message */
  expect(message) {
    if (this.byId.has(message.id)) return;
    const whole = { ...blank(), ...message };
    this.pending.push(whole);
    this.byId.set(whole.id, whole);
  }

  /** Take back what did not get there. @param {string} id */
  withdraw(id) {
    const message = this.byId.get(id);
    if (message && !message.offset) this.forget(message);
  }

  /** @param {Message} message */
  forget(message) {
    this.byId.delete(message.id);
    const list = message.offset ? this.messages : this.pending;
    const at = list.indexOf(message);
    if (at >= 0) list.splice(at, 1);
  }

  /** @param {Message} message */
  insert(message) {
    const { messages } = this;
    let at = messages.length;
    while (at > 0 && messages[at - 1].offset > message.offset) at -= 1;
    messages.splice(at, 0, message);
    this.byId.set(message.id, message);
  }

  /** Bring a message up to what is known about it. @param {Message} message */
  settle(message) {
    const edit = this.edits.get(message.id)?.get(message.user);
    if (edit) {
      message.text = edit.text;
      message.end = edit.end;
      // The end of a message that grew is no change of it.
      message.edited = edit.end === "";
      message.growing = false;
    }
    message.deleted = this.deletes.get(message.id)?.has(message.user) ?? false;
    if (message.deleted) Object.assign(message, { text: "", pictures: [], growing: false });
    message.reactions = new Map();
    for (const { emoji, user, on } of this.reactions.get(message.id)?.values() ?? []) {
      if (on) emplace(message.reactions, emoji, () => new Set()).add(user);
    }
  }
}

/** @returns {Message} */
function blank() {
  return {
    type: "message",
    id: "",
    user: "",
    name: "",
    agent: false,
    text: "",
    offset: 0,
    time: 0,
    replyTo: "",
    pictures: [],
    attached: [],
    mentions: [],
    growing: false,
    end: "",
    edited: false,
    deleted: false,
    reactions: new Map(),
    trouble: "",
    notice: "",
    stars: 0,
    attended: true,
  };
}

/** @template K, V @param {Map<K, V>} map @param {K} key @param {() => V} make @returns {V} */
function emplace(map, key, make) {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}
