/** What the Talk and the Voice view are about: the conversations that are kept, and the one that is open. */

import { Emitter } from "./emitter.js";
import { t } from "./i18n/i18n.js";
import { openDatabase } from "./model/database.js";
import { Library } from "./model/library.js";
import { credential } from "./model/preferences.js";
import { diagnose } from "./realtime/config.js";
import { Recorder } from "./realtime/recorder.js";
import { Sessions } from "./realtime/sessions.js";

/** @typedef {import("./frame.js").Frame} Frame */
/** @typedef {import("./model/conversation.js").Conversation} Conversation */
/** @typedef {import("./model/types.js").Agent} Agent */

const VIEWS = ["talk", "voice"];

/** @extends {Emitter<{ opened: null }>} */
export class Page extends Emitter {
  /** @param {Frame} frame @param {Library} library @param {Conversation} conversation the one that is open first */
  constructor(frame, library, conversation) {
    super();
    this.frame = frame;
    this.config = frame.config;
    this.preferences = frame.preferences;
    this.toasts = frame.toasts;
    this.askKey = frame.askKey;
    this.library = library;
    this.recorder = new Recorder();
    this.sessions = new Sessions({ key: credential.get, diagnose, tap: this.recorder }, library);
    this.conversation = conversation;
    this.session = this.sessions.show(conversation);
  }

  /** The one that both views share, with the conversation that the address names. @param {Frame} frame @returns {Promise<Page>} */
  static async of(frame) {
    const known = frame.kept.has("page");
    const page = await frame.keep("page", () => Page.start(frame));
    // Whoever comes back from another view finds the conversation that was open.
    if (known && frame.place.path) await page.follow(page.view);
    else if (page.conversation.entries.length) page.settle();
    return page;
  }

  /** Open what is kept in this browser, and the conversation that the address names. @param {Frame} frame */
  static async start(frame) {
    const database = await openDatabase();
    const library = new Library(database);
    await library.load();
    const page = new Page(frame, library, (await named(frame, library)) ?? fresh(frame, library));
    addEventListener("pagehide", () => void page.sessions.save());
    addEventListener("visibilitychange", () => void page.sessions.save());
    frame.on("rekeyed", () => page.restart("another key was given"));
    library.on("unsaved", () => page.toasts.show(t("unsaved")));
    if (!database.durable) page.toasts.show(t("not durable"));
    return page;
  }

  /** The view that shows it. */
  get view() {
    const { view } = this.frame.place;
    return VIEWS.includes(view) ? view : VIEWS[0];
  }

  /** From here on it is spoken. @param {import("./realtime/session.js").Session} session */
  hold(session) {
    this.sessions.hold(session);
    if (session.conversation !== this.conversation) return;
    this.session = session;
    this.emit("opened", null);
  }

  /** From here on it is written. @param {import("./realtime/session.js").Session} session */
  release(session) {
    const next = this.sessions.release(session);
    if (!next) return;
    this.session = next;
    this.emit("opened", null);
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

  /** Show the conversation that the address names in that view; a new one if it names none. @param {string} shown */
  async follow(shown) {
    const { view, path } = this.frame.place;
    if (view !== shown || (path && path === this.conversation.id)) return;
    const found = await named(this.frame, this.library);
    this.open(found ?? fresh(this.frame, this.library));
    if (!found && path) this.go("");
  }

  /** @param {string} id empty for a new conversation */
  go(id) {
    this.frame.go(this.view, id);
  }

  /** The same conversation in the other view. @param {string} view */
  goBy(view) {
    this.frame.go(view, this.conversation.meta.count ? this.conversation.id : "");
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
    const hash = `#/${this.view}/${this.conversation.id}`;
    if (location.hash !== hash) history.replaceState(null, "", hash);
  }
}

/** The conversation that the address names, if it is kept. @param {Frame} frame @param {Library} library */
async function named(frame, library) {
  const { view, path } = frame.place;
  return VIEWS.includes(view) && path ? library.open(path) : null;
}

/** A new conversation, with whoever answered last, if still there. @param {Frame} frame @param {Library} library */
function fresh({ config, preferences }, library) {
  const { model } = preferences.values;
  const known = [...config.agents, ...config.models].some(({ name }) => name === model);
  return library.create(known ? model : config.default_agent);
}
