/** Files that come in. Nothing that is said of them is believed: sizes, places and hashes are checked, and what breaks a rule ends it. */

import { BLOCK, MOST_BYTES, MOST_FILES, distinct, entryOf, lengthOf, packed, placesOf, totalOf } from "./manifest.js";
import { Transfer, messageOf } from "./transfer.js";

/** @typedef {import("./manifest.js").Entry} Entry */
/** @typedef {import("./pipe.js").Pipe} Pipe */
/** @typedef {import("./store.js").Store} Store */

// What the other end may have sent before it was written here: its window, and one.
const MOST_UNWRITTEN = 6;

export class Incoming extends Transfer {
  /** @param {{ id: string, other: string, name: string, count: number, total: number, names: string[], store: Store }} options as it was announced */
  constructor({ id, other, name, count, total, names, store }) {
    super({ id, way: "in", other, name, entries: [] });
    this.count = count;
    this.total = total;
    this.names = names;
    this.store = store;
    /** @type {Entry[]} */
    this.told = [];
    this.offered = false;
    this.begun = false;
    /** @type {number[]} */
    this.places = [];
    /** @type {Uint8Array} one byte a block */
    this.have = new Uint8Array(0);
    /** @type {{ file: number, index: number, hash: string, data: Uint8Array, at: number } | null} */
    this.block = null;
    this.unwritten = 0;
    /** @type {Set<number>} places that are being written */
    this.writing = new Set();
  }

  /** Begun earlier in this browser. @param {Entry[]} entries @param {Uint8Array} have */
  keep(entries, have) {
    this.entries = entries;
    this.count = entries.length;
    this.total = totalOf(entries);
    this.names = entries.slice(0, 3).map(({ path }) => path);
    this.places = placesOf(entries);
    this.take(have);
    if (this.moved === this.total && have.every(Boolean)) this.finish();
    else this.become("kept");
  }

  /** @param {Pipe} pipe */
  run(pipe) {
    this.pipe = pipe;
    this.told = [];
    this.offered = this.begun = this.paused.there = false;
    this.block = null;
    this.unwritten = 0;
    this.become("connecting");
    pipe.onmessage = (data) => this.pipe === pipe && this.hear(data);
    pipe.onclose = () => {
      if (this.pipe !== pipe) return;
      this.pipe = null;
      this.become("waiting");
    };
  }

  /** @param {unknown} data */
  hear(data) {
    if (data instanceof ArrayBuffer) return this.fill(new Uint8Array(data));
    const message = messageOf(data);
    if (!message) return this.broken();
    const { kind } = message;
    // These may come in the middle of a block; nothing else may.
    if (kind === "pause" || kind === "go") return this.pausedThere(kind === "pause");
    if (kind === "cancel") return this.end("cancelled there");
    if (this.block) return this.broken();
    if (kind === "offer") return this.offer(message);
    if (kind === "entries") return this.list(message);
    if (!this.begun) return this.broken();
    if (kind === "block") return this.start(message);
    if (kind === "done" && this.have.every(Boolean)) return this.finish();
    // Its last blocks may still be on their way to the disk.
    if (kind === "done") return;
    this.broken();
  }

  /** @param {Record<string, any>} message */
  offer({ id, count, total, block }) {
    const fits = !this.offered && id === this.id && count === this.count && total === this.total && block === BLOCK;
    if (!fits || count < 1 || count > MOST_FILES || total > MOST_BYTES) return this.broken();
    this.offered = true;
  }

  /** @param {Record<string, any>} message */
  list({ entries }) {
    if (!this.offered || this.begun || !Array.isArray(entries) || entries.length === 0 || this.told.length + entries.length > this.count) return this.broken();
    for (const each of entries) {
      const entry = entryOf(each);
      if (!entry) return this.broken();
      this.told.push(entry);
    }
    if (this.told.length === this.count) void this.begin();
  }

  async begin() {
    const { told } = this;
    if (totalOf(told) !== this.total || !distinct(told)) return this.broken();
    // What goes on has to be what began.
    if (this.entries.length && JSON.stringify(this.entries) !== JSON.stringify(told)) return this.decline("changed");
    this.entries = told;
    this.places = placesOf(told);
    const { pipe } = this;
    try {
      const have = await this.store.open({ id: this.id, other: this.other, name: this.name, entries: told });
      if (this.pipe !== pipe || this.isOver) return;
      this.take(have);
    } catch {
      return this.decline("no space");
    }
    this.begun = true;
    this.tell({ kind: "accept", have: packed(this.have) });
    if (this.paused.here) this.tell({ kind: "pause" });
    this.become("running");
    this.settle();
    if (this.have.every(Boolean)) this.finish();
  }

  /** @param {Uint8Array} have */
  take(have) {
    this.have = have;
    this.moved = 0;
    this.entries.forEach(({ size }, file) => {
      for (let place = this.places[file]; place < this.places[file + 1]; place += 1) if (have[place]) this.moved += lengthOf(size, place - this.places[file]);
    });
  }

  /** @param {Record<string, any>} message */
  start({ file, index, sha256 }) {
    const size = Number.isSafeInteger(file) ? this.entries[file]?.size : undefined;
    if (size === undefined || !Number.isSafeInteger(index) || index < 0 || index * BLOCK >= size) return this.broken();
    const place = this.places[file] + index;
    if (this.have[place] || this.writing.has(place) || this.unwritten >= MOST_UNWRITTEN || typeof sha256 !== "string") return this.broken();
    this.block = { file, index, hash: sha256, data: new Uint8Array(lengthOf(size, index)), at: 0 };
  }

  /** @param {Uint8Array} piece */
  fill(piece) {
    const { block } = this;
    if (!block || piece.length === 0 || block.at + piece.length > block.data.length) return this.broken();
    block.data.set(piece, block.at);
    block.at += piece.length;
    if (block.at < block.data.length) return;
    this.block = null;
    void this.write(block);
  }

  /** @param {{ file: number, index: number, hash: string, data: Uint8Array }} block */
  async write({ file, index, hash, data }) {
    const { pipe } = this;
    const place = this.places[file] + index;
    const { length } = data;
    this.unwritten += 1;
    this.writing.add(place);
    try {
      const good = await this.store.write(this.id, file, index, place, hash, data);
      if (good) {
        this.have[place] = 1;
        this.moved += length;
      }
      if (this.pipe === pipe && !this.isOver) this.tell({ kind: good ? "ack" : "bad", file, index });
    } catch {
      if (!this.isOver) this.decline("no space");
    } finally {
      this.writing.delete(place);
      if (this.pipe === pipe) this.unwritten -= 1;
    }
    if (this.begun && this.have.every(Boolean) && !this.isOver) this.finish();
  }

  /** @param {string} reason */
  decline(reason) {
    this.tell({ kind: "decline", reason });
    this.end(reason);
  }

  /** Whoever breaks a rule is not heard again. */
  broken() {
    this.decline("broken");
  }

  /** @override */
  finish() {
    super.finish();
    void this.store.close(this.id);
  }

  /** @override @param {string} reason */
  end(reason) {
    super.end(reason);
    // What is wanted no longer takes no place.
    if (reason !== "changed") void this.store.remove(this.id).catch(() => {});
  }
}
