/** Names for new things: short, random, and allowed as item ids by the Realtime protocol (32 characters at most). */

const ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz";

/** @param {string} prefix */
export function newId(prefix) {
  const random = crypto.getRandomValues(new Uint8Array(16));
  return `${prefix}_${Array.from(random, (byte) => ALPHABET[byte % ALPHABET.length]).join("")}`;
}
