/**
 * What happened in WebRTC sessions, in order: the inspector draws it. Half of it the page sees; the other half is what the server
 * noted (`GET /v1/live/{room}/timeline/{session}`), put in where it belongs in time.
 */

import { Emitter } from "../emitter.js";
import { httpUrl } from "../realtime/place.js";
import { shownSdp } from "./fragment.js";

/** @typedef {import("../realtime/recorder.js").Row} Row */
/** @typedef {{ id: string, room: string, at: number, endpoint: string, flowing: boolean, seen: number }} Line */

const MOST_ROWS = 500;
// These the page has seen by itself.
const OURS = new Set(["offer", "answer", "candidates", "ice restart"]);

/** @type {Record<string, Row["phase"]>} */
const PHASES = {
  "first check": "ice",
  "selected": "ice",
  "dtls started": "dtls",
  "dtls done": "dtls",
  "connected": "dtls",
  "disconnected": "ice",
  "close": "ending",
  "over": "ending",
};

/** @extends {Emitter<{ row: Row, grown: Row, cleared: null }>} */
export class Trace extends Emitter {
  /** @param {() => string} key */
  constructor(key) {
    super();
    this.key = key;
    /** @type {Row[]} */
    this.rows = [];
    this.next = 1;
    /** @type {Map<number, Line>} */
    this.lines = new Map();
    this.count = 0;
  }

  clear() {
    this.rows = [];
    this.emit("cleared", null);
  }

  /** A session begins. @param {string} endpoint @param {string} sdp @returns {number} what it is called from here on */
  offer(endpoint, sdp) {
    this.count += 1;
    const path = new URL(endpoint).pathname;
    const room = decodeURIComponent(path.split("/").pop() ?? "");
    this.lines.set(this.count, { id: "", room, at: Date.now(), endpoint: path, flowing: false, seen: 0 });
    this.add(this.count, { phase: "offer", way: "up", type: `POST ${path}`, data: { request: `POST ${path}`, sdp: linesOf(sdp) }, bytes: sdp.length });
    return this.count;
  }

  /** @param {number} line @param {string} sdp @param {string} id @param {boolean} counter the server has offered something else */
  answer(line, sdp, id, counter) {
    const known = this.lines.get(line);
    if (known) {
      known.id = id;
      known.at = Date.now();
    }
    const type = counter ? "406 Not Acceptable" : "201 Created";
    this.add(line, { phase: "offer", way: "down", type, data: { response: type, session: id, sdp: linesOf(sdp) }, bytes: sdp.length });
  }

  /** @param {number} line @param {unknown} error */
  refused(line, error) {
    const { status = 0, code = "", message = "" } = /** @type {any} */ (error ?? {});
    this.add(line, { phase: "offer", way: status ? "down" : "none", kind: status ? "frame" : "lost", type: `${status || ""} ${code || message}`.trim(), bad: true, data: { status, code: status || code, message } });
  }

  /** @param {number} line @param {string} what @param {string} body */
  patched(line, what, body) {
    this.add(line, { phase: "offer", way: "up", type: `PATCH ${what}`, data: { request: "PATCH", body: linesOf(body) }, bytes: body.length });
  }

  /** @param {number} line @param {string[]} candidates @param {boolean} complete */
  candidates(line, candidates, complete) {
    const type = complete ? "PATCH candidates (all)" : "PATCH candidates";
    this.add(line, { phase: "ice", way: "up", type, count: Math.max(1, candidates.length), data: { candidates, complete } });
  }

  /** @param {number} line @param {string} state */
  ice(line, state) {
    const bad = state === "failed" || state === "disconnected";
    if (state !== "closed") this.add(line, { phase: "ice", way: "none", kind: bad ? "lost" : "frame", type: `ICE ${state}`, bad, data: { iceConnectionState: state } });
  }

