/** Who one is in the rooms, and which rooms one is in: kept in this browser. */

import { LONGEST_NAME, text } from "./entries.js";
import { newId } from "../model/ids.js";

/**
 * @typedef {{ name: string, read: { offset: number, epoch: string } | null, draft: string }} Kept
 */

const NAME = "salon.chat";
const DEVICE = "salon.chat.device";
const ROOM = /^[\p{L}\p{N}_.:@~-]{1,64}$/u;
const MOST_ROOMS = 100;

export class Account {
  /** @param {Storage | null} [storage] @param {Storage | null} [session] */
  constructor(storage = reach(() => localStorage), session = reach(() => sessionStorage)) {
    this.storage = storage;
    this.session = session;
    const kept = this.read();
    /** This person, where no token says who it is. */
    this.user = text(kept.user, 64) || newId("user");
    this.name = text(kept.name, LONGEST_NAME);
    /** @type {Kept[]} */
    this.rooms = (Array.isArray(kept.rooms) ? kept.rooms : []).filter((/** @type {any} */ room) => isRoomName(room?.name)).slice(0, MOST_ROOMS).map(readKept);
    /** @type {string} */
    this.device = reach(() => session?.getItem(DEVICE)) || this.newDevice();
    this.save();
  }

  /** A name for this tab alone: two connections of one device would take the seat from each other. @returns {string} */
  newDevice() {
    this.device = newId("device");
    reach(() => this.session?.setItem(DEVICE, this.device));
    return this.device;
  }

  /** @returns {any} */
  read() {
    return reach(() => JSON.parse(this.storage?.getItem(NAME) ?? "{}")) ?? {};
  }

  /** @param {string} name @returns {Kept} */
  add(name) {
    let room = this.rooms.find((each) => each.name === name);
    if (!room) {
      room = { name, read: null, draft: "" };
      this.rooms = [room, ...this.rooms].slice(0, MOST_ROOMS);
      this.save();
    }
    return room;
  }

  /** @param {string} name */
  remove(name) {
    this.rooms = this.rooms.filter((room) => room.name !== name);
    this.save();
  }

  /** @param {string} name */
  rename(name) {
    this.name = name.trim().slice(0, LONGEST_NAME);
    this.save();
  }

  save() {
    const { user, name, rooms } = this;
    reach(() => this.storage?.setItem(NAME, JSON.stringify({ user, name, rooms })));
  }
}

/** What a room may be called. @param {unknown} name @returns {name is string} */
export function isRoomName(name) {
  return typeof name === "string" && ROOM.test(name);
}

/** The nearest name that a room may have. @param {string} wanted */
export function roomNamed(wanted) {
  return wanted.trim().replace(/[^\p{L}\p{N}_.:@~-]+/gu, "-").replace(/^-+|-+$/g, "").slice(0, 64);
}

/** @param {any} room @returns {Kept} */
function readKept({ name, read, draft }) {
  const known = Number.isSafeInteger(read?.offset) && typeof read?.epoch === "string";
  return { name, read: known ? { offset: read.offset, epoch: read.epoch } : null, draft: text(draft, 20_000) };
}

/** Storage may be forbidden or full; the page works without. @template T @param {() => T} work @returns {T | null} */
function reach(work) {
  try {
    return work();
  } catch {
    return null;
  }
}
