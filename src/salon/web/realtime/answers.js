/** How an answer grows: server events applied to the page's model. Pure but for the model it changes. */

import { heardText, newSound } from "./heard.js";

/** @typedef {import("../model/types.js").Answer} Answer */
/** @typedef {import("../model/types.js").Part} Part */
/** @typedef {import("../model/types.js").TextPart} TextPart */
/** @typedef {import("../model/types.js").CallPart} CallPart */
/** @typedef {import("./connection.js").ServerEvent} ServerEvent */

/** @param {string} id @returns {Answer} */
export function newAnswer(id) {
  return {
    kind: "answer",
    id,
    at: Date.now(),
    status: "waiting",
    responseId: "",
    reasoning: "",
    parts: [],
    figures: null,
    problem: null,
  };
}

/** All that an answer says, without its tool calls; of what was spoken, what was heard. @param {Answer} answer */
export function textOf(answer) {
  return answer.parts.flatMap((part) => (part.kind === "text" && heardText(part)) || []).join("\n\n");
}

/** The ids that the server knows an answer's items by. @param {Answer} answer */
export function itemIds(answer) {
  return answer.parts.flatMap((part) =>
    part.kind === "call" && part.outputId ? [part.itemId, part.outputId] : [part.itemId],
  );
}

/**
 * Apply an event to the answer it belongs to. True where something has changed.
 *
 * @param {Answer} answer
 * @param {ServerEvent} event
 * @returns {boolean}
 */
export function apply(answer, event) {
  switch (event.type) {
    case "response.created":
      answer.status = "running";
      answer.responseId = event.response.id;
      return true;
    case "response.output_item.added":
      return open(answer, event.item) !== null;
    case "response.output_text.delta":
      text(answer, event.item_id).text += event.delta;
      return true;
    case "response.output_text.done":
      text(answer, event.item_id).text = event.text;
      return true;
    case "response.output_audio_transcript.delta":
      spoken(answer, event.item_id).text += event.delta;
      return true;
    case "response.salon.words":
      spoken(answer, event.item_id).sound.words.push(...event.words);
      return true;
    case "salon.response.reasoning.delta":
    case "response.salon.reasoning.delta":
      answer.reasoning += event.delta;
      return true;
    case "response.function_call_arguments.delta": {
      const part = call(answer, (each) => each.itemId === event.item_id);
      if (part) part.arguments += event.delta;
      return part !== null;
    }
    case "response.output_item.done":
      return finishItem(answer, event.item);
    case "conversation.item.added":
    case "conversation.item.done":
      return event.item.type === "function_call_output" && output(answer, event.item);
    case "response.done":
      finish(answer, event.response);
      return true;
    default:
      return false;
  }
}

/** @param {Answer} answer @param {any} item @returns {Part | null} */
function open(answer, item) {
  const known = answer.parts.find((part) => part.itemId === item.id);
  if (known) return known;
  /** @type {Part | null} */
  const part =
    item.type === "message"
      ? { kind: "text", itemId: item.id, text: "", references: [] }
      : item.type === "function_call"
        ? {
            kind: "call",
            itemId: item.id,
            callId: item.call_id,
            name: item.name,
            arguments: item.arguments ?? "",
            output: null,
            outputId: "",
            state: "writing",
          }
        : null;
  if (part) answer.parts.push(part);
  return part;
}

/** @param {Answer} answer @param {string} itemId @returns {TextPart} */
function text(answer, itemId) {
  return /** @type {TextPart} */ (open(answer, { id: itemId, type: "message" }));
}

/** @param {Answer} answer @param {string} itemId */
function spoken(answer, itemId) {
  const part = text(answer, itemId);
  part.sound ??= newSound();
  return /** @type {TextPart & { sound: import("../model/types.js").Sound }} */ (part);
}

/** @param {Answer} answer @param {(part: CallPart) => boolean} fits @returns {CallPart | null} */
function call(answer, fits) {
  return /** @type {CallPart | undefined} */ (answer.parts.find((part) => part.kind === "call" && fits(part))) ?? null;
}

/** @param {Answer} answer @param {any} item */
function finishItem(answer, item) {
  const part = open(answer, item);
  if (part?.kind === "text") {
    // What was spoken is known clause by clause; the item may have been cut to what was heard.
    if (!part.sound) part.text = (item.content ?? []).map((/** @type {any} */ each) => each.text ?? each.transcript ?? "").join("");
    part.references = item.salon?.references ?? part.references;
  } else if (part) {
    part.arguments = item.arguments;
    if (part.output === null) part.state = item.status === "completed" ? "running" : "failed";
  }
  return part !== null;
}

/** @param {Answer} answer @param {any} item */
function output(answer, item) {
  const part = call(answer, (each) => each.callId === item.call_id);
  if (!part) return false;
  part.output = item.output;
  part.outputId = item.id;
  part.state = isFailure(item.output) ? "failed" : "done";
  return true;
}

/** A tool that failed says so in its output. @param {string} text */
function isFailure(text) {
  try {
    return typeof JSON.parse(text)?.error?.code === "string";
  } catch {
    return false;
  }
}

/** @type {Record<string, import("../model/types.js").AnswerStatus>} */
const ENDS = { completed: "done", cancelled: "stopped", incomplete: "incomplete", failed: "failed" };

/** @param {Answer} answer @param {any} response */
function finish(answer, response) {
  for (const item of response.output ?? []) {
    if (item.type === "message") finishItem(answer, item);
  }
  answer.status = ENDS[response.status] ?? "done";
  const { status_details: details, usage, salon } = response;
  if (answer.status === "failed" || answer.status === "incomplete") {
    const code = details?.error?.code ?? details?.reason ?? "unknown";
    answer.problem = { code, message: details?.error?.message ?? salon?.error?.message ?? "" };
  }
  for (const part of answer.parts) {
    if (part.kind === "call" && part.output === null) part.state = "failed";
  }
  answer.waterfall = salon?.waterfall ?? null;
  answer.figures = {
    model: salon?.model ?? "",
    firstMs: salon?.first_token_ms ?? null,
    durationMs: salon?.duration_ms ?? null,
    input: usage?.input_tokens ?? 0,
    output: usage?.output_tokens ?? 0,
  };
}
