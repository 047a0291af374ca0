/** The others, a little behind the server: between two of their places, so that they glide though patches come unevenly. */

/** @typedef {{ time: number, x: number, y: number }} Place */

const KEPT = 32;
/** Beyond its last place a player goes on for so long, in milliseconds. */
const GUESS_MS = 150;
const JUMP = 300;

export class Track {
  constructor() {
    /** @type {Place[]} */
    this.places = [];
  }

  /** @param {number} time the server's @param {number} x @param {number} y */
  add(time, x, y) {
    const last = this.places.at(-1);
    if (last && time <= last.time) return;
    this.places.push({ time, x, y });
    if (this.places.length > KEPT) this.places.shift();
  }

  /** Where it was then. @param {number} time @returns {{ x: number, y: number } | null} */
  at(time) {
    const { places } = this;
    if (!places.length) return null;
    let next = places.length - 1;
    while (next > 0 && places[next - 1].time > time) next -= 1;
    const after = places[next];
    const before = places[next - 1];
    if (!before || time <= before.time) return next === 0 || !before ? after : before;
    if (Math.hypot(after.x - before.x, after.y - before.y) > JUMP) return time < after.time ? before : after;
    const share = Math.min((time - before.time) / (after.time - before.time), 1 + GUESS_MS / (after.time - before.time));
    return { x: before.x + (after.x - before.x) * share, y: before.y + (after.y - before.y) * share };
  }
}

/** Behind the server at least and at most, in milliseconds. */
const LEAST_BEHIND = 40;
const MOST_BEHIND = 450;
/** How much faster or slower than time itself the others are shown while that changes: nobody sees a tenth. */
const HASTE = 0.12;
/** So far off it is not made up for but left out. */
const LOST_MS = 700;

/** The server's clock as this page can know it, and how far behind it the others are shown. */
export class ServerTime {
  constructor() {
    /** Least difference of lately: the fastest way a patch came. */
    this.offset = Infinity;
    /** How late patches come that come late. A lost packet holds up all behind it for a round trip and more. */
    this.late = 0;
    this.last = NaN;
    this.at = 0;
  }

  get behind() {
    return Math.min(LEAST_BEHIND + this.late, MOST_BEHIND);
  }

  /** @param {number} server the time a patch says @param {number} now ours */
  hear(server, now) {
    const offset = now - server;
    // It may creep up: clocks drift, and a way may become longer for good.
    this.offset = Math.min(offset, this.offset + 0.05);
    const late = offset - this.offset;
    // Up at once, down in some ten seconds: where it happened it happens again.
    this.late = late > this.late ? late : this.late + (late - this.late) * 0.003;
  }

  /** The server's time to show others at: late enough for the next patch to be there. It runs evenly. @param {number} now */
  show(now) {
    const wanted = now - this.offset - this.behind;
    const passed = Math.max(now - this.at, 0);
    const off = wanted - (this.last + passed);
    this.at = now;
    if (!(Math.abs(off) < LOST_MS)) {
      // Never back: nobody walks backwards because the network got worse.
      this.last = Number.isNaN(this.last) ? wanted : Math.max(this.last, wanted);
    } else this.last += passed * (1 + Math.min(Math.max(off / 1000, -HASTE), HASTE));
    return this.last;
  }
}
