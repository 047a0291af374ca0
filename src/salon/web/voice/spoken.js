/**
 * A conversation while it is spoken: the same entries and the same rules as when it is written, told to a server over the line of a call.
 * What is said aloud becomes questions, what is answered aloud becomes answers, each as far as it was heard.
 */

import { Emitter } from "../emitter.js";
import { newId } from "../model/ids.js";
import { smaller } from "../model/pictures.js";
import { apply, newAnswer } from "../realtime/answers.js";
import { cutSound, endSound, hearUntil, spokenParts, stopSound } from "../realtime/heard.js";
import { MOST_SEEN, Session } from "../realtime/session.js";

/** @typedef {import("../model/types.js").Answer} Answer */
/** @typedef {import("../model/types.js").Question} Question */
/** @typedef {import("../model/types.js").Picture} Picture */
/** @typedef {import("../realtime/connection.js").ConnectionEvents} ConnectionEvents */

/**
 * What a call is to its conversation.
 *
 * @typedef {object} Call
 * @property {(event: object) => boolean} send
 * @property {() => object} wanted what the session is to be, beside what the conversation says
 * @property {() => string} welcome what is said first; empty lets the model begin
 * @property {() => boolean} greets
 * @property {() => Picture | null} picture what is to be seen now
 * @property {() => number} largest characters of a picture that the line can carry
 * @property {() => void} interrupt
 * @property {() => void} stop
 */

/** The lines of a call, one after another, as what a session is held over. @extends {Emitter<ConnectionEvents>} */
class Lines extends Emitter {
  /** @param {Call} call */
  constructor(call) {
    super();
    this.call = call;
    /** @type {import("../realtime/connection.js").State} */
    this.state = "connecting";
    this.token = "";
    this.lastEventId = "";
  }

  /** @param {object} event */
  send(event) {
    return this.state === "open" && this.call.send(event);
  }

  /** @param {any} event */
  hear(event) {
    if (event.type === "session.created") this.become("open");
    this.emit("event", event);
  }

  /** @param {import("../realtime/connection.js").State} state */
  become(state) {
    if (this.state === state) return;
    this.state = state;
    this.emit("state", state);
  }

  /** The conversation is left, or deleted. */
  close() {
    this.call.stop();
  }

  // A call makes its lines by itself.
  open() {}
  reset() {}
  hurry() {}
}

export class SpokenSession extends Session {
  /** @param {import("../model/conversation.js").Conversation} conversation @param {Call} call */
  constructor(conversation, call) {
    const lines = new Lines(call);
    super(conversation, lines);
    this.lines = lines;
    this.call = call;
    this.tellsAll = true;
    this.interruptible = true;
    /** Pictures that went with turns on this line. @type {{ id: string, turn: string }[]} */
    this.seen = [];
    /** One that went with a turn whose name is not known yet. @type {Picture | null} */
    this.shown = null;
    /** Pictures that are too large for the line, made smaller. @type {Map<Picture, Picture>} */
    this.smaller = new Map();
    /** The answer of which all that has come so far was heard. */
    this.rested = "";
  }

  /** @param {any} event from the line */
  heard(event) {
    this.lines.hear(event);
  }

  /** The line is lost, and there will be another. */
  lost() {
    this.lines.become("connecting");
    for (const entry of this.conversation.entries) {
      if (entry.kind === "answer") stopSound(entry);
      else if (entry.partial) this.understood(entry.id, entry.text, false);
    }
  }

  /** The call is over. */
  over() {
    this.lost();
    this.pulse.stop();
    const { answer } = this.conversation;
    if (answer && this.conversation.busy) this.finish(answer, "stopped");
    void this.conversation.save();
  }

  /** @override */
  wanted() {
    return { ...super.wanted(), ...this.call.wanted() };
  }

