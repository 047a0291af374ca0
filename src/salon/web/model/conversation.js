/**
 * One conversation, as the page shows it and as it is kept. Changes are announced at once and saved in batches, each batch in
 * one transaction together with the last event that it contains.
 */

import { Emitter } from "../emitter.js";

/** @typedef {import("./types.js").Meta} Meta */
/** @typedef {import("./types.js").Entry} Entry */
/** @typedef {import("./types.js").Answer} Answer */
/** @typedef {{ entries: null, entry: Entry, meta: Meta, unsaved: unknown }} ConversationEvents */

// Often enough that a reload repeats little; the server remembers far more than is said in this time.
const SAVE_MS = 300;
const TITLE_LENGTH = 60;

/** @extends {Emitter<ConversationEvents>} */
export class Conversation extends Emitter {
  /**
   * @param {import("./database.js").Database} database
   * @param {Meta} meta
   * @param {Entry[]} entries
   */
  constructor(database, meta, entries) {
    super();
    this.database = database;
    this.meta = meta;
    this.entries = entries;
    /** @type {Set<Entry>} */
    this.dirty = new Set();
    this.metaDirty = false;
    /** @type {number | undefined} */
    this.cutFrom = undefined;
    this.timer = 0;
    /** Whether another tab has gone on with it: then what is kept is that tab's to change. */
    this.away = false;
  }

  get id() {
    return this.meta.id;
  }

  /** The last answer, if nothing was asked after it. @returns {Answer | null} */
  get answer() {
    const last = this.entries[this.entries.length - 1];
    return last?.kind === "answer" ? last : null;
  }

  /** Whether an answer is under way. */
  get busy() {
    return this.answer?.status === "waiting" || this.answer?.status === "running";
  }

  /** Kept at once: a reload may follow in the next moment. @param {...Entry} entries */
  add(...entries) {
    for (const entry of entries) {
      this.entries.push(entry);
      this.dirty.add(entry);
      this.entitle(entry);
    }
    this.recount();
    this.meta.updated = Date.now();
    this.emit("entries", null);
    this.touch();
    void this.save();
  }

  /** A conversation is called by what was said first. @param {Entry} entry */
  entitle(entry) {
    if (entry.kind === "question" && !entry.partial && !this.meta.named && !this.meta.title) this.meta.title = titleOf(entry.text);
  }

  /** Take away the entries from `index` on. @param {number} index @returns {Entry[]} what was taken */
  cut(index) {
    const taken = this.entries.splice(index);
    for (const entry of taken) this.dirty.delete(entry);
    this.cutFrom = Math.min(this.cutFrom ?? index, index);
    this.recount();
    this.emit("entries", null);
    this.touch();
    return taken;
  }

  /** Take one entry away. @param {Entry} entry */
  remove(entry) {
    const index = this.entries.indexOf(entry);
    if (index < 0) return;
    const after = this.entries.slice(index + 1);
    this.cut(index);
    this.entries.push(...after);
    for (const each of after) this.dirty.add(each);
    this.recount();
    this.emit("entries", null);
  }

  /** A welcome that nobody answered is not worth keeping. */
  recount() {
    this.meta.count = this.entries.some(({ kind }) => kind === "question") ? this.entries.length : 0;
  }

  /** Tell that an entry is not what it was. @param {Entry} entry */
  changed(entry) {
    this.dirty.add(entry);
    this.emit("entry", entry);
    this.schedule();
  }

  /** Tell that title, settings, draft or what the server knows have changed. @param {boolean} [quiet] nobody needs to see it */
  touch(quiet = false) {
    this.metaDirty = true;
    if (!quiet) this.emit("meta", this.meta);
    this.schedule();
  }

  schedule() {
    this.timer ||= setTimeout(() => void this.save(), SAVE_MS);
  }

  /** Write what has changed. A conversation in which nothing was said is not kept. */
  async save() {
    clearTimeout(this.timer);
    this.timer = 0;
    if (this.away) return;
    if (!this.meta.count && !this.meta.draft && this.cutFrom === undefined) return;
    if (!this.metaDirty && !this.dirty.size && this.cutFrom === undefined) return;
    const rows = this.entries.flatMap((entry, order) =>
      this.dirty.has(entry) ? [{ conversation: this.id, order, entry }] : [],
    );
    const change = { meta: this.meta, rows, cutFrom: this.cutFrom };
    this.dirty.clear();
    this.metaDirty = false;
    this.cutFrom = undefined;
    try {
      await this.database.write(this.id, change);
    } catch (error) {
      this.emit("unsaved", error);
    }
  }
}

/** @param {string} text */
export function titleOf(text) {
  const line = text.trim().split("\n")[0].trim();
  const characters = Array.from(line);
  return characters.length > TITLE_LENGTH ? `${characters.slice(0, TITLE_LENGTH - 1).join("")}…` : line;
}
