/**
 * A conversation held with the server.
 *
 * The page's model says what should be; this makes the server agree. What has to be said follows from comparing the two
 * (`reconcile`), never from a queue of its own, so a lost connection, a reload and a server that was restarted are all the
 * same case: connect, learn what the server has, say the rest.
 */

import { newId } from "../model/ids.js";
import { Emitter } from "../emitter.js";
import { apply, itemIds, newAnswer, textOf } from "./answers.js";
import { Pulse } from "./pulse.js";

/** @typedef {import("../model/types.js").Entry} Entry */
/** @typedef {import("../model/types.js").Answer} Answer */
/** @typedef {import("../model/types.js").Question} Question */
/** @typedef {import("../model/types.js").ServerSide} ServerSide */
/** @typedef {import("./connection.js").ServerEvent} ServerEvent */
/** @typedef {import("./connection.js").State} State */

/**
 * What a session is held over: a `Connection`, or the lines of a call.
 *
 * @typedef {import("../emitter.js").Emitter<import("./connection.js").ConnectionEvents> & {
 *   state: State, token: string, lastEventId: string, send: (event: object) => boolean,
 *   open: () => void, close: (reason: string) => void, reset: () => void, hurry: () => void }} Way
 *
 * @typedef {{ state: State, finished: Answer, problem: { code: string, message: string } }} SessionEvents
 */

export const MOST_SEEN = 3;

/** @extends {Emitter<SessionEvents>} */
export class Session extends Emitter {
  /**
   * @param {import("../model/conversation.js").Conversation} conversation
   * @param {Way} connection
   */
  constructor(conversation, connection) {
    super();
    this.conversation = conversation;
    this.connection = connection;
    this.connection.on("state", (state) => this.stateChanged(state));
    this.connection.on("event", (event) => this.hear(event));
    this.pulse = new Pulse(this.connection, () => this.conversation.busy);
    /** What the server has; null until it has said so. @type {ServerSide | null} */
    this.server = null;
    /** The agent's own settings, to go back to. @type {Record<string, any>} */
    this.defaults = {};
    /** What was said on this connection and has not been acknowledged. @type {Set<string>} */
    this.inFlight = new Set();
    /** After a resume: the question whose answer shows that all that was missed has arrived. */
    this.barrier = "";
    this.stopping = false;
    /** Whether the server is told all that was said before anything is asked of it. */
    this.tellsAll = false;
    /** Whether something may be asked while an answer is under way: then that ends. */
    this.interruptible = false;
  }

  get state() {
    return this.connection.state;
  }

  open() {
    this.connection.open();
  }

  /** @param {string} reason */
  close(reason) {
    this.pulse.stop();
    this.connection.close(reason);
    void this.conversation.save();
  }

  /** @param {string} text @param {import("../model/types.js").Picture[]} pictures */
  ask(text, pictures) {
    const now = Date.now();
    this.conversation.add(
      { kind: "question", id: newId("item"), at: now, text, pictures },
      newAnswer(newId("answer")),
    );
    this.reconcile();
  }

  /** Answer again what was answered at `index`, and forget what came after. @param {number} index */
  retry(index) {
    if (this.conversation.away) return;
    this.cut(index);
    this.conversation.add(newAnswer(newId("answer")));
    this.reconcile();
  }

  /** Say something else instead of the question at `index`. @param {number} index @param {string} text */
  revise(index, text) {
    if (this.conversation.away) return;
    const question = /** @type {Question} */ (this.conversation.entries[index]);
    this.cut(index);
    this.ask(text, question.pictures);
  }

  stop() {
    const { answer } = this.conversation;
    if (!answer || !this.conversation.busy) return;
    this.stopping = true;
    if (answer.status === "running") this.connection.send({ type: "response.cancel", response_id: answer.responseId });
    else if (!this.inFlight.has(answer.id)) this.finish(answer, "stopped");
  }

  /** The settings of the conversation have changed. */
  update() {
    if (this.server) this.connection.send({ type: "session.update", session: this.wanted() });
  }

