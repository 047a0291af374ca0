/** What all views share: who the server is, what is kept, and which conversation is open. */

import { Emitter } from "./ui/emitter.js";

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
  /** @param {Parts} parts */
  constructor(parts) {
    super();
    this.config = parts.config;
    this.preferences = parts.preferences;
    this.library = parts.library;
    this.sessions = parts.sessions;
    this.recorder = parts.recorder;
    this.toasts = parts.toasts;
    this.askKey = parts.askKey;
    this.conversation = this.library.create(this.defaultModel());
    this.session = this.sessions.show(this.conversation);
    this.inspecting = false;
  }

  /** Who answers a new conversation: who answered last, if it is still there. */
  defaultModel() {
    const { model } = this.preferences.values;
    return this.knows(model) ? model : this.config.default_agent;
  }

  /** @param {string} model */
  knows(model) {
    const { agents, models } = this.config;
    return agents.some(({ name }) => name === model) || models.some(({ name }) => name === model);
  }

  /** The agent of the open conversation; null where a model was chosen by its own name. @returns {Agent | null} */
  get agent() {
    return this.config.agents.find(({ name }) => name === this.conversation.meta.model) ?? null;
  }

  get modelTitle() {
    const { model } = this.conversation.meta;
    const found = this.agent ?? this.config.models.find(({ name }) => name === model);
    return found?.title || model;
  }

  /** Whether whoever answers can see pictures. */
  get sees() {
    const { model } = this.conversation.meta;
    return this.agent?.vision ?? this.config.models.find(({ name }) => name === model)?.images ?? false;
  }

  /** Show the conversation that the address names; a new one if it names none. */
  async follow() {
    const id = /^#\/talk\/([\w-]+)$/.exec(location.hash)?.[1] ?? "";
    if (id && id === this.conversation.id) return;
    const found = id ? await this.library.open(id) : null;
    this.open(found ?? this.library.create(this.defaultModel()));
    if (id && !found) this.go("");
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
    const { id } = this.conversation;
    this.sessions.end(id);
    const fresh = await this.library.open(id, true);
    this.open(fresh ?? this.conversation);
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
