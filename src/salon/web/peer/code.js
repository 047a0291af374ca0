/**
 * A code that both ends can compare, by voice for instance. It is made of both certificates: a server that puts itself in the
 * middle has to show certificates of its own, and then the two ends see different codes.
 */

/** @param {RTCPeerConnection} connection @returns {Promise<string>} four groups of five digits (66 bits); empty before both are known */
export async function verificationCode(connection) {
  const prints = [connection.currentLocalDescription, connection.currentRemoteDescription].map(fingerprintOf);
  return prints.every(Boolean) ? codeOf(/** @type {string[]} */ (prints)) : "";
}

/** @param {string[]} prints in any order @returns {Promise<string>} */
export async function codeOf(prints) {
  const text = [...prints].sort().join("\n");
  const digest = new DataView(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  return [0, 8, 16, 24].map((at) => String(digest.getBigUint64(at) % 100_000n).padStart(5, "0")).join(" ");
}

/** @param {RTCSessionDescription | null} description @returns {string} algorithm and hash (RFC 8122), the same for all sections */
export function fingerprintOf(description) {
  return /^a=fingerprint:(\S+ [0-9A-Fa-f:]+)/m.exec(description?.sdp ?? "")?.[1].toLowerCase() ?? "";
}