  /** @param {any} session @override */
  begin(session) {
    this.defaults = session;
    this.server = { token: "", lastEventId: "", known: [], cuts: [] };
    this.seen = [];
    const { answer, entries } = this.conversation;
    if (answer?.status === "running") this.finish(answer, "cut");
    this.update();
    if (!entries.length) return this.call.greets() ? this.greet() : undefined;
    void this.fit(entries.flatMap((entry) => (entry.kind === "question" ? entry.pictures : []))).then(() => this.reconcile());
  }

  /** A line takes messages of a certain length. @param {Picture[]} pictures */
  async fit(pictures) {
    const largest = this.call.largest();
    for (const picture of pictures) {
      if (picture.url.length > largest && !this.smaller.has(picture)) this.smaller.set(picture, await smaller(picture, largest));
    }
  }

  /** @param {Question} question @override */
  pictures(question) {
    return super.pictures(question).map((picture) => this.smaller.get(picture) ?? picture);
  }

  /** The welcome is said as it stands; without one the model begins. */
  greet() {
    const say = this.call.welcome();
    if (say) this.connection.send({ type: "response.create", response: { salon: { say } } });
    else if (this.defaults.salon?.tts) this.connection.send({ type: "response.create" });
  }

  /** @param {string} text @param {Picture[]} pictures @override */
  ask(text, pictures) {
    this.call.interrupt();
    const seen = this.call.picture();
    void this.fit(pictures).then(() => super.ask(text, seen ? [...pictures, seen] : pictures));
  }

  /** @override */
  stop() {
    this.call.interrupt();
  }

  /** @param {number} index @override */
  cut(index) {
    this.call.interrupt();
    super.cut(index);
  }

  /** @param {any} event @override */
  hear(event) {
    const now = Date.now();
    switch (event.type) {
      case "input_audio_buffer.speech_started":
        this.spoke(event.item_id, "", true, now);
        break;
      case "conversation.item.salon.partial":
        this.understood(event.item_id, event.transcript, true);
        break;
      case "conversation.item.input_audio_transcription.completed":
        this.understood(event.item_id, event.transcript, false);
        break;
      case "conversation.item.input_audio_transcription.failed":
        this.understood(event.item_id, "", false);
        break;
      case "input_audio_buffer.committed":
        this.spoke(event.item_id, "", true, now);
        if (this.shown) this.showed(event.item_id, this.shown);
        this.shown = null;
        break;
      case "conversation.item.truncated":
        this.truncated(event.item_id, event.audio_end_ms);
        break;
    }
    super.hear(event);
  }

  /** @param {string} id @param {string} text @param {boolean} partial @param {number} at */
  spoke(id, text, partial, at) {
    if (this.questionOf(id)) return;
    this.conversation.add({ kind: "question", id, at, text, pictures: [], spoken: true, partial });
  }

  /** @param {string} id @param {string} text @param {boolean} partial */
  understood(id, text, partial) {
    const question = this.questionOf(id);
    if (!question) return text ? this.spoke(id, text, partial, Date.now()) : undefined;
    question.text = text;
    question.partial = partial;
    // A sound in which there were no words.
    if (!text && !partial) this.unsee(this.seen.find(({ turn }) => turn === id));
    if (!text && !partial) return this.conversation.remove(question);
    if (!partial) this.conversation.entitle(question);
    this.conversation.changed(question);
    this.conversation.touch();
  }

  /** A picture goes with what is being said. @param {string} turn its item's id; empty where that is not known yet @param {Picture} picture */
  see(turn, picture) {
    const id = newId("item");
    this.connection.send({ type: "conversation.item.create", item: { id, type: "message", role: "user", content: [{ type: "input_image", image_url: picture.url }] } });
    this.seen.push({ id, turn });
    // The model would be shown all of them again with each turn.
    if (this.seen.length > MOST_SEEN) this.unsee(this.seen[0]);
    if (turn) this.showed(turn, picture);
    else this.shown = picture;
  }

  /** @param {{ id: string, turn: string }} [seen] */
  unsee(seen) {
    if (!seen) return;
    this.seen = this.seen.filter((each) => each !== seen);
    this.connection.send({ type: "conversation.item.delete", item_id: seen.id });
  }

