/**
 * Where incoming files can go in this browser, the best first: into its own storage, which outlives the tab; straight to a file or folder
 * that the user chooses; to the disk as a download; into memory, up to a bound.
 */

import { DownloadStore } from "./download.js";
import { PickedStore } from "./picked.js";
import { DiskStore, MOST_IN_MEMORY, MemoryStore } from "./store.js";

/** @typedef {import("./store.js").Store} Store */
/** @typedef {Store["place"]} Place */

const SPARE_BYTES = 64 * 1024 * 1024;

/** Whether the user can choose where a file goes, and a folder. */
export const canPick = { file: "showSaveFilePicker" in globalThis, folder: "showDirectoryPicker" in globalThis };

export class Places {
  /** @param {Store | null} storage what outlives the tab, where the browser has it */
  constructor(storage) {
    this.storage = storage;
    this.memory = new MemoryStore();
  }

  static async open() {
    try {
      await navigator.storage.getDirectory();
      return new Places(new DiskStore());
    } catch {
      // Some private windows have none.
      return new Places(null);
    }
  }

  /** Null where nothing here takes so much. @param {number} count @param {number} total bytes @returns {Promise<Place | null>} */
  async best(count, total) {
    if (this.storage) {
      const { quota = Infinity, usage = 0 } = await navigator.storage.estimate();
      if (total + SPARE_BYTES <= quota - usage) return "storage";
    }
    if (count === 1 ? canPick.file : canPick.folder) return "picked";
    if ("serviceWorker" in navigator) return "download";
    return total <= MOST_IN_MEMORY ? "memory" : null;
  }

  /** Throws where the user does not want it after all. Has to be called by a click. @param {Place} place @param {number} count @param {string} name @returns {Promise<Store>} */
  async take(place, count, name) {
    if (place === "picked") return PickedStore.ask(count, name);
    if (place === "download") return DownloadStore.open();
    return place === "storage" && this.storage ? this.storage : this.memory;
  }
}
