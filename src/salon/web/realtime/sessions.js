/** Which conversations have a connection: the one that is shown, and those in the background that are still being answered. */

import { Emitter } from "../emitter.js";
import { Connection } from "./connection.js";
import { fallSilent } from "./heard.js";
import { Session } from "./session.js";

/**
 * @typedef {import("../model/conversation.js").Conversation} Conversation
 * @typedef {Pick<ConstructorParameters<typeof Connection>[0], "key" | "diagnose" | "tap">} Surroundings
 */

/** @extends {Emitter<{ background: Set<string>, finished: { conversation: Conversation, shown: boolean } }>} */
export class Sessions extends Emitter {
  /**
   * @param {Surroundings} surroundings
   * @param {import("../model/library.js").Library} library
   */
  constructor(surroundings, library) {
    super();
    this.surroundings = surroundings;
    this.library = library;
    /** @type {Map<string, Session>} */
    this.sessions = new Map();
    this.shown = "";
    /** The conversation that is being spoken. */
    this.held = "";
  }

  /** The session of the conversation that is shown from now on. @param {Conversation} conversation */
  show(conversation) {
    const before = this.shown;
    this.shown = conversation.id;
    if (before && before !== conversation.id) this.leave(before);
    return this.sessions.get(conversation.id) ?? this.start(conversation);
  }

  /** Begin anew, with another model or key. @param {Conversation} conversation @param {string} reason */
  restart(conversation, reason) {
    if (this.held === conversation.id) this.held = "";
    this.sessions.get(conversation.id)?.close(reason);
    return this.start(conversation);
  }

  /** It is written from now on. @param {Conversation} conversation */
  start(conversation) {
    fallSilent(conversation.entries);
    const { model, server } = conversation.meta;
    const { token = "", lastEventId = "" } = server ?? {};
    const connection = new Connection({ model, token, lastEventId, ...this.surroundings });
    const session = new Session(conversation, connection);
    this.sessions.set(conversation.id, session);
    session.on("finished", () => {
      const shown = this.shown === conversation.id;
      this.emit("finished", { conversation, shown });
      if (!shown) this.leave(conversation.id);
    });
    // Another tab has it: it is not taken from there unasked.
    if (conversation.away) connection.become("taken");
    else session.open();
    return session;
  }

  /** A conversation is spoken from now on, by a session of its own, until it is `released`. @param {Session} session */
  hold(session) {
    const { id } = session.conversation;
    this.sessions.get(id)?.close("a call begins");
    this.sessions.set(id, session);
    this.held = id;
    this.tell();
  }

  /** The call is over: what follows is written. @param {Session} session @returns {Session | null} where it is shown */
  release(session) {
    const { conversation } = session;
    if (this.held !== conversation.id) return null;
    this.held = "";
    this.sessions.delete(conversation.id);
    if (this.shown === conversation.id) return this.start(conversation);
    void this.library.release(conversation);
    this.tell();
    return null;
  }

  /** @param {string} id */
  leave(id) {
    const session = this.sessions.get(id);
    if (!session || session.conversation.busy || id === this.held) return this.tell();
    this.sessions.delete(id);
    session.close("conversation left");
    void this.library.release(session.conversation);
    this.tell();
  }

  /** Leave a conversation even if it is being answered. @param {string} id */
  end(id) {
    if (this.held === id) this.held = "";
    this.sessions.get(id)?.close("conversation deleted");
    this.sessions.delete(id);
    if (this.shown === id) this.shown = "";
    this.tell();
  }

  tell() {
    this.emit("background", new Set(this.sessions.keys()));
  }

  /** Save what is not saved yet: the page may be gone in a moment. */
  async save() {
    await Promise.all([...this.sessions.values()].map((session) => session.conversation.save()));
  }
}
