/**
 * What people put into a room's topics, and what of it is believed. Everything here was written by somebody else: a member of the
 * wrong kind is as if it were not there, and nothing is longer than it may be. The shapes stand in docs/how-to/chat.md.
 */

export const LONGEST_TEXT = 20_000;
export const LONGEST_NAME = 60;
export const MOST_PICTURES = 4;
const LONGEST_ID = 64;
const LONGEST_EMOJI = 16;

/**
 * Where in the topic `pictures` a picture is kept.
 * @typedef {{ offset: number, epoch: string, name: string, width: number, height: number }} PictureRef
 *
 * `done`: it is whole; `stopped`: somebody stopped it; `failed`: the model did; `interrupted`: its writer is gone.
 * @typedef {"" | "done" | "stopped" | "failed" | "interrupted"} End
 *
 * @typedef {{ type: "message", id: string, text: string, name: string, replyTo: string, pictures: PictureRef[], mentions: string[], growing: boolean }} MessageEntry
 * @typedef {{ type: "edit", id: string, text: string, end: End }} EditEntry
 * @typedef {{ type: "delete", id: string }} DeleteEntry
 * @typedef {{ type: "react", id: string, emoji: string, on: boolean }} ReactEntry
 * @typedef {{ type: "notice", id: string, notice: string, name: string, text: string, stars: number, attended: boolean }} NoticeEntry `attended`: there is somebody to take over
 * @typedef {MessageEntry | EditEntry | DeleteEntry | ReactEntry | NoticeEntry} Entry
 */

/** What it says, or null where this is no entry that is known. @param {any} data @returns {Entry | null} */
export function readEntry(data) {
  if (!data || typeof data !== "object") return null;
  const id = text(data.id, LONGEST_ID);
  if (!id) return null;
  switch (data.type) {
    case "message":
      return {
        type: "message",
        id,
        text: text(data.text, LONGEST_TEXT),
        name: text(data.name, LONGEST_NAME),
        replyTo: text(data.reply_to, LONGEST_ID),
        pictures: list(data.pictures).map(readPicture).filter((picture) => picture !== null).slice(0, MOST_PICTURES),
        mentions: list(data.mentions).map((name) => text(name, 128)).filter(Boolean).slice(0, 20),
        growing: data.growing === true,
      };
    case "edit":
      return { type: "edit", id, text: text(data.text, LONGEST_TEXT), end: readEnd(data.end) };
    case "delete":
      return { type: "delete", id };
    case "react": {
      const emoji = text(data.emoji, LONGEST_EMOJI);
      return emoji ? { type: "react", id, emoji, on: data.on !== false } : null;
    }
    case "notice":
      return {
        type: "notice",
        id,
        notice: text(data.notice, 40),
        name: text(data.name, LONGEST_NAME),
        text: text(data.text, LONGEST_TEXT),
        stars: Number.isInteger(data.stars) && data.stars >= 1 && data.stars <= 5 ? data.stars : 0,
        attended: data.attended !== false,
      };
    default:
      return null;
  }
}

/** @param {any} data @returns {PictureRef | null} */
function readPicture(data) {
  if (!data || typeof data !== "object" || !count(data.offset)) return null;
  return {
    offset: data.offset,
    epoch: text(data.epoch, 64),
    name: text(data.name, 120),
    width: Math.min(count(data.width), 8000),
    height: Math.min(count(data.height), 8000),
  };
}

/** What may be shown as a picture: raster images alone, as their bytes. @param {any} data */
export function pictureUrl(data) {
  const url = data?.type === "picture" && typeof data.url === "string" ? data.url : "";
  return /^data:image\/(?:png|jpeg|webp|gif);base64,[A-Za-z0-9+/=]+$/.test(url) ? url : "";
}

/** @param {any} end @returns {End} */
function readEnd(end) {
  return ["done", "stopped", "failed", "interrupted"].includes(end) ? end : "";
}

/** @param {unknown} value @param {number} longest @returns {string} */
export function text(value, longest) {
  return typeof value === "string" ? value.slice(0, longest) : "";
}

/** @param {unknown} value @returns {any[]} */
function list(value) {
  return Array.isArray(value) ? value.slice(0, 100) : [];
}

/** @param {unknown} value */
function count(value) {
  return typeof value === "number" && Number.isSafeInteger(value) && value > 0 ? value : 0;
}

/** What somebody is called: by their token, else as they say, else by their identity. @param {any} info */
export function nameOf(info) {
  return text(info?.conn_info?.name, LONGEST_NAME) || text(info?.chan_info?.attributes?.name, LONGEST_NAME) || text(info?.user, LONGEST_NAME);
}

/** Whether a name is written with an at sign in front. Where words are not parted by spaces, they may go on right behind it. @param {string} words @param {string} name */
export function mentions(words, name) {
  if (!name) return false;
  const escaped = name.replace(/[.*+?^${}()|[\]\\-]/g, "\\$&");
  const end = /[\w.-]$/.test(name) ? "(?![A-Za-z0-9_-])" : "";
  return new RegExp(`(?<![A-Za-z0-9_.])@${escaped}${end}`, "i").test(words);
}
