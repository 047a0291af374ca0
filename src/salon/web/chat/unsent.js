/**
 * What was written without a connection, kept in this browser until the server has it: a page that is loaded anew, or closed and
 * opened again, sends it. Each has the key that it had before, so that it is there once whatever had come through already.
 */

import { MOST_WAITING } from "../rooms/outgoing.js";

/** @typedef {{ user: string, room: string, key: string, data: { type: string } & Record<string, any>, time: number }} Item */

const NAME = "salon.chat.unsent";

export class Unsent {
  /** @param {Storage | null} [storage] */
  constructor(storage = reach(() => localStorage)) {
    this.storage = storage;
  }

  /** In the order of its writing. @param {string} user @param {string} room @returns {Item[]} */
  of(user, room) {
    return this.read().filter((item) => item.user === user && item.room === room);
  }

  /** @param {Item} item */
  keep(item) {
    this.write([...this.read().filter(({ key }) => key !== item.key), item].slice(-MOST_WAITING));
  }

  /** The server has it, or will not have it. @param {string} key */
  drop(key) {
    const items = this.read();
    const left = items.filter((item) => item.key !== key);
    if (left.length !== items.length) this.write(left);
  }

  /** @returns {Item[]} */
  read() {
    const kept = reach(() => JSON.parse(this.storage?.getItem(NAME) ?? "[]"));
    return Array.isArray(kept) ? kept.filter(isItem) : [];
  }

  /** @param {Item[]} items */
  write(items) {
    reach(() => (items.length ? this.storage?.setItem(NAME, JSON.stringify(items)) : this.storage?.removeItem(NAME)));
  }
}

/** @param {any} item @returns {item is Item} */
function isItem(item) {
  return [item?.user, item?.room, item?.key, item?.data?.type].every((each) => typeof each === "string") && Number.isFinite(item.time);
}

/** Storage may be forbidden or full; the page works without. @template T @param {() => T} work @returns {T | null} */
function reach(work) {
  try {
    return work();
  } catch {
    return null;
  }
}
