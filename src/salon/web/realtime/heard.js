/** How much of what was said aloud was heard: of each message, which words, by the times at which they were spoken. */

/** @typedef {import("../model/types.js").Answer} Answer */
/** @typedef {import("../model/types.js").TextPart} TextPart */
/** @typedef {import("../model/types.js").Sound} Sound */

const SILENT = /^[\s\p{P}]+/u;
const NO_WORD = /^[^\p{L}\p{N}]+/u;
/** With the marks by which Markdown begins one. */
const NEW_LINE = /\s*\n[\s#>*+-]*/g;

/** @returns {Sound} */
export function newSound() {
  return { words: [], heard: 0, over: false, cut: false };
}

/** How many characters of a message were heard by now; of one that was written, all. @param {TextPart} part */
export function heardLength({ text, sound }) {
  if (!sound || (sound.over && !sound.cut)) return text.length;
  const { words, heard } = sound;
  const word = heard > 0 ? words.findLast(({ start_ms: start }) => start <= heard) : undefined;
  if (!word) return 0;
  const end = word.at + word.text.length;
  // What stands behind a word that was heard to its end has no sound of its own.
  return word.end_ms > heard ? end : end + (SILENT.exec(text.slice(end))?.[0].length ?? 0);
}

/** The words of a message that nobody heard, in one line; empty where all was heard. @param {TextPart} part */
export function unheardText(part) {
  return part.sound?.cut ? part.text.slice(heardLength(part)).replace(NO_WORD, "").replace(NEW_LINE, " ") : "";
}

/** @param {TextPart} part */
export function heardText(part) {
  return part.text.slice(0, heardLength(part)).trimEnd();
}

/** The messages of an answer that are spoken, in their order. @param {Answer} answer */
export function spokenParts(answer) {
  return /** @type {(TextPart & { sound: Sound })[]} */ (answer.parts.filter((part) => part.kind === "text" && part.sound));
}

/** So much of an answer's sound was heard, all its messages together. True where that is news. @param {Answer} answer @param {number} ms */
export function hearUntil(answer, ms) {
  const parts = spokenParts(answer);
  let before = 0;
  let news = false;
  for (const [index, { sound }] of parts.entries()) {
    const length = sound.words[sound.words.length - 1]?.end_ms ?? 0;
    const heard = index === parts.length - 1 ? ms - before : Math.min(ms - before, length);
    if (!sound.over && heard > sound.heard) {
      sound.heard = heard;
      news = true;
    }
    before += length;
  }
  return news;
}

/** Its sound is over: it was heard to its end, or cut. @param {Answer} answer */
export function endSound(answer) {
  for (const { sound } of spokenParts(answer)) sound.over = true;
}

/** What was heard of it so far was all. @param {Answer} answer */
export function stopSound(answer) {
  for (const { sound } of spokenParts(answer)) if (!sound.over) Object.assign(sound, { over: true, cut: true });
}

/** What was being spoken when the page went away is over. @param {import("../model/types.js").Entry[]} entries */
export function fallSilent(entries) {
  for (const [index, entry] of entries.entries()) {
    if (entry.kind === "question") entry.partial &&= false;
    else {
      const before = entries[index - 1];
      const spoken = spokenParts(entry).length > 0 || (before?.kind === "question" && before.spoken);
      if (spoken && entry.status === "running") entry.status = "cut";
      stopSound(entry);
    }
  }
}

/** It was heard so far and no further, in milliseconds of one message. @param {TextPart} part @param {number} ms */
export function cutSound({ sound }, ms) {
  if (sound) Object.assign(sound, { heard: ms, over: true, cut: true });
}
