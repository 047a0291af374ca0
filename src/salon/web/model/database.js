/**
 * Conversations in IndexedDB: one store for what a list shows, one for what was said. Where the browser offers no database
 * (some private windows), the same calls work on memory, and `durable` says so.
 */

/** @typedef {import("./types.js").Meta} Meta */
/** @typedef {import("./types.js").Entry} Entry */
/** @typedef {{ conversation: string, order: number, entry: Entry }} Row */
/** @typedef {{ meta?: Meta, rows?: Row[], cutFrom?: number }} Change `cutFrom`: entries from this order on are gone */

const NAME = "salon";
const VERSION = 1;

/**
 * @typedef {object} Database
 * @property {boolean} durable
 * @property {() => Promise<Meta[]>} list
 * @property {(id: string) => Promise<Meta | undefined>} meta
 * @property {(id: string) => Promise<Entry[]>} entries
 * @property {(id: string, change: Change) => Promise<void>} write all or nothing
 * @property {(id: string) => Promise<void>} remove
 */

/** @returns {Promise<Database>} */
export async function openDatabase() {
  try {
    return new Durable(await connect());
  } catch {
    return new Memory();
  }
}

/** @returns {Promise<IDBDatabase>} */
function connect() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, VERSION);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("conversations", { keyPath: "id" });
      request.result.createObjectStore("entries", { keyPath: ["conversation", "order"] });
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error("blocked"));
  });
}

/** @template T @param {IDBRequest<T>} request @returns {Promise<T>} */
function result(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** All entries of a conversation from an order on. @param {string} id @param {number} [from] */
function range(id, from = 0) {
  return IDBKeyRange.bound([id, from], [id, Number.POSITIVE_INFINITY]);
}

class Durable {
  /** @param {IDBDatabase} database */
  constructor(database) {
    this.database = database;
    this.durable = true;
    // Another tab with a newer page must not wait for this one.
    database.onversionchange = () => database.close();
  }

  /** @returns {Promise<Meta[]>} */
  list() {
    return result(this.database.transaction("conversations").objectStore("conversations").getAll());
  }

  /** @param {string} id @returns {Promise<Meta | undefined>} */
  meta(id) {
    return result(this.database.transaction("conversations").objectStore("conversations").get(id));
  }

  /** @param {string} id @returns {Promise<Entry[]>} */
  async entries(id) {
    /** @type {Row[]} */
    const rows = await result(this.database.transaction("entries").objectStore("entries").getAll(range(id)));
    return rows.map((row) => row.entry);
  }

  /** @param {string} id @param {Change} change @returns {Promise<void>} */
  write(id, { meta, rows = [], cutFrom }) {
    return this.change((conversations, entries) => {
      if (meta) conversations.put(meta);
      if (cutFrom !== undefined) entries.delete(range(id, cutFrom));
      for (const row of rows) entries.put(row);
    });
  }

  /** @param {string} id @returns {Promise<void>} */
  remove(id) {
    return this.change((conversations, entries) => {
      conversations.delete(id);
      entries.delete(range(id));
    });
  }

  /** @param {(conversations: IDBObjectStore, entries: IDBObjectStore) => void} work @returns {Promise<void>} */
  change(work) {
    return new Promise((resolve, reject) => {
      const transaction = this.database.transaction(["conversations", "entries"], "readwrite");
      transaction.oncomplete = () => resolve();
      transaction.onabort = transaction.onerror = () => reject(transaction.error);
      work(transaction.objectStore("conversations"), transaction.objectStore("entries"));
    });
  }
}

class Memory {
  constructor() {
    this.durable = false;
    /** @type {Map<string, Meta>} */
    this.metas = new Map();
    /** @type {Map<string, Row[]>} */
    this.rows = new Map();
  }

  async list() {
    return [...this.metas.values()].map((meta) => structuredClone(meta));
  }

  /** @param {string} id */
  async meta(id) {
    return structuredClone(this.metas.get(id));
  }

  /** @param {string} id */
  async entries(id) {
    return (this.rows.get(id) ?? []).map((row) => structuredClone(row.entry));
  }

  /** @param {string} id @param {Change} change */
  async write(id, { meta, rows = [], cutFrom }) {
    if (meta) this.metas.set(id, structuredClone(meta));
    const kept = (this.rows.get(id) ?? []).filter(
      (old) => (cutFrom === undefined || old.order < cutFrom) && !rows.some((row) => row.order === old.order),
    );
    this.rows.set(id, [...kept, ...structuredClone(rows)].sort((a, b) => a.order - b.order));
  }

  /** @param {string} id */
  async remove(id) {
    this.metas.delete(id);
    this.rows.delete(id);
  }
}
