/**
 * Where incoming files are until they are saved: in the browser's own file system (OPFS), which is on the disk, so that a file of
 * any size takes no memory and is still there after a reload; or in memory, up to a bound. `places.js` knows which there are.
 */

import { BLOCK, placesOf, sha256, totalOf } from "./manifest.js";

/** @typedef {import("./manifest.js").Entry} Entry */
/** @typedef {{ id: string, other: string, name: string, entries: Entry[] }} Kept */

/**
 * @typedef {object} Store
 * @property {"storage" | "picked" | "download" | "memory"} place what the user is told
 * @property {string} name of the file or folder that the user chose
 * @property {(kept: Kept) => Promise<Uint8Array>} open which blocks are there; throws where there is no room
 * @property {(id: string, file: number, index: number, place: number, hash: string, data: Uint8Array) => Promise<boolean>} write false where the hash is another
 * @property {(id: string) => Promise<void>} close nothing more is written
 * @property {(id: string, file: number, entry: Entry) => Promise<Blob>} read
 * @property {(id: string) => Promise<void>} remove
 * @property {() => Promise<{ kept: Kept, have: Uint8Array }[]>} list what was begun earlier
 */

export const MOST_IN_MEMORY = 512 * 1024 * 1024;

/** @implements {Store} */
export class DiskStore {
  constructor() {
    /** @type {"storage"} */
    this.place = "storage";
    this.name = "";
    // Only a worker may write without copying the whole file.
    this.worker = new Worker(new URL("./store-worker.js", import.meta.url), { type: "module" });
    this.next = 1;
    /** @type {Map<number, { resolve: (value: any) => void, reject: (error: Error) => void }>} */
    this.asked = new Map();
    this.worker.onmessage = ({ data: { number, value, error } }) => {
      const asked = this.asked.get(number);
      this.asked.delete(number);
      if (error) asked?.reject(new Error(error));
      else asked?.resolve(value);
    };
  }

  /** @param {string} what @param {unknown[]} given @param {Transferable[]} [handed] @returns {Promise<any>} */
  ask(what, given, handed = []) {
    const number = this.next++;
    return new Promise((resolve, reject) => {
      this.asked.set(number, { resolve, reject });
      this.worker.postMessage({ number, what, given }, handed);
    });
  }

  /** @param {Kept} kept */
  async open(kept) {
    const { quota = Infinity, usage = 0 } = await navigator.storage.estimate();
    void navigator.storage.persist?.();
    return this.ask("open", [kept, quota - usage]);
  }

  /** @param {string} id @param {number} file @param {number} index @param {number} place @param {string} hash @param {Uint8Array} data */
  write(id, file, index, place, hash, data) {
    return this.ask("write", [id, file, index * BLOCK, place, hash, data], [data.buffer]);
  }

  /** @param {string} id */
  close(id) {
    return this.ask("close", [id]);
  }

  /** @param {string} id @param {number} file @param {Entry} entry */
  async read(id, file, entry) {
    if (entry.size === 0) return new Blob();
    await this.close(id);
    const root = await navigator.storage.getDirectory();
    const folder = await (await root.getDirectoryHandle("files")).getDirectoryHandle(id);
    return (await folder.getFileHandle(String(file))).getFile();
  }

  /** @param {string} id */
  remove(id) {
    return this.ask("remove", [id]);
  }

  list() {
    return this.ask("list", []);
  }
}

/** @implements {Store} */
export class MemoryStore {
  constructor() {
    /** @type {"memory"} */
    this.place = "memory";
    this.name = "";
    /** @type {Map<string, { kept: Kept, have: Uint8Array, blocks: Map<number, Blob>, places: number[] }>} */
    this.all = new Map();
  }

  /** @param {Kept} kept */
  async open(kept) {
    const known = this.all.get(kept.id);
    if (known) return known.have;
    const held = [...this.all.values()].reduce((sum, each) => sum + totalOf(each.kept.entries), 0);
    if (held + totalOf(kept.entries) > MOST_IN_MEMORY) throw new Error("no room");
    const places = placesOf(kept.entries);
    const have = new Uint8Array(places[places.length - 1]);
    this.all.set(kept.id, { kept, have, blocks: new Map(), places });
    return have;
  }

  /** @param {string} id @param {number} _file @param {number} _index @param {number} place @param {string} hash @param {Uint8Array} data */
  async write(id, _file, _index, place, hash, data) {
    const bytes = /** @type {Uint8Array<ArrayBuffer>} */ (data);
    if ((await sha256(bytes)) !== hash) return false;
    this.all.get(id)?.blocks.set(place, new Blob([bytes]));
    return true;
  }

  async close() {}

  /** @param {string} id @param {number} file */
  async read(id, file) {
    const known = this.all.get(id);
    if (!known) throw new Error("gone");
    const { blocks, places } = known;
    return new Blob(Array.from({ length: places[file + 1] - places[file] }, (_, index) => /** @type {Blob} */ (blocks.get(places[file] + index))));
  }

  /** @param {string} id */
  async remove(id) {
    this.all.delete(id);
  }

  async list() {
    return [...this.all.values()].map(({ kept, have }) => ({ kept, have }));
  }
}
