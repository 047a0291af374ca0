/** Files that go out: block by block, each with its hash, and never more on the way than the other end has said it wrote. */

import { BLOCK, blocksOf, lengthOf, placesOf, sha256, unpacked } from "./manifest.js";
import { Closed } from "./pipe.js";
import { Transfer, messageOf } from "./transfer.js";

/** @typedef {import("./manifest.js").Entry} Entry */
/** @typedef {import("./pipe.js").Pipe} Pipe */
/** @typedef {{ file: number, index: number }} Block */

const PAGE = 100;
const MOST_TRIES = 3;

export class Outgoing extends Transfer {
  /** @param {{ id: string, other: string, entries: Entry[], files: Blob[], handles?: FileSystemHandle[] }} options `files` are those of `entries`, in their order */
  constructor({ id, other, entries, files, handles = [] }) {
    super({ id, way: "out", other, name: "", entries });
    this.files = files;
    /** By which they are found again after the page was closed. */
    this.handles = handles;
    /** @type {(value: void) => void} */
    this.wake = () => {};
    /** @type {Block[]} what is still to be sent */
    this.queue = [];
    /** @type {Map<string, Block>} what is sent and not written there yet */
    this.under = new Map();
    /** @type {Map<string, number>} */
    this.tries = new Map();
    this.accepted = false;
    /** Through the server, for it is wanted so or there was no other path. */
    this.byServer = false;
  }

  /** Send until all is there, or until the pipe is closed: then it goes on over another. @param {Pipe} pipe */
  async run(pipe) {
    this.pipe = pipe;
    this.accepted = this.paused.there = false;
    this.queue = [];
    this.under.clear();
    pipe.onmessage = (data) => this.hear(data);
    pipe.onclose = () => {
      if (this.pipe === pipe) this.pipe = null;
      this.wake();
    };
    try {
      await this.offer(pipe);
      await this.until(pipe, () => this.accepted);
      await this.sendAll(pipe);
    } catch (error) {
      if (this.isOver) return;
      // A file that was moved or changed under our hands cannot be read any more.
      if (error instanceof Closed) this.become("waiting");
      else {
        this.tell({ kind: "cancel" });
        this.end("unreadable");
      }
    }
  }

  /** @param {Pipe} pipe */
  async offer(pipe) {
    pipe.send(JSON.stringify({ kind: "offer", id: this.id, count: this.entries.length, total: this.total, block: BLOCK }));
    for (let at = 0; at < this.entries.length; at += PAGE) {
      await pipe.room();
      const entries = this.entries.slice(at, at + PAGE).map(({ path, size, modified }) => [path, size, modified]);
      pipe.send(JSON.stringify({ kind: "entries", entries }));
    }
  }

  /** @param {Pipe} pipe */
  async sendAll(pipe) {
    let next = this.read();
    while (!this.isOver) {
      await this.until(pipe, () => this.isOver || (!this.held && (this.under.size < pipe.window || !next)));
      const block = await next;
      // What comes after is read and hashed while this is sent.
      next = this.read();
      if (block) await this.send(pipe, block);
      else if (!next) {
        if (this.under.size === 0) break;
        await this.until(pipe, () => this.isOver || this.under.size === 0 || this.queue.length > 0);
        next = this.read();
      }
    }
    if (this.isOver) return;
    pipe.send(JSON.stringify({ kind: "done" }));
    this.finish();
  }

  get held() {
    return this.paused.here || this.paused.there;
  }

  /** The next block with its hash; null where there is none. */
  read() {
    const block = this.queue.shift();
    if (!block) return null;
    const loading = this.load(block);
    // It may fail before anybody waits for it; whoever then does is told.
    loading.catch(() => {});
    return loading;
  }

  /** @param {Block} block */
  async load({ file, index }) {
    const start = index * BLOCK;
    const data = await this.files[file].slice(start, start + BLOCK).arrayBuffer();
    if (data.byteLength !== lengthOf(this.entries[file].size, index)) throw new Error("the file has changed");
    return { file, index, data, hash: await sha256(data) };
  }

  /** @param {Pipe} pipe @param {Block & { data: ArrayBuffer, hash: string }} block */
  async send(pipe, { file, index, data, hash }) {
    await pipe.room();
    pipe.send(JSON.stringify({ kind: "block", file, index, sha256: hash }));
    this.under.set(`${file}/${index}`, { file, index });
    for (let at = 0; at < data.byteLength; at += pipe.largest) {
      await pipe.room();
      // A view: whoever sends it copies it anyway.
      pipe.send(new Uint8Array(data, at, Math.min(pipe.largest, data.byteLength - at)));
    }
  }

  /** @param {Pipe} pipe @param {() => boolean} condition */
  async until(pipe, condition) {
    while (!condition()) {
      if (this.pipe !== pipe) throw new Closed();
      await new Promise((/** @type {(value: void) => void} */ resolve) => (this.wake = resolve));
    }
    if (this.pipe !== pipe && !this.isOver) throw new Closed();
  }

  /** @param {unknown} data */
  hear(data) {
    const message = messageOf(data);
    if (message) this.obey(message);
    this.wake();
  }

  /** @param {Record<string, any>} message */
  obey({ kind, have, file, index, reason }) {
    const name = `${file}/${index}`;
    switch (kind) {
      case "accept":
        return this.begin(have);
      case "decline":
        return this.end(typeof reason === "string" ? reason.slice(0, 20) : "declined");
      case "ack":
        if (!this.under.delete(name)) return;
        this.moved += lengthOf(this.entries[file].size, index);
        return;
      case "bad": {
        const block = this.under.get(name);
        if (!block) return;
        this.under.delete(name);
        const tries = (this.tries.get(name) ?? 0) + 1;
        this.tries.set(name, tries);
        if (tries >= MOST_TRIES) return this.end("damaged");
        // First of all: who writes in order waits for it.
        return void this.queue.unshift(block);
      }
      case "pause":
      case "go":
        return this.pausedThere(kind === "pause");
      case "cancel":
        return this.end("cancelled there");
    }
  }

  /** @param {unknown} have which blocks are there already */
  begin(have) {
    if (this.accepted) return;
    this.accepted = true;
    const places = placesOf(this.entries);
    const there = unpacked(have, places[places.length - 1]);
    this.moved = 0;
    this.entries.forEach(({ size }, file) => {
      for (let index = 0; index < blocksOf(size); index += 1) {
        if (there[places[file] + index]) this.moved += lengthOf(size, index);
        else this.queue.push({ file, index });
      }
    });
    if (this.paused.here) this.tell({ kind: "pause" });
    this.become("running");
    this.settle();
  }

  /** @override @param {string} reason */
  end(reason) {
    super.end(reason);
    this.wake();
  }

  /** @override @param {boolean} on */
  pause(on) {
    super.pause(on);
    this.wake();
  }
}
