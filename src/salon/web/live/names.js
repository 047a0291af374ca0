/** Names of broadcasts and where they are. */

import { httpUrl } from "../realtime/place.js";

// The same rule as the server's: what may stand in an address as it is. `events` is the list's own.
const NAME = /^[A-Za-z0-9_.~-]{1,128}$/;
const LETTERS = "abcdefghjkmnpqrstuvwxyz23456789";

/** @param {string} name */
export function isRoom(name) {
  // A browser takes "." and ".." for steps in a path.
  return NAME.test(name) && name !== "events" && name !== "." && name !== "..";
}

/** A name that nobody else has, and that can be read out. */
export function newRoom() {
  const random = crypto.getRandomValues(new Uint8Array(6));
  return `live-${Array.from(random, (byte) => LETTERS[byte % LETTERS.length]).join("")}`;
}

/** Where people watch it. @param {string} room @param {string} [base] */
export function watchUrl(room, base = document.baseURI) {
  const url = new URL(base);
  url.search = "";
  url.hash = `#/live/${room}`;
  return url.href;
}

/** @param {string} room @param {string} [base] */
export const whipUrl = (room, base) => httpUrl(`whip/${room}`, base);

/** @param {string} room @param {string} [base] */
export const whepUrl = (room, base) => httpUrl(`whep/${room}`, base);
