/** By which id this tab can be called, and what shows the server that the id is its own. */

import { httpUrl } from "../realtime/place.js";

/**
 * `fixed`: the server's token names the id. `known`: whoever holds the API key of this page may make such a token.
 * @typedef {{ id: string, token: string, fixed: boolean }} Identity
 */

const NAME = "salon.peer";
const SHOWN = "salon.peer.name";
const LETTERS = "abcdefghjkmnpqrstuvwxyz23456789";
// Eleven of 31 letters are 54 bits: nobody is rung by guessing.
const GROUPS = [4, 4, 3];
const TOKEN_SECONDS = 12 * 3600;

/**
 * Who this tab is. It stays the same over reloads and is another in every tab. Throws where the key of this page opens no id.
 *
 * @param {string} key the page's credential, empty on a server without keys
 * @returns {Promise<Identity>}
 */
export async function identify(key) {
  const kept = read();
  if (!key) return keep(kept && !kept.fixed ? kept : { id: drawn(), token: random(16), fixed: false });
  const claims = claimsOf(key);
  if (claims) return { id: claims.salon?.peer || claims.sub || "", token: key, fixed: true };
  // A key has no place in an address; a token of it has.
  const id = kept?.id ?? drawn();
  const response = await fetch(httpUrl("v1/tokens"), {
    method: "POST",
    headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json" },
    body: JSON.stringify({ sub: id, ttl_seconds: TOKEN_SECONDS, salon: { peer: id } }),
  });
  if (!response.ok) throw new Error(String(response.status));
  keep({ id, token: "", fixed: false });
  return { id, token: (await response.json()).token, fixed: true };
}

/** Another id, because somebody else has the one that was drawn. @returns {Identity} */
export function redraw() {
  return keep({ id: drawn(), token: random(16), fixed: false });
}

export const ownName = {
  get() {
    return attempt(() => localStorage.getItem(SHOWN)) ?? "";
  },
  /** @param {string} name */
  set(name) {
    attempt(() => localStorage.setItem(SHOWN, name.trim().slice(0, 60)));
  },
};

/** Characters nobody can guess. @param {number} length */
export function random(length) {
  const bytes = crypto.getRandomValues(new Uint8Array(length));
  return Array.from(bytes, (byte) => LETTERS[byte % LETTERS.length]).join("");
}

function drawn() {
  return GROUPS.map(random).join("-");
}

/** @param {Identity} identity */
function keep(identity) {
  attempt(() => sessionStorage.setItem(NAME, JSON.stringify(identity)));
  return identity;
}

/** @returns {Identity | null} */
function read() {
  const kept = attempt(() => JSON.parse(sessionStorage.getItem(NAME) ?? "null"));
  return typeof kept?.id === "string" ? kept : null;
}

/** The claims of a token, unverified: the server verifies them. @param {string} token @returns {{ sub?: string, salon?: { peer?: string } } | null} */
function claimsOf(token) {
  const [head, payload, signature] = token.split(".");
  if (!signature || !head.startsWith("eyJ")) return null;
  return attempt(() => JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(payload.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0))))) ?? null;
}

/** @template T @param {() => T} work @returns {T | undefined} */
function attempt(work) {
  try {
    return work();
  } catch {
    return undefined;
  }
}
