/** The picture of the arena. */

import { DASH_TICKS, HEIGHT, RADIUS, WIDTH } from "../../arena/rules.js";
import { colourOf } from "../../ui/theme.js";

/** Twelve hues that are told apart, by colour-blind people by their name as well. */
const HUES = [172, 24, 262, 340, 204, 48, 120, 300, 0, 226, 84, 188];
const ORB = 9;
const NARROW = 700;

/** @param {number} colour @param {boolean} dark */
export function colourOfPlayer(colour, dark) {
  return `hsl(${HUES[colour % HUES.length]} ${dark ? "62% 62%" : "58% 42%"})`;
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {import("../../arena/game.js").Game} game
 */
export function buildStage(canvas, game) {
  /** @type {Record<string, string> | null} */
  let colours = null;
  let dark = false;

  /** The theme or the size is another. */
  function dress() {
    colours = null;
  }

  /** @param {number} now */
  function draw(now) {
    const { clientWidth: width, clientHeight: height } = canvas;
    if (!width || !height) return;
    if (!colours) {
      const name = (/** @type {string} */ each) => colourOf(/** @type {HTMLElement} */ (canvas.parentElement), each);
      colours = { floor: name("--surface"), line: name("--line"), ink: name("--ink"), faint: name("--ink-faint") };
      dark = brightness(colours.floor) < 0.5;
    }
    const ratio = devicePixelRatio || 1;
    if (canvas.width !== Math.round(width * ratio)) canvas.width = Math.round(width * ratio);
    if (canvas.height !== Math.round(height * ratio)) canvas.height = Math.round(height * ratio);
    const context = canvas.getContext("2d");
    if (!context) return;
    const scale = Math.min(width / WIDTH, height / HEIGHT);
    // On a narrow screen the arena is as high as the picture and wider, and the picture follows the player.
    const zoom = width < NARROW ? Math.max(scale, Math.min(height / HEIGHT, 1)) : scale;
    const focus = game.own.at(Math.min(game.owed, 1)) ?? { x: WIDTH / 2, y: HEIGHT / 2 };
    const left = shift(width, WIDTH * zoom, focus.x * zoom);
    const top = shift(height, HEIGHT * zoom, focus.y * zoom);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    context.setTransform(ratio * zoom, 0, 0, ratio * zoom, left * ratio, top * ratio);

    context.fillStyle = colours.floor;
    context.strokeStyle = colours.line;
    context.lineWidth = 2;
    context.beginPath();
    context.roundRect(0, 0, WIDTH, HEIGHT, 22);
    context.fill();
    context.stroke();
    context.lineWidth = 1;
    for (let x = 100; x < WIDTH; x += 100) line(context, x, 1, x, HEIGHT - 1);
    for (let y = 100; y < HEIGHT; y += 100) line(context, 1, y, WIDTH - 1, y);

    context.fillStyle = dark ? "hsl(44 90% 60%)" : "hsl(42 92% 46%)";
    for (const [x, y] of game.orbs.values()) disc(context, x, y, ORB);
    context.textAlign = "center";
    context.font = `600 ${Math.max(13, 12 / zoom)}px ${getComputedStyle(canvas).fontFamily}`;
    for (const { player, x, y, mine } of game.seen(now)) {
      context.fillStyle = colourOfPlayer(player.colour, dark);
      disc(context, x, y, RADIUS);
      if (mine) {
        context.strokeStyle = colours.ink;
        context.lineWidth = 3;
        // How much of the way to the next dash is done.
        const ready = 1 - (game.own.body?.rest ?? 0) / DASH_TICKS;
        context.beginPath();
        context.arc(x, y, RADIUS + 4, -Math.PI / 2, -Math.PI / 2 + 2 * Math.PI * ready);
        context.stroke();
      }
      context.fillStyle = mine ? colours.ink : colours.faint;
      context.fillText(player.name.slice(0, 20), x, y - RADIUS - 10);
    }
  }

  return { draw, dress };
}

/** @param {number} room @param {number} size @param {number} focus */
function shift(room, size, focus) {
  if (size <= room) return (room - size) / 2;
  return Math.min(Math.max(room / 2 - focus, room - size), 0);
}

/** @param {CanvasRenderingContext2D} context @param {number} x @param {number} y @param {number} radius */
function disc(context, x, y, radius) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fill();
}

/** @param {CanvasRenderingContext2D} context @param {number[]} ends */
function line(context, ...[x1, y1, x2, y2]) {
  context.beginPath();
  context.moveTo(x1, y1);
  context.lineTo(x2, y2);
  context.stroke();
}

/** Of `rgb(…)`, from 0 to 1. @param {string} colour */
function brightness(colour) {
  const [r = 1, g = 1, b = 1] = (colour.match(/[\d.]+/g) ?? []).map(Number);
  return (r + g + b) / 3 / 255;
}
