/**
 * The way through the server, for two pages with no other: a WebSocket of each to its transit relay, and nothing on it that the
 * server could read. docs/reference/transit.md has the relay's protocol.
 */

import { credential } from "../model/preferences.js";
import { httpUrl } from "../realtime/place.js";
import { Closed } from "./pipe.js";
import { OVERHEAD } from "./seal.js";

/** @typedef {import("./seal.js").Seal} Seal */
/** @typedef {import("./pipe.js").Pipe} Pipe */
/** @typedef {{ token: string, side: string }} End */

const MOST_MESSAGE = 256 * 1024;
// The relay tells nobody how much waits before it: few blocks are under way, so that a pause or a cancel is not far behind them.
const WINDOW = 2;
const PATIENCE_MS = 30_000;
// What may have come and is not opened yet: the window of the other end, with much to spare.
const MOST_UNOPENED = 32 * 1024 * 1024;

/** The server carries nothing, or not this. `why` is a reason of a transfer; `later` that it may do so soon. */
export class Refusal extends Error {
  /** @param {string} why @param {boolean} later */
  constructor(why, later) {
    super(why);
    this.why = why;
    this.later = later;
  }
}

/** A pipe for two, of which the caller has one end. Throws `Refusal`. @param {number} bytes @returns {Promise<End & { other: string }>} */
export async function askForPipe(bytes) {
  const key = credential.get();
  /** @type {Response} */
  let response;
  try {
    response = await fetch(httpUrl("v1/transit"), { method: "POST", headers: { "Content-Type": "application/json", ...(key ? { Authorization: `Bearer ${key}` } : {}) }, body: JSON.stringify({ bytes }) });
  } catch {
    throw new Refusal("no path", true);
  }
  if (!response.ok) throw new Refusal(response.status === 413 ? "too much" : "no path", [429, 503].includes(response.status));
  const { token, side, other_side: other } = await response.json();
  return { token, side, other };
}

/** Connect, and wait for the other end. Throws `Closed`. @param {End} end @param {Seal} seal @returns {Promise<TransitPipe>} */
export function openTransit({ token, side }, seal) {
  const url = new URL(httpUrl("v1/transit"));
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  const socket = new WebSocket(url);
  socket.binaryType = "arraybuffer";
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => socket.close(), PATIENCE_MS);
    socket.onopen = () => socket.send(new TextEncoder().encode(`please relay ${token} for side ${side}\n`));
    socket.onclose = () => {
      clearTimeout(timer);
      reject(new Closed());
    };
    // Whatever is said before it is the relay's refusal, and closes.
    socket.onmessage = ({ data }) => {
      if (data instanceof ArrayBuffer && new TextDecoder().decode(data) === "ok\n") {
        clearTimeout(timer);
        resolve(new TransitPipe(socket, seal));
      }
    };
  });
}

/** @implements {Pipe} */
export class TransitPipe {
  /** @param {WebSocket} socket joined with the other end's @param {Seal} seal */
  constructor(socket, seal) {
    this.socket = socket;
    this.seal = seal;
    this.largest = MOST_MESSAGE - OVERHEAD;
    this.window = WINDOW;
    this.unopened = 0;
    this.spoilt = false;
    /** Sealing takes a moment, and what is said first goes first. */
    this.sending = Promise.resolve();
    this.hearing = Promise.resolve();
    /** @type {(data: unknown) => void} */
    this.onmessage = () => {};
    this.onclose = () => {};
    this.ontampered = () => {};
    socket.onmessage = ({ data }) => this.take(data);
    // What came before the end is heard before it.
    socket.onclose = () => (this.hearing = this.hearing.then(() => this.onclose()));
  }

  get open() {
    return this.socket.readyState === WebSocket.OPEN;
  }

  /** @param {string | Uint8Array<ArrayBuffer>} data */
  send(data) {
    if (!this.open) throw new Closed();
    this.sending = this.sending.then(async () => {
      const sealed = await this.seal.close(data);
      if (this.open) this.socket.send(sealed);
    });
  }

  async room() {
    await this.sending;
    if (!this.open) throw new Closed();
  }

  /** @param {unknown} data */
  take(data) {
    if (!(data instanceof ArrayBuffer)) return this.tampered();
    this.unopened += data.byteLength;
    if (this.unopened > MOST_UNOPENED) return this.tampered();
    this.hearing = this.hearing.then(async () => {
      this.unopened -= data.byteLength;
      if (this.spoilt) return;
      /** @type {string | ArrayBuffer} */
      let opened;
      try {
        opened = await this.seal.open(data);
      } catch {
        return this.tampered();
      }
      this.onmessage(opened);
    });
  }

  tampered() {
    if (this.spoilt) return;
    this.spoilt = true;
    this.socket.close();
    this.ontampered();
  }

  close() {
    // The last words are sealed and sent first.
    void this.sending.then(() => this.socket.close());
  }
}