  /** @param {number} line @param {string} state */
  dtls(line, state) {
    this.add(line, { phase: state === "connected" ? "dtls" : "ending", way: "none", type: `DTLS ${state}`, bad: state === "failed", data: { dtlsTransportState: state } });
  }

  /** Media flows. @param {number} line @param {"up" | "down"} way @param {object} data */
  flows(line, way, data) {
    const known = this.lines.get(line);
    if (!known || known.flowing) return;
    known.flowing = true;
    this.add(line, { phase: "stream", way, type: way === "up" ? "first packets sent" : "first frame shown", data });
    void this.hear(line);
  }

  /** @param {number} line @param {string} reason @param {boolean} deletes @param {Promise<void>} after when the server has heard of it */
  closed(line, reason, deletes, after) {
    if (!this.lines.has(line)) return;
    if (deletes) this.add(line, { phase: "ending", way: "up", kind: "frame", type: "DELETE", data: { reason } });
    else this.add(line, { phase: "ending", way: "none", kind: "frame", type: reason, data: { reason } });
    void after.then(() => this.hear(line)).then(() => this.lines.delete(line));
  }

  /** Why the server has ended a session; empty where it does not say. @param {string} room @param {string} id @returns {Promise<string>} */
  async endOf(room, id) {
    return (await this.ask(room, id))?.ended ?? "";
  }

  /** @param {string} room @param {string} id */
  async ask(room, id) {
    const key = this.key();
    try {
      const headers = key ? { Authorization: `Bearer ${key}` } : undefined;
      const response = await fetch(httpUrl(`v1/live/${room}/timeline/${id}`), { headers, cache: "no-store" });
      return response.ok ? await response.json() : null;
    } catch {
      // Without the server's half the page's own is still true.
      return null;
    }
  }

  /** Ask the server what it saw of a session, and put that in. @param {number} line */
  async hear(line) {
    const known = this.lines.get(line);
    if (!known?.id) return;
    const told = await this.ask(known.room, known.id);
    if (told) this.merge(line, known, told.events);
  }

  /** @param {number} line @param {Line} known @param {{ at_ms: number, what: string, from: "client" | "server", detail: string }[]} events */
  merge(line, known, events) {
    // The clocks of both sides meet where the answer was: the server's moments are as many milliseconds after it there as here.
    const answered = events.find(({ what }) => what === "answer")?.at_ms ?? 0;
    const fresh = events.slice(known.seen).filter(({ what }) => !OURS.has(what));
    known.seen = events.length;
    if (!fresh.length) return;
    for (const { at_ms, what, from, detail } of fresh) {
      const row = { phase: PHASES[what] ?? "stream", way: from === "client" ? "up" : "down", type: what, data: { "seen by": "server", at_ms, detail } };
      this.rows.push(this.whole(line, /** @type {any} */ ({ ...row, at: known.at + at_ms - answered })));
    }
    this.rows.sort((one, other) => one.at - other.at || one.id - other.id);
    this.rows.splice(0, this.rows.length - MOST_ROWS);
    // Who draws them counts on ids that grow.
    for (const row of this.rows) row.id = this.next++;
    this.emit("cleared", null);
  }

  /** @param {number} connection @param {Pick<Row, "phase" | "way" | "type" | "data"> & Partial<Row>} row */
  add(connection, row) {
    const whole = this.whole(connection, row);
    this.rows.push(whole);
    if (this.rows.length > MOST_ROWS) this.rows.shift();
    this.emit("row", whole);
  }

  /** @param {number} connection @param {Pick<Row, "phase" | "way" | "type" | "data"> & Partial<Row>} row @returns {Row} */
  whole(connection, row) {
    return { id: this.next++, at: Date.now(), connection, kind: "frame", bytes: 0, count: 1, bad: false, ...row };
  }
}

/** @param {string} sdp */
function linesOf(sdp) {
  return shownSdp(sdp).split(/\r?\n/).filter(Boolean);
}
