/**
 * Encrypts what goes from page to page through the server, so that the server can neither read nor change it.
 *
 * Both pages draw a key for one meeting (ECDH, P-256) and show the other its public half. The code that people compare is made of
 * both halves. Whoever sends shows a hash of its half first and the half itself only after it has seen the other's: a server in the middle
 * would have to choose its halves before it knows what they are to match, and cannot try until the codes agree.
 */

import { codeOf } from "../peer/code.js";
import { sha256 } from "./manifest.js";

const CURVE = { name: "ECDH", namedCurve: "P-256" };
const TAG = 16;
const TEXT = 0;
const BYTES = 1;

/** What sealing adds to a piece. */
export const OVERHEAD = TAG + 1;

/**
 * `shown`: the public half, in base64.
 * @typedef {{ pair: CryptoKeyPair, shown: string }} Key
 */

/** @returns {Promise<Key>} */
export async function drawKey() {
  const pair = await crypto.subtle.generateKey(CURVE, false, ["deriveBits"]);
  const raw = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
  return { pair, shown: btoa(String.fromCharCode(...raw)) };
}

/** What is shown before the half itself. @param {string} shown */
export function promiseOf(shown) {
  return sha256(new TextEncoder().encode(`salon ${shown}`));
}

/** @param {string} shown @param {unknown} promise */
export async function keeps(shown, promise) {
  return (await promiseOf(shown)) === promise;
}

/**
 * Throws where the other's half is none.
 *
 * @param {Key} own
 * @param {string} other the other's public half
 * @param {"out" | "in"} way whether this page sends the files
 */
export async function sealWith(own, other, way) {
  const raw = Uint8Array.from(atob(other), (letter) => letter.charCodeAt(0));
  const key = await crypto.subtle.importKey("raw", raw, CURVE, false, []);
  const shared = await crypto.subtle.deriveBits({ name: "ECDH", public: key }, own.pair.privateKey, 256);
  const base = await crypto.subtle.importKey("raw", shared, "HKDF", false, ["deriveKey"]);
  const halves = way === "out" ? [own.shown, other] : [other, own.shown];
  const salt = new TextEncoder().encode(halves.join(" "));
  const derive = (/** @type {string} */ info) =>
    crypto.subtle.deriveKey({ name: "HKDF", hash: "SHA-256", salt, info: new TextEncoder().encode(`salon files ${info}`) }, base, { name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
  const [out, back] = [await derive("out"), await derive("in")];
  return new Seal(way === "out" ? out : back, way === "out" ? back : out, await codeOf(halves.map((half) => `ecdh ${half}`)));
}

/** One key for each way, and pieces counted: one that is changed, missing, twice or out of order opens no more. */
export class Seal {
  /** @param {CryptoKey} mine @param {CryptoKey} theirs @param {string} code */
  constructor(mine, theirs, code) {
    this.mine = mine;
    this.theirs = theirs;
    this.code = code;
    this.sealed = 0;
    this.opened = 0;
  }

  /** One at a time. @param {string | Uint8Array<ArrayBuffer>} data @returns {Promise<ArrayBuffer>} */
  close(data) {
    const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
    const plain = new Uint8Array(bytes.length + 1);
    plain[0] = typeof data === "string" ? TEXT : BYTES;
    plain.set(bytes, 1);
    return crypto.subtle.encrypt({ name: "AES-GCM", iv: ivOf(this.sealed++) }, this.mine, plain);
  }

  /** One at a time. Throws for what was not sealed at the other end as the next. @param {ArrayBuffer} data @returns {Promise<string | ArrayBuffer>} */
  async open(data) {
    const plain = await crypto.subtle.decrypt({ name: "AES-GCM", iv: ivOf(this.opened++) }, this.theirs, data);
    const body = plain.slice(1);
    return new Uint8Array(plain)[0] === TEXT ? new TextDecoder().decode(body) : body;
  }
}

// NIST SP 800-38D section 8.2.1: an initialisation vector is never used twice with one key. It is counted, and each way has a key.
/** @param {number} number */
function ivOf(number) {
  const iv = new DataView(new ArrayBuffer(12));
  iv.setBigUint64(4, BigInt(number));
  return new Uint8Array(iv.buffer);
}