  wanted() {
    const { instructions, effort, search } = this.conversation.meta.settings;
    const { defaults } = this;
    return {
      type: "realtime",
      output_modalities: ["text"],
      instructions: instructions || defaults.instructions || "",
      reasoning: effort ? { effort } : (defaults.reasoning ?? null),
      ...(search === null ? {} : { salon: { web_search: search } }),
    };
  }

  /** @param {number} index */
  cut(index) {
    const taken = this.conversation.cut(index);
    const ids = taken.flatMap((entry) => (entry.kind === "question" ? [entry.id] : [entry.id, ...itemIds(entry)]));
    // A conversation that is spoken has another session than when it was written.
    for (const server of new Set([this.server, this.conversation.meta.server])) {
      server?.cuts.push(...ids.filter((id) => server.known.includes(id)));
    }
  }

  /** @param {State} state */
  stateChanged(state) {
    if (state !== "open") {
      this.inFlight.clear();
      this.barrier = "";
      this.server = null;
    }
    this.conversation.away ||= state === "taken";
    this.emit("state", state);
  }

  /** @param {ServerEvent} event */
  hear(event) {
    switch (event.type) {
      case "session.created":
        this.begin(event.session);
        break;
      case "salon.session.resumed":
        this.resume();
        break;
      case "conversation.item.added":
        this.learn(event.item.id);
        break;
      case "conversation.item.deleted":
        this.forget(event.item_id);
        break;
      case "conversation.item.retrieved":
        if (event.item.id === this.barrier) this.settle(event.item.id);
        break;
      case "error":
        this.refused(event.error);
        break;
    }
    this.toAnswer(event);
    if (this.server) {
      this.server.lastEventId = this.connection.lastEventId;
      this.conversation.touch(true);
    }
  }

  /** A session that knows nothing yet. @param {any} session */
  begin(session) {
    const { answer, meta } = this.conversation;
    this.defaults = session;
    this.server = meta.server = {
      token: session.salon?.resume_token ?? "",
      lastEventId: this.connection.lastEventId,
      known: [],
      cuts: [],
    };
    this.connection.token = this.server.token;
    // What the server had begun to answer is lost with it. What it had not heard of is simply asked again.
    if (answer?.status === "running") this.finish(answer, "cut");
    this.update();
    this.reconcile();
  }

  resume() {
    this.server = this.conversation.meta.server ?? { token: this.connection.token, lastEventId: "", known: [], cuts: [] };
    const { answer, entries } = this.conversation;
    const question = entries.findLast((entry) => entry.kind === "question");
    // Whether the last words before the cut had arrived is only known when all that was missed has been heard.
    if (answer?.status === "waiting" && question) {
      this.barrier = question.id;
      this.connection.send({ type: "conversation.item.retrieve", item_id: question.id, event_id: question.id });
    } else this.reconcile();
    if (this.stopping) this.stop();
  }

  /** @param {string} itemId */
  settle(itemId) {
    this.barrier = "";
    this.learn(itemId);
    this.reconcile();
  }

  /** Say what the server does not know yet, in the order in which it was said. */
  reconcile() {
    const { server, conversation } = this;
    if (!server || this.barrier) return;
    for (const id of server.cuts) this.say(`cut ${id}`, { type: "conversation.item.delete", item_id: id });
    const { answer } = conversation;
    const asked = answer?.status === "waiting" ? answer : null;
    if (!asked && !this.tellsAll) return;
    for (const entry of conversation.entries) {
      const item = this.item(entry);
      if (item && !this.isKnown(entry)) this.say(item.id, { type: "conversation.item.create", item });
    }
    if (asked) this.say(asked.id, { type: "response.create", response: { metadata: { answer: asked.id } } });
  }

  /** @param {string} id what is acknowledged @param {object} event */
  say(id, event) {
    if (this.inFlight.has(id)) return;
    if (this.connection.send({ ...event, event_id: id })) {
      this.inFlight.add(id);
      this.pulse.beat();
    }
  }

