/** What all views share: who the server is, what is kept, and which conversation is open. */

import { Emitter } from "./emitter.js";

/** @typedef {import("./model/conversation.js").Conversation} Conversation */
/** @typedef {import("./realtime/session.js").Session} Session */
/** @typedef {import("./model/types.js").Agent} Agent */

/**
 * @typedef {object} Parts
 * @property {import("./model/types.js").Config} config
 * @property {import("./model/preferences.js").Preferences} preferences
 * @property {import("./model/library.js").Library} library
 * @property {import("./realtime/sessions.js").Sessions} sessions
 * @property {import("./realtime/recorder.js").Recorder} recorder
 * @property {import("./ui/toast.js").Toasts} toasts
 * @property {() => void} askKey
 */

/** @extends {Emitter<{ opened: null, inspector: boolean, sidebar: boolean }>} */
export class Page extends Emitter {
  /** @param {Parts} parts @param {Conversation} conversation the one that is open first */
  constructor(parts, conversation) {
    super();
    this.config = parts.config;
    this.preferences = parts.preferences;
    this.library = parts.library;
    this.sessions = parts.sessions;
    this.recorder = parts.recorder;
    this.toasts = parts.toasts;
    this.askKey = parts.askKey;
    this.conversation = conversation;
    this.session = this.sessions.show(this.conversation);
    this.inspecting = false;
  }

  /** @param {Parts} parts */
  static async start(parts) {
    return new Page(parts, (await named(parts)) ?? fresh(parts));
  }

  /** The agent of the open conversation; null where a model was chosen by its own name. @returns {Agent | null} */
  get agent() {
    return this.config.agents.find(({ name }) => name === this.conversation.meta.model) ?? null;
  }

  /** Whether whoever answers can see pictures. */
  get sees() {
    const { model } = this.conversation.meta;
    return this.agent?.vision ?? this.config.models.find(({ name }) => name === model)?.images ?? false;
  }

  /** Show the conversation that the address names; a new one if it names none. */
  async follow() {
    if (idInAddress() && idInAddress() === this.conversation.id) return;
    const found = await named(this);
    this.open(found ?? fresh(this));
    if (!found && idInAddress()) this.go("");
  }

  /** @param {string} id empty for a new conversation */
  go(id) {
    const hash = id ? `#/talk/${id}` : "#/";
    if (location.hash === hash || (!id && !location.hash)) void this.follow();
    else location.hash = hash;
  }

  /** A new conversation, unless the open one is new. */
  begin() {
    if (this.conversation.entries.length) this.go("");
    else this.emit("opened", null);
  }

  /** @param {Conversation} conversation */
  open(conversation) {
    this.conversation = conversation;
    this.session = this.sessions.show(conversation);
    this.emit("opened", null);
  }

  /** Connect the open conversation anew. @param {string} reason */
  restart(reason) {
    this.session = this.sessions.restart(this.conversation, reason);
    this.emit("opened", null);
  }

  /** Read the open conversation again, because another tab went on with it, and take it over. */
  async takeOver() {
    const { id, meta } = this.conversation;
    this.sessions.end(id);
    const found = await this.library.open(id, true);
    if (!found) return this.go("");
    found.meta.draft ||= meta.draft;
    this.open(found);
  }

  /** Let somebody else answer the open conversation. @param {string} model */
  choose(model) {
    this.preferences.set("model", model);
    const { meta } = this.conversation;
    if (meta.model === model) return;
    meta.model = model;
    meta.server = null;
    this.conversation.touch();
    this.restart("another model was chosen");
  }

  /** The open conversation gets an address of its own once something is said in it. */
  settle() {
    const hash = `#/talk/${this.conversation.id}`;
    if (location.hash !== hash) history.replaceState(null, "", hash);
  }

  /** @param {boolean} open */
  inspect(open) {
    this.inspecting = open;
    this.emit("inspector", open);
  }
}

function idInAddress() {
  return /^#\/talk\/([\w-]+)$/.exec(location.hash)?.[1] ?? "";
}

/** @param {Pick<Parts, "library">} parts */
async function named({ library }) {
  const id = idInAddress();
  return id ? library.open(id) : null;
}

/** A new conversation, with whoever answered last, if still there. @param {Pick<Parts, "config" | "preferences" | "library">} parts */
function fresh({ config, preferences, library }) {
  const { model } = preferences.values;
  const known = [...config.agents, ...config.models].some(({ name }) => name === model);
  return library.create(known ? model : config.default_agent);
}
