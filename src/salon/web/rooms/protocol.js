/**
 * The Centrifuge protocol in JSON, as the page speaks it. Source: `client.proto` of centrifugal/protocol and
 * https://centrifugal.dev/docs/transports/client_protocol; what Salon's door adds stands in docs/reference/centrifuge.md.
 */

/**
 * Where a reader stands in a log: `offset` counts publications, `epoch` names the log's life.
 * @typedef {{ offset: number, epoch: string }} Position
 *
 * Who said something. `user` is the person, `client` one of their connections; `conn_info` is what the token brought, `chan_info`
 * what the room knows: `kind`, `joined_at`, `seen_at` (seconds), `away`, `attributes`.
 * @typedef {{ user: string, client: string, conn_info?: any, chan_info?: any }} Info
 *
 * `offset` is absent in topics that have none; `time` is in milliseconds.
 * @typedef {{ data: any, offset?: number, info?: Info, tags?: Record<string, string>, time?: number }} Publication
 *
 * @typedef {object} SubscribeResult
 * @property {boolean} [recoverable]
 * @property {string} [epoch]
 * @property {number} [offset]
 * @property {Publication[]} [publications]
 * @property {boolean} [recovered]
 * @property {boolean} [was_recovering]
 *
 * @typedef {{ publications: Publication[], epoch: string, offset: number }} HistoryResult
 * @typedef {{ code: number, message: string, temporary?: boolean }} Problem
 * @typedef {{ id?: number, error?: Problem, push?: any } & Record<string, any>} Frame
 */

/** Error codes that mean something to a client: https://centrifugal.dev/docs/server/codes. */
export const UNAUTHORIZED = 101;
export const TOKEN_EXPIRED = 109;
export const TOO_MANY_REQUESTS = 111;

/** Ours: the connection was lost before there was an answer. What was asked for may have been done or not. */
export const LOST = 1;
/** Ours: too much waits to be sent. */
export const FULL = 2;
/** Ours: what waited to be sent was taken back. */
export const WITHDRAWN = 3;

const INVALID_TOKEN = 3500;
const REPLACED = 4500;
// RFC 6455 section 7.4.1: policy, too big, not text, protocol error. The same again would end the same way.
const FOR_CAUSE = new Set([1002, 1003, 1007, 1008, 1009]);

/** A command that was answered with an error, or not at all. */
export class RoomsError extends Error {
  /** @param {Problem} problem */
  constructor({ code, message, temporary = false }) {
    super(message);
    this.name = "RoomsError";
    this.code = code;
    /** The same again may work. */
    this.temporary = temporary || code === LOST || code === TOO_MANY_REQUESTS;
  }
}

/**
 * What a close code asks for. "3000-3499: reconnect; 3500-3999: terminal", and the same for the application's 4000-4999.
 *
 * @param {number} code
 * @returns {"again" | "unauthorized" | "taken" | "refused"}
 */
export function verdict(code) {
  if (code === INVALID_TOKEN) return "unauthorized";
  if (code === REPLACED) return "taken";
  return (code >= 3500 && code < 4000) || (code >= 4500 && code < 5000) || FOR_CAUSE.has(code) ? "refused" : "again";
}

/** Whether a subscription that the server has ended is to be made again: "codes in range 2500-2999". @param {number} code */
export function comesBack(code) {
  return code >= 2500;
}

/** The objects of one WebSocket message, one a line; what is none is left out. @param {string} text @returns {Frame[]} */
export function parse(text) {
  const frames = [];
  for (const line of text.split("\n")) {
    if (!line.trim()) continue;
    try {
      const frame = JSON.parse(line);
      if (frame && typeof frame === "object" && !Array.isArray(frame)) frames.push(frame);
    } catch {
      // Not of this protocol.
    }
  }
  return frames;
}

/** The door, seen from the page. @param {string} [base] */
export function roomsUrl(base = document.baseURI) {
  const url = new URL("connection/websocket", base);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  url.hash = "";
  url.search = "";
  return url.href;
}
