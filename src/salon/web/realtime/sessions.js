/** Which conversations have a connection: the one that is shown, and those in the background that are still being answered. */

import { Emitter } from "../emitter.js";
import { Session } from "./session.js";

/** @typedef {import("../model/conversation.js").Conversation} Conversation */

/** @extends {Emitter<{ background: Set<string>, finished: { conversation: Conversation, shown: boolean } }>} */
export class Sessions extends Emitter {
  /**
   * @param {import("./session.js").Surroundings} surroundings
   * @param {import("../model/library.js").Library} library
   */
  constructor(surroundings, library) {
    super();
    this.surroundings = surroundings;
    this.library = library;
    /** @type {Map<string, Session>} */
    this.sessions = new Map();
    this.shown = "";
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
    this.sessions.get(conversation.id)?.close(reason);
    return this.start(conversation);
  }

  /** @param {Conversation} conversation */
  start(conversation) {
    const session = new Session(conversation, this.surroundings);
    this.sessions.set(conversation.id, session);
    session.on("finished", () => {
      const shown = this.shown === conversation.id;
      this.emit("finished", { conversation, shown });
      if (!shown) this.leave(conversation.id);
    });
    session.open();
    return session;
  }

  /** @param {string} id */
  leave(id) {
    const session = this.sessions.get(id);
    if (!session || session.conversation.busy) return this.tell();
    this.sessions.delete(id);
    session.close("conversation left");
    void this.library.release(session.conversation);
    this.tell();
  }

  /** Leave a conversation even if it is being answered. @param {string} id */
  end(id) {
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