  /** @param {Entry} entry */
  isKnown(entry) {
    const { known } = /** @type {ServerSide} */ (this.server);
    if (entry.kind === "question") return known.includes(entry.id);
    return known.includes(entry.id) || itemIds(entry).some((id) => known.includes(id));
  }

  /** What the server is shown of a question. Of those that went with spoken turns by themselves, the last ones tell all. @param {Question} question */
  pictures(question) {
    const seen = this.conversation.entries.filter((entry) => entry.kind === "question" && entry.spoken && entry.pictures.length);
    return !question.spoken || seen.slice(-MOST_SEEN).includes(question) ? question.pictures : [];
  }

  /** An entry as an item for a server that does not have it. @param {Entry} entry */
  item(entry) {
    if (entry.kind === "question") {
      const content = [
        ...(entry.text ? [{ type: "input_text", text: entry.text }] : []),
        ...this.pictures(entry).map((picture) => ({ type: "input_image", image_url: picture.url })),
      ];
      return content.length && !entry.partial ? { id: entry.id, type: "message", role: "user", content } : null;
    }
    const text = textOf(entry);
    return text ? { id: entry.id, type: "message", role: "assistant", content: [{ type: "output_text", text }] } : null;
  }

  /** @param {string} id */
  learn(id) {
    this.inFlight.delete(id);
    if (this.server && !this.server.known.includes(id)) this.server.known.push(id);
  }

  /** @param {string} id */
  forget(id) {
    this.inFlight.delete(`cut ${id}`);
    if (!this.server) return;
    this.server.cuts = this.server.cuts.filter((each) => each !== id);
    this.server.known = this.server.known.filter((each) => each !== id);
  }

  /** @param {{ code?: string, message: string, event_id?: string | null }} error */
  refused(error) {
    const id = error.event_id ?? "";
    const { answer } = this.conversation;
    if (id && id === this.barrier) {
      this.barrier = "";
      this.reconcile();
    } else if (id.startsWith("cut ")) this.forget(id.slice(4));
    else if (error.code === "item_create_duplicate_item_id") this.learn(id);
    else if (error.code === "response_cancel_not_active") return;
    else if (answer && this.inFlight.has(id)) {
      this.inFlight.delete(id);
      this.finish(answer, "failed", { code: error.code ?? "unknown", message: error.message });
    } else this.emit("problem", { code: error.code ?? "unknown", message: error.message });
  }

  /** @param {ServerEvent} event */
  toAnswer(event) {
    const { answer } = this.conversation;
    if (!answer || !this.conversation.busy || !concerns(answer, event)) {
      // An answer that nobody waits for any more.
      if (event.type === "response.created") this.connection.send({ type: "response.cancel", response_id: event.response.id });
      return;
    }
    if (!apply(answer, event)) return;
    this.conversation.changed(answer);
    if (event.type === "response.created") {
      this.inFlight.delete(answer.id);
      if (this.stopping) this.stop();
    }
    if (event.type === "response.done") this.finish(answer, answer.status, answer.problem);
  }

  /** @param {Answer} answer @param {import("../model/types.js").AnswerStatus} status @param {Answer["problem"]} [problem] */
  finish(answer, status, problem = null) {
    this.stopping = false;
    answer.status = status;
    answer.problem = problem;
    this.conversation.changed(answer);
    this.conversation.touch();
    void this.conversation.save();
    this.emit("finished", answer);
  }
}

/** Whether an event speaks of this answer: by the name it was asked for with, then by its response. @param {Answer} answer @param {ServerEvent} event */
function concerns(answer, event) {
  if (event.type === "response.created") return event.response.metadata?.answer === answer.id;
  if (event.type === "response.done") return event.response.id === answer.responseId;
  if (event.type.startsWith("conversation.item.")) return answer.status === "running" && Boolean(event.item);
  return answer.responseId !== "" && event.response_id === answer.responseId;
}
