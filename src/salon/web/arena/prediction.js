/**
 * One's own player, ahead of the server: moved at once, put right when the server has had its say.
 *
 * Every input has a number. The server tells where the player was after input n; from there all later inputs are played again. Where
 * that differs from what was shown, the picture goes over to it in a moment rather than at once.
 */

import { step } from "./rules.js";

/** @typedef {import("./rules.js").Body} Body */
/** @typedef {import("./rules.js").Move} Move */

/** Inputs kept for playing again: over four seconds. Who is further behind is not predicted any more. */
const MOST = 128;
/** How much of an error is left after one step. */
const EASE = 0.8;
/** Beyond this the player was moved on purpose, not corrected. */
const JUMP = 300;

export class Prediction {
  constructor() {
    /** @type {Body | null} */
    this.body = null;
    /** @type {{ sequence: number, move: Move }[]} */
    this.waiting = [];
    this.sequence = 0;
    /** What is shown differs from `body` by this, less and less. */
    this.error = { x: 0, y: 0 };
    /** What was to be shown a step ago: a screen has several pictures for each step. @type {{ x: number, y: number } | null} */
    this.before = null;
    /** How often and how far the server disagreed. */
    this.corrections = 0;
    this.largest = 0;
  }

  /** Where the last step leads to. @returns {{ x: number, y: number } | null} */
  get shown() {
    return this.body && { x: this.body.x + this.error.x, y: this.body.y + this.error.y };
  }

  /** Where to draw, between the last two steps. @param {number} share of a step that has passed since the last one @returns {{ x: number, y: number } | null} */
  at(share) {
    const { before, shown } = this;
    if (!before || !shown) return shown;
    return { x: before.x + (shown.x - before.x) * share, y: before.y + (shown.y - before.y) * share };
  }

  /** Play one step; what is to be sent for it, null where there is no player or the server is too far behind. @param {Move} move */
  play(move) {
    if (!this.body || this.waiting.length >= MOST) return null;
    this.sequence += 1;
    this.waiting.push({ sequence: this.sequence, move });
    this.before = this.shown;
    this.body = step(this.body, move);
    this.error.x *= EASE;
    this.error.y *= EASE;
    return { sequence: this.sequence, move };
  }

  /** The server says where the player is after the input of that number. @param {Body} body @param {number} acknowledged */
  settle(body, acknowledged) {
    this.waiting = this.waiting.filter(({ sequence }) => sequence > acknowledged);
    const before = this.body;
    let after = body;
    for (const { move } of this.waiting) after = step(after, move);
    this.body = after;
    if (!before) return;
    const [dx, dy] = [before.x - after.x, before.y - after.y];
    const distance = Math.hypot(dx, dy);
    if (!distance) return;
    this.corrections += 1;
    this.largest = Math.max(this.largest, distance);
    if (distance > JUMP) [this.error, this.before] = [{ x: 0, y: 0 }, null];
    else this.error = { x: this.error.x + dx, y: this.error.y + dy };
  }

  /** There is no player, or none that is known: what was sent for it will not be played again. */
  reset() {
    this.body = this.before = null;
    this.waiting = [];
    this.error = { x: 0, y: 0 };
  }
}
