/** What happened between this page, the signaling server and the other browsers, in order: the inspector draws it. */

import { Recorder } from "../realtime/recorder.js";
import { redact } from "../realtime/redact.js";

/** @typedef {import("../realtime/recorder.js").Row} Row */

export class Trace extends Recorder {
  /** @param {number} connection @param {any} message */
  said(connection, message) {
    this.message(connection, "up", message, message.dst);
  }

  /** @param {number} connection @param {any} message */
  heard(connection, message) {
    this.message(connection, "down", message, message.src);
  }

  /** @param {number} connection @param {"up" | "down"} way @param {any} message @param {string | undefined} other */
  message(connection, way, message, other) {
    const relayed = Boolean(other);
    const what = message.payload?.salon?.kind;
    const type = what ? `${message.type} · ${what}` : message.type;
    const bytes = JSON.stringify(message).length;
    const last = this.rows[this.rows.length - 1];
    // Candidates come one by one; together they are one step.
    if (message.type === "CANDIDATE" && last?.type === type && last.way === way && last.connection === connection) {
      last.count += 1;
      last.bytes += bytes;
      /** @type {unknown[]} */ (last.data).push(redact(message));
      this.emit("grown", last);
      return;
    }
    const data = message.type === "CANDIDATE" ? [redact(message)] : redact(message);
    const bad = ["ERROR", "EXPIRE", "ID-TAKEN"].includes(message.type) || what === "reject";
    const closes = what?.startsWith("close") || message.type === "LEAVE";
    // What is said while media flow, such as that somebody is muted, begins no new phase.
    const goesOn = last?.phase === "media" && message.type !== "OFFER";
    const phase = closes ? "hangup" : !relayed ? "opening" : goesOn ? "media" : "signaling";
    this.add({ connection: this.connections, phase, way, kind: "frame", type, bytes, bad, data, via: relayed ? "relayed" : "server" });
  }

  /** Something that this page does by itself. @param {string} type @param {unknown} data @param {boolean} [bad] */
  here(type, data, bad = false) {
    const last = this.rows[this.rows.length - 1]?.phase;
    const phase = last === "media" || last === "hangup" ? last : "signaling";
    this.add({ connection: this.connections, phase, way: "none", kind: "frame", type, bad, data: redact(data) });
  }

  /** Between the browsers themselves. @param {"up" | "down"} way @param {string} type @param {unknown} data */
  direct(way, type, data) {
    this.add({ connection: this.connections, phase: "media", way, kind: "frame", type, data, via: "peer" });
  }
}
