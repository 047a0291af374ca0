/**
 * Writes blocks into the browser's own file system. A folder for each transfer: `manifest.json`, `have` with one byte for each
 * block, and the files by number. A block counts only once it is on the disk, so that what a crash leaves is either whole or asked for again.
 */

import { placesOf, sha256, totalOf } from "./manifest.js";

/** @typedef {import("./store.js").Kept} Kept */
/** @typedef {any} Handle a FileSystemSyncAccessHandle, which TypeScript has for workers only */
/** @typedef {{ folder: FileSystemDirectoryHandle, have: Handle, file: number, data: Handle | null }} Open */

const SPARE_BYTES = 16 * 1024 * 1024;

/** @type {Map<string, Open>} */
const opened = new Map();
/** One after the other: handles are exclusive. */
let order = Promise.resolve();

const work = { open, write, close, remove, list };

self.onmessage = ({ data: { number, what, given } }) => {
  order = order.then(async () => {
    try {
      const value = await /** @type {any} */ (work)[what](...given);
      self.postMessage({ number, value });
    } catch (error) {
      self.postMessage({ number, error: String(error) });
    }
  });
};

async function root() {
  return (await navigator.storage.getDirectory()).getDirectoryHandle("files", { create: true });
}

/** @param {Kept} kept @param {number} room bytes */
async function open(kept, room) {
  await close(kept.id);
  const { id, entries } = kept;
  const folder = await (await root()).getDirectoryHandle(id, { create: true });
  const places = placesOf(entries);
  const count = places[places.length - 1];
  const handle = await sync(folder, "have");
  try {
    const have = read(handle);
    if (have.length !== count || count === 0) {
      if (totalOf(entries) + SPARE_BYTES > room) throw new Error("no room");
      const manifest = await sync(folder, "manifest.json");
      manifest.truncate(0);
      manifest.write(new TextEncoder().encode(JSON.stringify(kept)), { at: 0 });
      manifest.flush();
      manifest.close();
      handle.truncate(count);
      handle.flush();
    }
    opened.set(id, { folder, have: handle, file: -1, data: null });
    return have.length === count ? have : new Uint8Array(count);
  } catch (error) {
    handle.close();
    throw error;
  }
}

/** @param {string} id @param {number} file @param {number} at @param {number} place @param {string} hash @param {Uint8Array<ArrayBuffer>} data */
async function write(id, file, at, place, hash, data) {
  if ((await sha256(data)) !== hash) return false;
  const known = opened.get(id);
  if (!known) throw new Error("not open");
  if (known.file !== file) {
    known.data?.close();
    known.data = await sync(known.folder, String(file));
    known.file = file;
  }
  if (known.data.write(data, { at }) !== data.length) throw new Error("no room");
  known.data.flush();
  // Not flushed each time: what a crash takes of it is asked for again.
  known.have.write(Uint8Array.of(1), { at: place });
  return true;
}

/** @param {string} id */
async function close(id) {
  const known = opened.get(id);
  opened.delete(id);
  known?.data?.close();
  known?.have.flush();
  known?.have.close();
}

/** @param {string} id */
async function remove(id) {
  await close(id);
  await (await root()).removeEntry(id, { recursive: true });
}

async function list() {
  const found = [];
  for await (const [, folder] of /** @type {any} */ (await root()).entries()) {
    try {
      const manifest = await (await folder.getFileHandle("manifest.json")).getFile();
      const have = await (await folder.getFileHandle("have")).getFile();
      found.push({ kept: JSON.parse(await manifest.text()), have: new Uint8Array(await have.arrayBuffer()) });
    } catch {
      // Another tab writes there, or nothing was written yet.
    }
  }
  return found;
}

/** @param {FileSystemDirectoryHandle} folder @param {string} name @returns {Promise<Handle>} */
async function sync(folder, name) {
  return /** @type {any} */ (await folder.getFileHandle(name, { create: true })).createSyncAccessHandle();
}

/** @param {Handle} handle */
function read(handle) {
  const bytes = new Uint8Array(handle.getSize());
  handle.read(bytes, { at: 0 });
  return bytes;
}
