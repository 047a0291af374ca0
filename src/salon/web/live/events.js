/** What is live: a snapshot and then each change, by Server-Sent Events read with `fetch`, since `EventSource` sends no key. */

import { Emitter } from "../emitter.js";
import { backoff } from "../realtime/backoff.js";
import { httpUrl } from "../realtime/place.js";

/**
 * @typedef {{ kind: "audio" | "video", codec: string, bit_rate: number, width?: number, height?: number, layers?: number }} LiveTrack
 * @typedef {{ room: string, state: "starting" | "live" | "interrupted", since: number, viewers: number, tracks: LiveTrack[],
 *   recording: { file: string, bytes: number, seconds: number, error: string } | null, may: { watch: boolean, publish: boolean, record: boolean } }} Broadcast
 */

/** @extends {Emitter<{ changed: null }>} */
export class Broadcasts extends Emitter {
  /** @param {() => string} key */
  constructor(key) {
    super();
    this.key = key;
    /** @type {Map<string, Broadcast>} */
    this.all = new Map();
    /** @type {"loading" | "fresh" | "stale"} */
    this.state = "loading";
    this.running = false;
  }

  /** Read until `signal` is aborted. Once is enough. @param {AbortSignal} signal */
  async follow(signal) {
    if (this.running) return;
    this.running = true;
    for (let attempt = 0; !signal.aborted; attempt += 1) {
      try {
        await this.read(signal, () => (attempt = 0));
      } catch {
        // Whatever it was, the next attempt tells whether it lasts.
      }
      if (signal.aborted) break;
      if (this.state === "fresh") this.state = "stale";
      this.emit("changed", null);
      await pause(backoff(attempt, false), signal);
    }
    this.running = false;
  }

  /** @param {AbortSignal} signal @param {() => void} worked */
  async read(signal, worked) {
    const key = this.key();
    const headers = key ? { Authorization: `Bearer ${key}` } : undefined;
    const response = await fetch(httpUrl("v1/live/events"), { headers, cache: "no-store", signal });
    if (!response.ok || !response.body) throw new Error(`HTTP ${response.status}`);
    const parser = new EventParser((name, data) => {
      worked();
      this.apply(name, JSON.parse(data));
    });
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) parser.push(piece.value);
  }

  /** @param {string} name @param {any} data */
  apply(name, data) {
    if (name === "snapshot") this.all = new Map(data.broadcasts.map((/** @type {Broadcast} */ each) => [each.room, each]));
    else if (name === "broadcast") this.all.set(data.room, data);
    else if (name === "ended") this.all.delete(data.room);
    this.state = "fresh";
    this.emit("changed", null);
  }
}

/** Cuts a stream into events (HTML Standard section 9.2.6), as far as a stream of named events with one line of data needs it. */
export class EventParser {
  /** @param {(name: string, data: string) => void} onevent */
  constructor(onevent) {
    this.onevent = onevent;
    this.rest = "";
    this.name = "";
    /** @type {string[]} */
    this.data = [];
  }

  /** @param {string} text */
  push(text) {
    // A line end that was cut in two must not count twice: CR waits for what comes after it.
    const lines = (this.rest + text).split(/\r\n|\n|\r(?!$)/);
    this.rest = lines.pop() ?? "";
    for (const line of lines) this.line(line);
  }

  /** @param {string} line */
  line(line) {
    if (!line) {
      if (this.data.length) this.onevent(this.name || "message", this.data.join("\n"));
      this.name = "";
      this.data = [];
      return;
    }
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") this.name = value;
    else if (field === "data") this.data.push(value);
  }
}

/** @param {number} milliseconds @param {AbortSignal} signal @returns {Promise<void>} */
function pause(milliseconds, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
  });
}
