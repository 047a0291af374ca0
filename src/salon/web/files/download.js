/**
 * To the disk as a download that begins with the first block: a service worker answers an address of this page with what comes. For browsers
 * that have neither storage nor a dialog for it. Lasts as long as the tab.
 */

import { blocksOf, lengthOf, placesOf, sha256 } from "./manifest.js";

/** @typedef {import("./manifest.js").Entry} Entry */
/** @typedef {import("./store.js").Kept} Kept */
/** @typedef {import("./store.js").Store} Store */

const SCOPE = new URL("./download/", import.meta.url);
const WORKER = new URL("./download-worker.js", import.meta.url);
// A block that came damaged is behind those sent meanwhile.
const MOST_HELD = 8;
const PING_MS = 10_000;
// Some browsers ask their user first.
const START_MS = 60_000;

/** @implements {Store} */
export class DownloadStore {
  /** @param {ServiceWorker} worker @param {(address: URL) => void} [visit] */
  constructor(worker, visit = frame) {
    this.worker = worker;
    this.visit = visit;
    /** @type {"download"} */
    this.place = "download";
    this.name = "";
    /** @type {Uint8Array | null} */
    this.have = null;
    /** @type {Entry[]} */
    this.entries = [];
    /** @type {Map<number, Download>} */
    this.downloads = new Map();
  }

  static async open() {
    const registration = await navigator.serviceWorker.register(WORKER, { scope: SCOPE.pathname });
    const worker = registration.active ?? registration.waiting ?? registration.installing;
    if (!worker) throw new Error("no worker");
    while (worker.state !== "activated") {
      if (worker.state === "redundant") throw new Error("the worker failed");
      await new Promise((resolve) => worker.addEventListener("statechange", resolve, { once: true }));
    }
    return new DownloadStore(worker);
  }

  /** @param {Kept} kept */
  async open({ entries }) {
    if (this.have) return this.have;
    this.entries = entries;
    this.have = new Uint8Array(placesOf(entries)[entries.length]);
    for (const [file, { size }] of entries.entries()) if (!size) await (await this.start(file)).write(0, new Uint8Array(0));
    return this.have;
  }

  /** @param {string} _id @param {number} file @param {number} index @param {number} place @param {string} hash @param {Uint8Array} data */
  async write(_id, file, index, place, hash, data) {
    if ((await sha256(/** @type {Uint8Array<ArrayBuffer>} */ (data))) !== hash) return false;
    await (await this.start(file)).write(index, data);
    if (this.have) this.have[place] = 1;
    return true;
  }

  /** @param {number} file */
  async start(file) {
    let download = this.downloads.get(file);
    if (!download) {
      download = new Download(this.entries[file]);
      this.downloads.set(file, download);
      download.begin(this.worker, this.visit);
    }
    await download.begun;
    return download;
  }

  async close() {}

  /** @returns {Promise<Blob>} */
  async read() {
    throw new Error("it is where the browser puts downloads");
  }

  async remove() {
    for (const download of this.downloads.values()) download.give();
  }

  async list() {
    return [];
  }
}

/** One file, in order: what comes too early is held. */
class Download {
  /** @param {Entry} entry */
  constructor({ path, size }) {
    this.path = path;
    this.size = size;
    this.count = Math.max(1, blocksOf(size));
    this.next = 0;
    /** @type {Map<number, Uint8Array>} */
    this.held = new Map();
    this.credit = 0;
    this.gone = false;
    this.timer = 0;
    /** @type {Set<() => void>} */
    this.waiting = new Set();
    /** @type {Promise<void>} */
    this.begun = Promise.resolve();
    this.order = Promise.resolve();
    const { port1, port2 } = new MessageChannel();
    this.port = port1;
    this.theirs = port2;
  }

  /** @param {ServiceWorker} worker @param {(address: URL) => void} visit */
  begin(worker, visit) {
    const id = crypto.randomUUID();
    this.begun = new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error("the download did not begin")), START_MS);
      this.port.onmessage = ({ data }) => {
        if (data === "ready") visit(new URL(id, SCOPE));
        // Each asks for one more.
        if (data === "more") this.credit += 1;
        if (data === "gone") this.gone = true;
        if (data !== "ready") {
          clearTimeout(late);
          resolve();
        }
        for (const wake of this.waiting) wake();
      };
    });
    worker.postMessage({ id, name: this.path.split("/").pop(), size: this.size, port: this.theirs }, [this.theirs]);
    // A worker that hears nothing is put to sleep, and the download with it.
    this.timer = setInterval(() => worker.postMessage("still here"), PING_MS);
  }

  /** Returns when it is on its way, or held. Throws where the user has given the download up. @param {number} index @param {Uint8Array} data */
  async write(index, data) {
    if (this.size && data.length !== lengthOf(this.size, index)) throw new Error("no block");
    this.held.set(index, data);
    if (this.held.has(this.next)) await (this.order = this.order.then(() => this.pass()));
    else await this.until(() => this.held.size <= MOST_HELD || index < this.next);
  }

  /** Hand on what is in order. */
  async pass() {
    for (let data = this.held.get(this.next); data; data = this.held.get(this.next)) {
      await this.until(() => this.credit > 0);
      this.credit -= 1;
      this.held.delete(this.next);
      this.next += 1;
      this.port.postMessage(data, [data.buffer]);
      if (this.next === this.count) this.end("end");
    }
    for (const wake of this.waiting) wake();
  }

  /** @param {() => boolean} condition */
  async until(condition) {
    while (!condition()) {
      if (this.gone) throw new Error("given up");
      await new Promise((/** @type {(value: void) => void} */ resolve) => {
        const wake = () => (this.waiting.delete(wake), resolve());
        this.waiting.add(wake);
      });
    }
    if (this.gone) throw new Error("given up");
  }

  /** The download fails where it is. */
  give() {
    if (this.next < this.count) this.end("abort");
  }

  /** @param {"end" | "abort"} how */
  end(how) {
    this.port.postMessage(how);
    clearInterval(this.timer);
  }
}

/** @param {URL} address */
function frame(address) {
  const element = document.createElement("iframe");
  element.hidden = true;
  element.src = address.href;
  document.body.append(element);
  // By then the browser has taken the download over.
  setTimeout(() => element.remove(), 60_000);
}
