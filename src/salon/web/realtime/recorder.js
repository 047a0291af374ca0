/**
 * What happened on the wire, in order: the inspector draws it. Deltas that follow each other are one row with a count. The last
 * rows are kept, and of each row what may be shown.
 */

import { Emitter } from "../emitter.js";
import { redact, redactProtocols, redactUrl } from "./redact.js";

/**
 * `up`: from the page to the server. `none`: neither, such as waiting.
 * `via` is for what has more than two ends: to the server, through it to another page, or to that page directly.
 * @typedef {"opening" | "talking" | "closing" | "waiting" | "signaling" | "media" | "hangup" | "offer" | "ice" | "dtls" | "stream" | "ending"} Phase
 * @typedef {{ id: number, at: number, connection: number, phase: Phase, way: "up" | "down" | "none",
 *   kind: "upgrade" | "accepted" | "refused" | "frame" | "close" | "closed" | "lost" | "waiting",
 *   type: string, bytes: number, count: number, bad: boolean, data: unknown,
 *   via?: "server" | "relayed" | "peer" }} Row
 */

const MOST_ROWS = 500;
// Of grouped deltas this many are kept to look at.
const MOST_GROUPED = 40;

/** @extends {Emitter<{ row: Row, grown: Row, cleared: null }>} */
export class Recorder extends Emitter {
  constructor() {
    super();
    /** @type {Row[]} */
    this.rows = [];
    this.next = 1;
    this.connections = 0;
    /** When each connection began, and whether it was accepted. @type {Map<number, { at: number, accepted: boolean, closing: boolean }>} */
    this.open = new Map();
    this.encoder = new TextEncoder();
  }

  clear() {
    this.rows = [];
    this.emit("cleared", null);
  }

  /** @param {string} url @param {string[]} protocols */
  opening(url, protocols) {
    this.connections += 1;
    const connection = this.connections;
    this.open.set(connection, { at: performance.now(), accepted: false, closing: false });
    const path = redactUrl(url);
    this.add({
      connection,
      phase: "opening",
      way: "up",
      kind: "upgrade",
      type: `GET ${path}`,
      data: {
        request: `GET ${path} HTTP/1.1`,
        Host: new URL(url).host,
        Upgrade: "websocket",
        Connection: "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Protocol": redactProtocols(protocols).join(", "),
      },
    });
    return connection;
  }

  /** @param {number} connection @param {string} protocol @param {string} extensions */
  opened(connection, protocol, extensions) {
    const state = this.open.get(connection);
    if (state) state.accepted = true;
    this.add({
      connection,
      phase: "opening",
      way: "down",
      kind: "accepted",
      type: "101 Switching Protocols",
      data: {
        response: "HTTP/1.1 101 Switching Protocols",
        Upgrade: "websocket",
        Connection: "Upgrade",
        "Sec-WebSocket-Protocol": protocol,
        ...(extensions ? { "Sec-WebSocket-Extensions": extensions } : {}),
        milliseconds: Math.round(performance.now() - (state?.at ?? 0)),
      },
    });
  }

  /** @param {number} connection @param {string} text */
  sent(connection, text) {
    this.frame(connection, "up", text);
  }

  /** @param {number} connection @param {string} text */
  received(connection, text) {
    this.frame(connection, "down", text);
  }

  /** @param {number} connection @param {number} code @param {string} reason */
  closing(connection, code, reason) {
    const state = this.open.get(connection);
    if (state) state.closing = true;
    this.add({ connection, phase: "closing", way: "up", kind: "close", type: `close ${code}`, data: { code, reason } });
  }

  /** @param {number} connection @param {number} code @param {string} reason @param {boolean} clean */
  closed(connection, code, reason, clean) {
    const state = this.open.get(connection);
    this.open.delete(connection);
    const data = { code, reason, wasClean: clean };
    if (state && !state.accepted) {
      this.add({ connection, phase: "closing", way: "down", kind: "refused", type: "refused", bad: true, data });
    } else if (!clean) {
      this.add({ connection, phase: "closing", way: "none", kind: "lost", type: `lost ${code}`, bad: true, data });
    } else if (state?.closing) {
      this.add({ connection, phase: "closing", way: "down", kind: "closed", type: `close ${code}`, data });
    } else {
      this.add({ connection, phase: "closing", way: "down", kind: "close", type: `close ${code}`, data });
      // A browser answers a close frame by itself, with the same code (RFC 6455 section 5.5.1).
      this.add({ connection, phase: "closing", way: "up", kind: "closed", type: `close ${code}`, data: { code } });
    }
  }

  /** @param {number} milliseconds @param {number} attempt */
  waiting(milliseconds, attempt) {
    const connection = this.connections;
    this.add({ connection, phase: "waiting", way: "none", kind: "waiting", type: "waiting", data: { milliseconds, attempt } });
  }

  /** @param {number} connection @param {"up" | "down"} way @param {string} text */
  frame(connection, way, text) {
    const bytes = this.encoder.encode(text).length;
    /** @type {any} */
    let message;
    try {
      message = JSON.parse(text);
    } catch {
      message = { type: "?" };
    }
    const type = String(message?.type);
    const last = this.rows[this.rows.length - 1];
    if (streams(type) && last?.type === type && last.connection === connection && last.way === way) {
      last.count += 1;
      last.bytes += bytes;
      const group = /** @type {unknown[]} */ (last.data);
      if (group.length < MOST_GROUPED) group.push(redact(message));
      this.emit("grown", last);
      return;
    }
    const data = redact(message);
    const bad = type === "error" || message?.response?.status === "failed";
    this.add({
      connection,
      phase: "talking",
      way,
      kind: "frame",
      type,
      bytes,
      bad,
      data: streams(type) ? [data] : data,
    });
  }

  /** @param {Pick<Row, "connection" | "phase" | "way" | "kind" | "type" | "data"> & Partial<Row>} row */
  add(row) {
    const whole = { id: this.next, at: Date.now(), bytes: 0, count: 1, bad: false, ...row };
    this.next += 1;
    this.rows.push(whole);
    if (this.rows.length > MOST_ROWS) this.rows.shift();
    this.emit("row", whole);
  }
}

/** Whether messages of this type come by the dozen: text or sound in pieces. @param {string} type */
function streams(type) {
  return type.endsWith(".delta") || type.endsWith(".append");
}
