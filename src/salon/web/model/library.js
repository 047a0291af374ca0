/** All conversations: their list, which one is open, and what happens to them. Other tabs hear of changes. */

import { Emitter } from "../emitter.js";
import { Conversation } from "./conversation.js";
import { newId } from "./ids.js";

/** @typedef {import("./types.js").Meta} Meta */

// A deleted conversation is kept this long, in case the tab with the undo button was closed.
const KEEP_DELETED_MS = 60_000;

/** @extends {Emitter<{ list: null, unsaved: unknown }>} */
export class Library extends Emitter {
  /** @param {import("./database.js").Database} database */
  constructor(database) {
    super();
    this.database = database;
    /** @type {Map<string, Meta>} */
    this.metas = new Map();
    /** @type {Map<string, Conversation>} conversations in use, so that each has one owner */
    this.opened = new Map();
    this.channel = "BroadcastChannel" in globalThis ? new BroadcastChannel("salon") : null;
    if (this.channel) this.channel.onmessage = () => void this.load();
  }

  async load() {
    const metas = await this.database.list();
    const old = Date.now() - KEEP_DELETED_MS;
    for (const meta of metas) {
      if (meta.deleted && meta.deleted < old) await this.database.remove(meta.id);
    }
    this.metas = new Map(metas.filter((meta) => !meta.deleted).map((meta) => [meta.id, meta]));
    for (const { meta } of this.opened.values()) {
      if (this.metas.has(meta.id)) this.metas.set(meta.id, meta);
    }
    this.emit("list", null);
  }

  /** Those in which something was said, the newest first. @param {string} [search] part of the title */
  list(search = "") {
    const wanted = search.trim().toLocaleLowerCase();
    return [...this.metas.values()]
      .filter((meta) => meta.count > 0 && meta.title.toLocaleLowerCase().includes(wanted))
      .sort((a, b) => b.updated - a.updated);
  }

  /** @param {string} model who answers */
  create(model) {
    const now = Date.now();
    return this.adopt(
      new Conversation(
        this.database,
        {
          id: newId("conv"),
          title: "",
          named: false,
          created: now,
          updated: now,
          model,
          settings: { instructions: "", effort: "", search: null },
          draft: "",
          server: null,
          deleted: 0,
          count: 0,
        },
        [],
      ),
    );
  }

  /** The conversation of that id, or null. @param {string} id @param {boolean} [again] read it anew */
  async open(id, again = false) {
    const opened = this.opened.get(id);
    if (opened && !again) return opened;
    const meta = await this.database.meta(id);
    if (!meta || meta.deleted) return null;
    return this.adopt(new Conversation(this.database, meta, await this.database.entries(id)));
  }

  /** @param {Conversation} conversation */
  adopt(conversation) {
    this.opened.set(conversation.id, conversation);
    conversation.on("meta", (meta) => {
      this.metas.set(meta.id, meta);
      this.emit("list", null);
    });
    conversation.on("unsaved", (error) => this.emit("unsaved", error));
    return conversation;
  }

  /** Let go of a conversation that nobody shows. @param {Conversation} conversation */
  async release(conversation) {
    await conversation.save();
    if (this.opened.get(conversation.id) === conversation) this.opened.delete(conversation.id);
  }

  /** @param {string} id @param {string} title */
  async rename(id, title) {
    await this.change(id, (meta) => {
      meta.title = title;
      meta.named = true;
    });
  }

  /** Take it off the list. `restore` brings it back. @param {string} id */
  async remove(id) {
    await this.change(id, (meta) => {
      meta.deleted = Date.now();
    });
  }

  /** @param {string} id */
  async restore(id) {
    await this.change(id, (meta) => {
      meta.deleted = 0;
    });
  }

  /** @param {string} id @param {(meta: Meta) => void} change */
  async change(id, change) {
    const meta = this.opened.get(id)?.meta ?? (await this.database.meta(id));
    if (!meta) return;
    change(meta);
    await this.database.write(id, { meta });
    if (meta.deleted) this.metas.delete(id);
    else this.metas.set(id, meta);
    this.opened.get(id)?.emit("meta", meta);
    if (meta.deleted) this.metas.delete(id);
    this.emit("list", null);
    this.channel?.postMessage("list");
  }
}
