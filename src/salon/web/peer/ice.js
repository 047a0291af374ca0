/** The STUN and TURN servers of this house, asked for again when their credentials end. */

import { credential } from "../model/preferences.js";
import { httpUrl } from "../realtime/place.js";

// Whoever begins a call with credentials that end in a second gets no relay.
const SPARE = 0.5;
/** Without them most calls come about as well, so that no call waits longer for them. */
const PATIENCE_MS = 3_000;

/** @type {{ servers: RTCIceServer[], until: number }} */
let known = { servers: [], until: 0 };

/** None where the server cannot be asked: two browsers in one network need none. @returns {Promise<RTCIceServer[]>} */
export async function iceServers() {
  if (performance.now() < known.until) return known.servers;
  try {
    const key = credential.get();
    const response = await fetch(httpUrl("v1/ice-servers"), { headers: key ? { Authorization: `Bearer ${key}` } : {}, cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) });
    if (!response.ok) return known.servers;
    const { iceServers: servers, ttl_seconds: seconds } = await response.json();
    known = { servers, until: performance.now() + seconds * 1000 * SPARE };
  } catch {
    // Offline: what was known may still do.
  }
  return known.servers;
}
