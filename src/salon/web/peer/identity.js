/** By which id this tab can be called, and what shows the server that the id is its own. */

import { hold } from "../model/hold.js";
import { httpUrl } from "../realtime/place.js";

/**
 * `fixed`: the server's token names the id.
 * @typedef {{ id: string, token: string, fixed: boolean }} Identity
 */

const NAME = "salon.peer";
const ALL = "salon.peers";
const MOST = 8;
// The page before a reload lets go of its id only now.
const RELOAD_MS = 1_000;
const SHOWN = "salon.peer.name";
const LETTERS = "abcdefghjkmnpqrstuvwxyz23456789";
// Eleven of 31 letters are 54 bits: nobody is rung by guessing.
const GROUPS = [4, 4, 3];
const TOKEN_SECONDS = 12 * 3600;

/**
 * Who this tab is. It stays the same over reloads and is another in every tab; what a closed tab was, the next one is. So links go on to
 * lead here, and files that were under way go on. Throws where the key of this page opens no id.
 *
 * @param {string} key the page's credential, empty on a server without keys
 * @returns {Promise<Identity>}
 */
export async function identify(key) {
  const claims = key ? claimsOf(key) : null;
  if (claims) return { id: claims.salon?.peer || claims.sub || "", token: key, fixed: true };
  const own = await claim();
  if (!key) return own;
  const { id } = own;
  // A key has no place in an address; a token of it has.
  const response = await fetch(httpUrl("v1/tokens"), {
    method: "POST",
    headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json" },
    body: JSON.stringify({ sub: id, ttl_seconds: TOKEN_SECONDS, salon: { peer: id } }),
  });
  if (!response.ok) throw new Error(String(response.status));
  return { id, token: (await response.json()).token, fixed: true };
}

/** Another id: somebody else has the one that was drawn, or knows it and should not. @param {string} [old] @returns {Identity} */
export function redraw(old) {
  const identity = { id: drawn(), token: random(16), fixed: false };
  void hold(`peer ${identity.id}`, 0);
  write(listed().filter(({ id }) => id !== old));
  return keep(identity);
}

/** The id that this tab had before a reload, else one that a closed tab had, else a new one. */
async function claim() {
  const before = read();
  if (before && (await hold(`peer ${before.id}`, RELOAD_MS))) return keep(before);
  // Without locks nobody knows whether another tab is one of these.
  if (navigator.locks) for (const each of listed()) if (await hold(`peer ${each.id}`, 0)) return keep(each);
  return redraw();
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
  write([identity, ...listed().filter(({ id }) => id !== identity.id)]);
  return identity;
}

/** What tabs of this browser were, the latest first. @returns {Identity[]} */
function listed() {
  const all = attempt(() => JSON.parse(localStorage.getItem(ALL) ?? "[]"));
  return Array.isArray(all) ? all.filter((each) => typeof each?.id === "string" && typeof each.token === "string") : [];
}

/** @param {Identity[]} all */
function write(all) {
  attempt(() => localStorage.setItem(ALL, JSON.stringify(all.slice(0, MOST))));
}

/** @returns {Identity | null} */
function read() {
  const kept = attempt(() => JSON.parse(sessionStorage.getItem(NAME) ?? "null"));
  return typeof kept?.id === "string" && !kept.fixed ? kept : null;
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
