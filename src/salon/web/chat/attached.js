/**
 * Pictures of messages that the server does not have yet: in IndexedDB, so that a page that is loaded anew, or closed and opened
 * again, sends them with the words that `unsent.js` keeps. At most `MOST` characters of them; where the browser has no place for
 * them, as long as the page is open.
 */

/** @typedef {import("../model/types.js").Picture} Picture */
/** @typedef {{ id: string, pictures: Picture[], at: number }} Row by the message's id */

export const MOST = 32 * 1024 * 1024;
const NAME = "salon.chat";
const STORE = "attached";
// What no message names may belong to one that another tab is just keeping.
const FRESH_MS = 60_000;

export class Attached {
  /** @param {IDBFactory | null} [factory] */
  constructor(factory = globalThis.indexedDB ?? null) {
    /** @type {Map<string, Picture[]>} those of this page */
    this.here = new Map();
    /** @type {Promise<IDBDatabase | null>} */
    this.database = factory ? connect(factory).catch(() => null) : Promise.resolve(null);
  }

  /** Whether these may wait as well. @param {Picture[]} pictures */
  fits(pictures) {
    let size = sizeOf(pictures);
    for (const each of this.here.values()) size += sizeOf(each);
    return size <= MOST;
  }

  /** False where they are kept for no later page. @param {string} id @param {Picture[]} pictures @returns {Promise<boolean>} */
  async keep(id, pictures) {
    this.here.set(id, pictures);
    try {
      await this.ask("readwrite", (store) => store.put({ id, pictures, at: Date.now() }));
      return true;
    } catch {
      return false;
    }
  }

  /** Null where they are not kept any longer. @param {string} id @returns {Promise<Picture[] | null>} */
  async of(id) {
    const here = this.here.get(id);
    if (here) return here;
    /** @type {Row | undefined} */
    const row = await this.ask("readonly", (store) => store.get(id)).catch(() => undefined);
    const pictures = Array.isArray(row?.pictures) ? row.pictures.filter(isPicture) : [];
    if (!pictures.length) return null;
    this.here.set(id, pictures);
    return pictures;
  }

  /** The server has them, or will not have them. @param {string} id */
  drop(id) {
    this.here.delete(id);
    return this.ask("readwrite", (store) => store.delete(id)).catch(() => {});
  }

  /** Bring in those of earlier pages, and forget what no message names: a page was closed at the wrong moment. @param {Set<string>} named */
  async sweep(named) {
    const before = Date.now() - FRESH_MS;
    /** @type {IDBValidKey[]} */
    const ids = await this.ask("readonly", (store) => store.getAllKeys()).catch(() => []);
    for (const id of ids.map(String)) {
      if (named.has(id)) await this.of(id);
      else if (!this.here.has(id)) {
        /** @type {Row | undefined} */
        const row = await this.ask("readonly", (store) => store.get(id)).catch(() => undefined);
        if (row && !(row.at > before)) await this.drop(id);
      }
    }
  }

  /** @template T @param {IDBTransactionMode} mode @param {(store: IDBObjectStore) => IDBRequest<T>} work @returns {Promise<T>} when it is on the disk */
  async ask(mode, work) {
    const database = await this.database;
    if (!database) throw new Error("this browser keeps nothing");
    return new Promise((resolve, reject) => {
      const transaction = database.transaction(STORE, mode);
      const request = work(transaction.objectStore(STORE));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = transaction.onerror = () => reject(transaction.error);
    });
  }
}

/** @param {IDBFactory} factory @returns {Promise<IDBDatabase>} */
function connect(factory) {
  return new Promise((resolve, reject) => {
    const request = factory.open(NAME, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "id" });
    request.onsuccess = () => {
      // Another tab with a newer page must not wait for this one.
      request.result.onversionchange = () => request.result.close();
      resolve(request.result);
    };
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error("blocked"));
  });
}

/** @param {Picture[]} pictures */
function sizeOf(pictures) {
  return pictures.reduce((size, { url }) => size + url.length, 0);
}

/** @param {any} picture @returns {picture is Picture} */
function isPicture(picture) {
  return typeof picture?.url === "string" && typeof picture.name === "string";
}
