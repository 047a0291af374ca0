/** Files on their way to somebody or from somebody, as a view shows them. */

import { Emitter } from "../emitter.js";
import { totalOf } from "./manifest.js";

/** @typedef {import("./manifest.js").Entry} Entry */
/** @typedef {import("./pipe.js").Pipe} Pipe */

/**
 * `asking`: whoever is to get it has not answered; `waiting`: the connection is lost and will be made again; `kept`: begun earlier,
 * and goes on when it is sent again.
 * @typedef {"asking" | "connecting" | "running" | "paused" | "waiting" | "kept" | "done" | "over"} State
 */

const READING_MS = 500;
// Speed is that of the last seconds.
const READINGS = 10;

/** @extends {Emitter<{ changed: null }>} */
export class Transfer extends Emitter {
  /** @param {object} options @param {string} options.id @param {"out" | "in"} options.way @param {string} options.other @param {string} options.name who the other is @param {Entry[]} options.entries */
  constructor({ id, way, other, name, entries }) {
    super();
    this.id = id;
    this.way = way;
    this.other = other;
    this.name = name;
    this.entries = entries;
    this.total = totalOf(entries);
    this.count = entries.length;
    /** What they are called before all is known. @type {string[]} */
    this.names = entries.slice(0, 3).map(({ path }) => path);
    this.moved = 0;
    /** @type {State} */
    this.state = "asking";
    /** Why it is over. */
    this.reason = "";
    this.paused = { here: false, there: false };
    this.speed = 0;
    this.code = "";
    /** @type {import("./ways.js").Path} */
    this.path = "";
    /** @type {Pipe | null} */
    this.pipe = null;
    this.timer = 0;
    /** @type {{ at: number, moved: number }[]} */
    this.readings = [];
  }

  get isOver() {
    return this.state === "done" || this.state === "over";
  }

  /** Seconds until it is there; null where that is not known. */
  get left() {
    return this.speed > 0 ? Math.ceil((this.total - this.moved) / this.speed) : null;
  }

  /** What it goes by now. @param {import("./ways.js").Way} way */
  use({ pipe, about }) {
    pipe.ontampered = () => this.end("tampered");
    about.then(
      ({ path, code }) => {
        this.path = path;
        this.code = code;
        this.emit("changed", null);
      },
      // Closed before anything could be said of it.
      () => {},
    );
  }

  /** @param {State} state @param {string} [reason] */
  become(state, reason = "") {
    if (this.isOver) return;
    this.state = state;
    this.reason = reason;
    clearInterval(this.timer);
    this.readings = [];
    this.speed = 0;
    if (state === "running") this.timer = setInterval(() => this.measure(), READING_MS);
    this.emit("changed", null);
  }

  measure() {
    this.readings.push({ at: performance.now(), moved: this.moved });
    if (this.readings.length > READINGS) this.readings.shift();
    const [first] = this.readings;
    const last = this.readings[this.readings.length - 1];
    this.speed = last.at > first.at ? Math.max(0, (1000 * (last.moved - first.moved)) / (last.at - first.at)) : 0;
    this.emit("changed", null);
  }

  /** Stop for a while, or go on. Either end may. @param {boolean} on */
  pause(on) {
    this.paused.here = on;
    this.tell({ kind: on ? "pause" : "go" });
    this.settle();
  }

  /** The other end's turn. @param {boolean} on */
  pausedThere(on) {
    if (this.paused.there === on) return;
    this.paused.there = on;
    this.settle();
  }

  settle() {
    if (this.state === "running" || this.state === "paused") this.become(this.paused.here || this.paused.there ? "paused" : "running");
  }

  /** @param {object} message */
  tell(message) {
    try {
      this.pipe?.send(JSON.stringify(message));
    } catch {
      // A pipe that is closed says so by itself.
    }
  }

  /** Give it up. */
  cancel() {
    this.tell({ kind: "cancel" });
    this.end("cancelled");
  }

  /** @param {string} reason */
  end(reason) {
    const { pipe } = this;
    this.pipe = null;
    this.become("over", reason);
    // Whoever is told why has to hear it first.
    if (pipe) setTimeout(() => pipe.close(), 500);
  }

  finish() {
    this.moved = this.total;
    this.become("done");
  }
}

/** A message of the other end; null for what is none. @param {unknown} data @returns {Record<string, any> | null} */
export function messageOf(data) {
  if (typeof data !== "string" || data.length > 256 * 1024) return null;
  try {
    const message = JSON.parse(data);
    return message && typeof message.kind === "string" ? message : null;
  } catch {
    return null;
  }
}
