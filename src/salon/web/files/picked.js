/** Straight to the user's disk: a file that was chosen, or files in a folder that was. Lasts as long as the tab. */

import { BLOCK, blocksOf, placesOf, sha256 } from "./manifest.js";

/** @typedef {import("./manifest.js").Entry} Entry */
/** @typedef {import("./store.js").Kept} Kept */
/** @typedef {import("./store.js").Store} Store */
/** @typedef {{ stream: Promise<FileSystemWritableFileStream>, left: number }} Open `left`: blocks that are not there yet */

/** @implements {Store} */
export class PickedStore {
  /** @param {FileSystemFileHandle | FileSystemDirectoryHandle} handle */
  constructor(handle) {
    this.handle = handle;
    /** @type {"picked"} */
    this.place = "picked";
    this.name = handle.name;
    /** @type {Uint8Array | null} */
    this.have = null;
    /** @type {Map<number, Open>} */
    this.opened = new Map();
    /** @type {Entry[]} */
    this.entries = [];
  }

  /** @param {number} count @param {string} name of the first */
  static async ask(count, name) {
    const { showSaveFilePicker, showDirectoryPicker } = /** @type {any} */ (globalThis);
    const handle = count === 1 ? await showSaveFilePicker({ suggestedName: name.split("/").pop() }) : await showDirectoryPicker({ mode: "readwrite" });
    return new PickedStore(handle);
  }

  /** @param {Kept} kept */
  async open({ entries }) {
    if (this.have) return this.have;
    this.entries = entries;
    this.have = new Uint8Array(placesOf(entries)[entries.length]);
    // An empty file has no block that would make it.
    for (const [file, { size }] of entries.entries()) if (!size) await (await this.start(file)).close();
    return this.have;
  }

  /** @param {string} _id @param {number} file @param {number} index @param {number} place @param {string} hash @param {Uint8Array} data */
  async write(_id, file, index, place, hash, data) {
    const bytes = /** @type {Uint8Array<ArrayBuffer>} */ (data);
    if ((await sha256(bytes)) !== hash) return false;
    const open = this.opened.get(file) ?? { stream: this.start(file), left: blocksOf(this.entries[file].size) };
    this.opened.set(file, open);
    const stream = await open.stream;
    await stream.write({ type: "write", position: index * BLOCK, data: bytes });
    open.left -= 1;
    // The browser puts a file in its place only now: what it has not closed is not there.
    if (open.left === 0) await stream.close();
    if (this.have) this.have[place] = 1;
    return true;
  }

  /** @param {number} file */
  async start(file) {
    const { handle } = this;
    const target = handle.kind === "file" ? handle : await newFile(/** @type {FileSystemDirectoryHandle} */ (handle), this.entries[file].path);
    return /** @type {FileSystemFileHandle} */ (target).createWritable();
  }

  async close() {}

  /** @returns {Promise<Blob>} */
  async read() {
    throw new Error("it is where the user put it");
  }

  /** What is not whole is given up; what is stays where it was put. */
  async remove() {
    for (const { stream, left } of this.opened.values()) if (left > 0) await (await stream).abort();
    this.opened.clear();
  }

  async list() {
    return [];
  }
}

/** A file below a folder, beside what is there already. @param {FileSystemDirectoryHandle} root @param {string} path */
export async function newFile(root, path) {
  const parts = path.split("/");
  const last = /** @type {string} */ (parts.pop());
  let folder = root;
  for (const part of parts) folder = await folder.getDirectoryHandle(part, { create: true });
  let name = last;
  for (let copy = 2; await exists(folder, name); copy += 1) name = last.replace(/(\.[^.]*)?$/, ` (${copy})$1`);
  return folder.getFileHandle(name, { create: true });
}

/** @param {FileSystemDirectoryHandle} folder @param {string} name */
async function exists(folder, name) {
  try {
    await folder.getFileHandle(name);
    return true;
  } catch (error) {
    return !(error instanceof DOMException && error.name === "NotFoundError");
  }
}
