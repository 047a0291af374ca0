/** What was said in a spoken conversation, by whom, and how much of it was heard: built from the server's events alone. */

import { Emitter } from "../emitter.js";

/** @typedef {{ text: string, start_ms: number, end_ms: number, at: number }} Word */
/** @typedef {Record<string, number>} Waterfall milliseconds of each part, and `total` */

/**
 * `kind` user: what a person said or wrote; `partial` while it is still being understood.
 * `kind` agent: an answer. `words` are timed in the sound of `item`; `heard` is how much of that sound was heard, in milliseconds; what
 * is in items before it was heard in full.
 *
 * @typedef {{ kind: "user", id: string, at: number, text: string, partial: boolean, spoken: boolean, picture: string }} Said
 * @typedef {{ kind: "agent", id: string, at: number, text: string, item: string, from: number, words: Word[], heard: number,
 *   status: "running" | "done" | "interrupted" | "failed", spoken: boolean, tools: string[], waterfall: Waterfall | null, problem: string }} Answer
 * @typedef {Said | Answer} Entry
 */

/** @extends {Emitter<{ added: Entry, changed: Entry, removed: Entry }>} */
export class Transcript extends Emitter {
  constructor() {
    super();
    /** @type {Entry[]} */
    this.entries = [];
  }

  /** @param {any} event @param {number} now */
  hear(event, now) {
    switch (event.type) {
      case "input_audio_buffer.speech_started":
        this.add({ kind: "user", id: event.item_id, at: now, text: "", partial: true, spoken: true, picture: "" });
        break;
      case "conversation.item.salon.partial":
        this.understood(event.item_id, event.transcript, true, now);
        break;
      case "conversation.item.input_audio_transcription.completed":
        this.understood(event.item_id, event.transcript, false, now);
        break;
      case "conversation.item.input_audio_transcription.failed":
        this.understood(event.item_id, "", false, now);
        break;
      case "response.created":
        if (event.response.conversation_id !== null) this.add(newAnswer(event.response.id, now));
        break;
      case "response.output_item.added":
        this.item(event);
        break;
      case "response.output_audio_transcript.delta":
      case "response.output_text.delta":
        this.more(event, now);
        break;
      case "response.salon.words":
        this.timed(event);
        break;
      case "conversation.item.truncated":
        this.cut(event.item_id, event.audio_end_ms);
        break;
      case "response.done":
        this.over(event.response);
        break;
    }
  }

  /** Something was written rather than spoken. @param {string} id @param {string} text @param {string} picture @param {number} now */
  write(id, text, picture, now) {
    this.add({ kind: "user", id, at: now, text, partial: false, spoken: false, picture });
  }

  /** So much of an item's sound was heard. @param {string} item @param {number} ms */
  heard(item, ms) {
    const answer = this.ofItem(item);
    if (!answer || answer.status === "interrupted" || ms <= answer.heard) return;
    answer.heard = ms;
    this.emit("changed", answer);
  }

  /** @param {Entry} entry */
  add(entry) {
    if (this.entries.some(({ kind, id }) => kind === entry.kind && id === entry.id)) return;
    this.entries.push(entry);
    this.emit("added", entry);
  }

  /** @param {string} id @param {string} text @param {boolean} partial @param {number} now */
  understood(id, text, partial, now) {
    const said = this.entries.find((entry) => entry.kind === "user" && entry.id === id);
    if (!said) {
      if (text) this.add({ kind: "user", id, at: now, text, partial, spoken: true, picture: "" });
      return;
    }
    if (said.kind !== "user") return;
    said.text = text;
    said.partial = partial;
    if (text || partial) return this.emit("changed", said);
    // A sound in which there were no words.
    this.entries.splice(this.entries.indexOf(said), 1);
    this.emit("removed", said);
  }

  /** @param {any} event */
  item({ response_id: id, item }) {
    const answer = this.answer(id);
    if (!answer) return;
    if (item.type === "function_call") answer.tools.push(item.name);
    if (item.type === "message") this.begin(answer, item.id);
    this.emit("changed", answer);
  }

  /** @param {Answer} answer @param {string} item */
  begin(answer, item) {
    if (answer.item === item) return;
    if (answer.text) answer.text += "\n\n";
    Object.assign(answer, { item, from: answer.text.length, words: [], heard: 0 });
  }

  /** @param {any} event @param {number} now */
  more({ type, response_id: id, item_id: item, delta }, now) {
    let answer = this.answer(id);
    if (!answer) this.add((answer = newAnswer(id, now)));
    this.begin(answer, item);
    answer.text += delta;
    answer.spoken = type === "response.output_audio_transcript.delta";
    this.emit("changed", answer);
  }

  /** @param {any} event */
  timed({ response_id: id, item_id: item, words }) {
    const answer = this.answer(id);
    if (!answer || answer.item !== item) return;
    answer.words.push(...words);
    this.emit("changed", answer);
  }

  /** @param {string} item @param {number} ms */
  cut(item, ms) {
    const answer = this.ofItem(item);
    if (!answer) return;
    answer.heard = ms;
    answer.status = "interrupted";
    this.emit("changed", answer);
  }

  /** @param {any} response */
  over(response) {
    const answer = this.answer(response.id);
    if (!answer) return;
    const details = response.status_details;
    if (answer.status === "running") {
      answer.status = response.status === "completed" ? "done" : response.status === "cancelled" ? "interrupted" : "failed";
    }
    if (response.status === "failed") answer.problem = details?.error?.message ?? details?.error?.code ?? "";
    answer.waterfall = response.salon?.waterfall ?? null;
    if (!answer.text && !answer.tools.length && answer.status === "interrupted") {
      this.entries.splice(this.entries.indexOf(answer), 1);
      return this.emit("removed", answer);
    }
    this.emit("changed", answer);
  }

  /** @param {string} id @returns {Answer | undefined} */
  answer(id) {
    return /** @type {Answer | undefined} */ (this.entries.findLast((entry) => entry.kind === "agent" && entry.id === id));
  }

  /** @param {string} item @returns {Answer | undefined} */
  ofItem(item) {
    return /** @type {Answer | undefined} */ (this.entries.findLast((entry) => entry.kind === "agent" && entry.item === item));
  }
}

/** How many characters of an answer's text were heard, by now. @param {Answer} answer */
export function heardLength({ text, from, words, heard, status, spoken }) {
  if (!spoken) return text.length;
  if (status === "done" && !words.length) return text.length;
  const word = words.findLast(({ start_ms: start }) => start <= heard && heard > 0);
  if (status === "done" && words.length && heard >= words[words.length - 1].end_ms) return text.length;
  return word ? from + word.at + word.text.length : from;
}

/** Everything that was said, with times, as Markdown. @param {Entry[]} entries @param {{ you: string, agent: string }} names @param {(at: number) => string} clock */
export function asMarkdown(entries, names, clock) {
  const lines = entries.map((entry) => {
    const who = entry.kind === "user" ? names.you : names.agent;
    const text = entry.kind === "agent" && entry.status === "interrupted" ? `${entry.text.slice(0, heardLength(entry)).trimEnd()} …` : entry.text;
    return `**${who}** (${clock(entry.at)}): ${text.trim()}`;
  });
  return `${lines.join("\n\n")}\n`;
}

/** @param {string} id @param {number} at @returns {Answer} */
function newAnswer(id, at) {
  return { kind: "agent", id, at, text: "", item: "", from: 0, words: [], heard: 0, status: "running", spoken: false, tools: [], waterfall: null, problem: "" };
}
