/**
 * What this browser was sending when its page was closed: which files, to whom and, where the browser gives them, the handles by which they are
 * read again once their user allows it. In IndexedDB, the one place that keeps handles.
 */

import { hold } from "../model/hold.js";

/** @typedef {import("./manifest.js").Entry} Entry */
/** @typedef {{ id: string, other: string, entries: Entry[], handles: FileSystemHandle[], server: boolean, at: number }} Sending `at`: milliseconds since 1970 */

const NAME = "salon-files";
const STORE = "sending";
const MOST = 50;
// The page before a reload lets go of it only now.
const RELOAD_MS = 500;
const LONGEST_MS = 30 * 24 * 3600_000;

/** Without IndexedDB nothing is kept, and that is all. @template T @param {IDBTransactionMode} mode @param {(store: IDBObjectStore) => IDBRequest<T>} work @returns {Promise<T | undefined>} */
async function within(mode, work) {
  try {
    const opening = indexedDB.open(NAME, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(STORE, { keyPath: "id" });
    const database = await result(opening);
    try {
      return await result(work(database.transaction(STORE, mode).objectStore(STORE)));
    } finally {
      database.close();
    }
  } catch {
    return undefined;
  }
}

/** @param {Sending} sending */
export async function remember(sending) {
  void hold(`sending ${sending.id}`, 0);
  await within("readwrite", (store) => store.put(sending));
}

/** @param {string} id */
export async function forget(id) {
  await within("readwrite", (store) => store.delete(id));
}

/** The oldest first, but for what another page is sending now. What is too old, or too many, is forgotten. @returns {Promise<Sending[]>} */
export async function recall() {
  const all = /** @type {Sending[]} */ ((await within("readonly", (store) => store.getAll())) ?? []);
  all.sort((one, other) => one.at - other.at);
  const kept = all.filter(({ at }) => Date.now() - at < LONGEST_MS).slice(-MOST);
  for (const each of all) if (!kept.includes(each)) await forget(each.id);
  const free = await Promise.all(kept.map(({ id }) => hold(`sending ${id}`, RELOAD_MS)));
  return kept.filter((_, index) => free[index]);
}

/** @template T @param {IDBRequest<T>} request @returns {Promise<T>} */
function result(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