  /** @param {string} turn @param {Picture} picture */
  showed(turn, picture) {
    const question = this.questionOf(turn);
    if (!question) return;
    question.pictures.push(picture);
    this.conversation.changed(question);
  }

  /** @param {any} event @override */
  toAnswer(event) {
    if (event.type === "response.created") return this.begun(event);
    const answer = this.answerFor(event);
    if (!answer || !apply(answer, event)) return;
    this.conversation.changed(answer);
    if (event.type !== "response.done") return;
    if (this.rested === answer.responseId) endSound(answer);
    // What was never heard is over with its words; the rest is over when it has been heard.
    if (answer.status !== "done") for (const { sound } of spokenParts(answer)) if (!sound.heard) Object.assign(sound, { over: true, cut: true });
    if (answer.status === "stopped" && !answer.parts.length) this.conversation.remove(answer);
    else this.finish(answer, answer.status, answer.problem);
  }

  /** @param {any} event */
  begun(event) {
    const { response } = event;
    if (response.conversation_id === null) return;
    const { answer: last } = this.conversation;
    const asked = last?.status === "waiting" && response.metadata?.answer === last.id;
    const answer = asked ? last : newAnswer(newId("answer"));
    this.inFlight.delete(answer.id);
    if (!asked) this.conversation.add(answer);
    apply(answer, event);
    this.conversation.changed(answer);
  }

  /** @param {string} responseId @param {number} ms of all its sound */
  heardUntil(responseId, ms) {
    const answer = this.answerOf(responseId);
    if (answer && hearUntil(answer, ms)) this.conversation.changed(answer);
  }

  /** So much of one message. @param {string} itemId @param {number} ms */
  heardOf(itemId, ms) {
    const found = this.partOf(itemId);
    if (!found?.part.sound || found.part.sound.over || ms <= found.part.sound.heard) return;
    found.part.sound.heard = ms;
    this.conversation.changed(found.answer);
  }

  /** Nothing of it is left to be heard now; while it is being written, more may come. @param {string} responseId */
  quiet(responseId) {
    const answer = this.answerOf(responseId);
    this.rested = responseId;
    if (!answer || answer.status === "running") return;
    endSound(answer);
    this.conversation.changed(answer);
  }

  /** It is heard. */
  sounds() {
    this.rested = "";
  }

  /** @param {string} itemId @param {number} ms */
  truncated(itemId, ms) {
    const found = this.partOf(itemId);
    if (!found) return;
    cutSound(found.part, ms);
    if (found.answer.status === "done") found.answer.status = "stopped";
    this.conversation.changed(found.answer);
  }

  /** A message that the browser spoke and the server only wrote: the server is told what was heard of it. @param {string} itemId @param {number} ms */
  rewrite(itemId, ms) {
    this.truncated(itemId, ms);
    const found = this.partOf(itemId);
    if (!found) return;
    this.connection.send({ type: "conversation.item.delete", item_id: itemId });
    const item = this.item(found.answer);
    if (item) this.connection.send({ type: "conversation.item.create", item });
  }

  /** @param {any} event @returns {Answer | undefined} */
  answerFor(event) {
    if (event.type === "response.done") return this.answerOf(event.response.id);
    if (event.type.startsWith("conversation.item.")) return event.item && this.answers().pop();
    return event.response_id ? this.answerOf(event.response_id) : undefined;
  }

  answers() {
    return /** @type {Answer[]} */ (this.conversation.entries.filter(({ kind }) => kind === "answer"));
  }

  /** @param {string} responseId */
  answerOf(responseId) {
    return this.answers().findLast((answer) => answer.responseId === responseId);
  }

  /** @param {string} itemId */
  partOf(itemId) {
    for (const answer of this.answers().reverse()) {
      const part = spokenParts(answer).find((each) => each.itemId === itemId);
      if (part) return { answer, part };
    }
    return null;
  }

  /** @param {string} id @returns {Question | undefined} */
  questionOf(id) {
    return /** @type {Question | undefined} */ (this.conversation.entries.findLast((entry) => entry.kind === "question" && entry.id === id));
  }
}
