/**
 * The HTTP half of WHIP (RFC 9725) and WHEP (draft-ietf-wish-whep-03): an offer goes to an endpoint, and the session that comes
 * of it has an address of its own, which takes candidates, restarts and the end.
 */

import { FRAGMENT } from "./fragment.js";
import { iceServersOf } from "./link.js";
import { refusalOf } from "./refusal.js";

const SDP = "application/sdp";
const PATIENCE_MS = 15_000;
const LEAVE_MS = 2_000;

export class Exchange {
  /**
   * @param {string} endpoint
   * @param {string} key empty where none is needed
   */
  constructor(endpoint, key) {
    this.endpoint = endpoint;
    this.key = key;
    /** The session's address; empty before the answer and after the end. */
    this.session = "";
    /** The last part of that address, which is the session's id at Salon. */
    this.id = "";
    this.etag = "";
    this.trickles = false;
    /** @type {RTCIceServer[]} */
    this.iceServers = [];
  }

  /** What the server wants to be reached through, before there is an offer. @returns {Promise<RTCIceServer[]>} */
  async discover() {
    const response = await this.send(this.endpoint, "OPTIONS", null, {}).catch(() => null);
    return response?.ok ? iceServersOf(response.headers.get("Link")) : [];
  }

  /**
   * Raises `Refusal`, and `TypeError` or `DOMException` when the server cannot be reached.
   *
   * @param {string} sdp
   * @param {boolean} takesCounter whether 406 with an offer of the server's (WHEP section 4.3.2) is an answer
   * @returns {Promise<{ sdp: string, counter: boolean }>}
   */
  async offer(sdp, takesCounter) {
    const response = await this.send(this.endpoint, "POST", sdp, { "Content-Type": SDP });
    const location = response.headers.get("Location");
    const counter = response.status === 406 && takesCounter && location !== null;
    if (!counter && response.status !== 201) throw await refusalOf(response);
    if (location !== null) {
      this.session = new URL(location, response.url || this.endpoint).href;
      this.id = decodeURIComponent(new URL(this.session).pathname.split("/").pop() ?? "");
    }
    this.etag = response.headers.get("ETag") ?? "";
    this.trickles = (response.headers.get("Accept-Patch") ?? "").includes(FRAGMENT);
    this.iceServers = iceServersOf(response.headers.get("Link"));
    return { sdp: await response.text(), counter };
  }

  /** The answer to a counter-offer. @param {string} sdp */
  async answer(sdp) {
    const response = await this.send(this.session, "PATCH", sdp, { "Content-Type": SDP });
    if (!response.ok) throw await refusalOf(response);
  }

  /** @param {string} fragment */
  async trickle(fragment) {
    if (!this.trickles || !this.session) return;
    const response = await this.send(this.session, "PATCH", fragment, { "Content-Type": FRAGMENT, "If-Match": this.etag });
    // RFC 9725 section 4.3.2: 405 and 501 say that the server does not take candidates; the session goes on without.
    if (response.status === 405 || response.status === 501) this.trickles = false;
    else if (!response.ok) throw await refusalOf(response);
  }

  /** @param {string} fragment with new credentials @returns {Promise<string>} the server's */
  async restart(fragment) {
    // RFC 9725 section 4.3.3: the request "MUST contain an "If-Match" header field with a field value of "*"".
    const response = await this.send(this.session, "PATCH", fragment, { "Content-Type": FRAGMENT, "If-Match": "*" });
    if (response.status !== 200) throw await refusalOf(response);
    this.etag = response.headers.get("ETag") ?? this.etag;
    return response.text();
  }

  /** End the session. It also works while the page goes away: that is what `keepalive` is for. Resolves when the server has it, or never will. */
  async leave() {
    const { session } = this;
    this.session = "";
    if (!session) return;
    const signal = AbortSignal.timeout(LEAVE_MS);
    await fetch(session, { method: "DELETE", headers: this.headers({}), keepalive: true, signal }).catch(() => undefined);
  }

  /** @param {string} url @param {string} method @param {string | null} body @param {Record<string, string>} headers */
  send(url, method, body, headers) {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    return fetch(url, { method, body, headers: this.headers(headers), cache: "no-store", signal });
  }

  /** @param {Record<string, string>} headers */
  headers(headers) {
    return this.key ? { ...headers, Authorization: `Bearer ${this.key}` } : headers;
  }
}
