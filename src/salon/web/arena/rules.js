/**
 * One step of one player: line by line what the server does (`salon/app/arena/rules.py`, which says why), so that the page can
 * move its own player at once and is rarely corrected. `tests/data/arena.json` holds both to the same bits.
 */

export const WIDTH = 1600;
export const HEIGHT = 900;
export const RADIUS = 18;
export const TICKS = 30;
const ACCELERATION = 1.6;
const FRICTION = 0.12;
const TOP_SPEED = 11;
const DASH = 20;
export const DASH_TICKS = 45;
const BOUNCE = 0.5;

/** @typedef {{ x: number, y: number, vx: number, vy: number, rest: number }} Body */
/** @typedef {{ x?: number, y?: number, dash?: boolean }} Move */

/** @param {Body} body @param {Move} move @returns {Body} another one, a step later */
export function step(body, move) {
  let x = Math.min(Math.max(move.x ?? 0, -1), 1);
  let y = Math.min(Math.max(move.y ?? 0, -1), 1);
  const length = Math.sqrt(x * x + y * y);
  if (length > 1) [x, y] = [x / length, y / length];
  let vx = (body.vx + x * ACCELERATION) * (1 - FRICTION);
  let vy = (body.vy + y * ACCELERATION) * (1 - FRICTION);
  let { rest } = body;
  if (move.dash && rest === 0 && length > 0) {
    [vx, vy] = [vx + x * DASH, vy + y * DASH];
    rest = DASH_TICKS;
  } else if (rest > 0) rest -= 1;
  const speed = Math.sqrt(vx * vx + vy * vy);
  const top = Math.max(TOP_SPEED, speed * 0.9);
  if (speed > top) [vx, vy] = [(vx * top) / speed, (vy * top) / speed];
  const [px, sx] = wall(body.x + vx, vx, WIDTH);
  const [py, sy] = wall(body.y + vy, vy, HEIGHT);
  return { x: px, y: py, vx: sx, vy: sy, rest };
}

/** @param {number} place @param {number} speed @param {number} size */
function wall(place, speed, size) {
  if (place < RADIUS) return [rounded(RADIUS), rounded(Math.abs(speed) * BOUNCE)];
  if (place > size - RADIUS) return [rounded(size - RADIUS), rounded(-Math.abs(speed) * BOUNCE)];
  return [rounded(place), rounded(speed)];
}

/** @param {number} value */
function rounded(value) {
  return Math.floor(value * 64 + 0.5) / 64;
}
