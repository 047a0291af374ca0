/** What is sent: paths, sizes, and how files are cut into blocks. What a stranger says of it is believed only after this. */

/**
 * `path` has `/` between folders; `modified` is milliseconds since 1970.
 * @typedef {{ path: string, size: number, modified: number }} Entry
 * @typedef {{ id: string, entries: Entry[] }} Manifest
 */

/** Bytes of one block: what is hashed, written and asked for again as one. */
export const BLOCK = 4 * 1024 * 1024;
export const MOST_FILES = 2_000;
export const MOST_BYTES = 2 ** 40;
const LONGEST_PATH = 1_024;
const LONGEST_NAME = 255;
const ID = /^[a-z0-9]{16,64}$/;
// Characters that a file system takes for something else, or that hide what a name ends with.
const FORBIDDEN = /[\u0000-\u001f\u007f\\:*?"<>|\u200e\u200f\u202a-\u202e\u2066-\u2069]/;

/** @param {number} size */
export function blocksOf(size) {
  return Math.ceil(size / BLOCK);
}

/** Bytes of a block. @param {number} size of the file @param {number} index */
export function lengthOf(size, index) {
  return Math.min(BLOCK, size - index * BLOCK);
}

/** @param {Entry[]} entries */
export function totalOf(entries) {
  return entries.reduce((sum, { size }) => sum + size, 0);
}

/** At which place the blocks of each file begin, among all. The last is the number of all. @param {Entry[]} entries */
export function placesOf(entries) {
  const places = [0];
  for (const { size } of entries) places.push(places[places.length - 1] + blocksOf(size));
  return places;
}

/** @param {unknown} value @returns {value is string} */
export function isTransferId(value) {
  return typeof value === "string" && ID.test(value);
}

/** An entry that a stranger has sent, or null: its path leads nowhere but below the folder it is put in. @param {unknown} value @returns {Entry | null} */
export function entryOf(value) {
  if (!Array.isArray(value)) return null;
  const [path, size, modified] = value;
  if (typeof path !== "string" || !isPath(path)) return null;
  if (!Number.isSafeInteger(size) || size < 0 || size > MOST_BYTES) return null;
  if (!Number.isSafeInteger(modified)) return null;
  return { path, size, modified };
}

/** @param {string} path */
export function isPath(path) {
  if (!path || path.length > LONGEST_PATH || FORBIDDEN.test(path)) return false;
  return path.split("/").every((part) => part && part.length <= LONGEST_NAME && part !== "." && part !== ".." && part.trim() === part && !part.endsWith("."));
}

/** The path as it can be sent: what no other system would take is replaced. @param {string} path */
export function sendablePath(path) {
  const parts = path.split("/").filter((part) => part && part !== "." && part !== "..");
  const clean = parts.map((part) => part.replace(new RegExp(FORBIDDEN, "g"), "_").trim().replace(/\.+$/, "_").slice(-LONGEST_NAME) || "_");
  return clean.join("/").slice(-LONGEST_PATH).replace(/^\/+/, "") || "_";
}

/** Two entries of one path would overwrite each other. @param {Entry[]} entries */
export function distinct(entries) {
  return new Set(entries.map(({ path }) => path.toLowerCase())).size === entries.length;
}

/** Which blocks are there, one bit each, as text. @param {Uint8Array} have one byte a block @returns {string} */
export function packed(have) {
  const bits = new Uint8Array(Math.ceil(have.length / 8));
  have.forEach((there, index) => there && (bits[index >> 3] |= 1 << (index & 7)));
  let text = "";
  for (let at = 0; at < bits.length; at += 0x8000) text += String.fromCharCode(...bits.subarray(at, at + 0x8000));
  return btoa(text);
}

/** @param {unknown} text @param {number} count @returns {Uint8Array} one byte a block; none there where the text is no such thing */
export function unpacked(text, count) {
  const have = new Uint8Array(count);
  try {
    const bits = atob(String(text));
    for (let index = 0; index < count; index += 1) have[index] = (bits.charCodeAt(index >> 3) >> (index & 7)) & 1;
  } catch {
    have.fill(0);
  }
  return have;
}

/** @param {BufferSource} data @returns {Promise<string>} SHA-256 in hexadecimal */
export async function sha256(data) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", data));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
