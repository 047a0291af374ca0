/** What went over a connection to the rooms, in their own words, for the inspector: a row for each command, answer and push. */

import { Recorder } from "../realtime/recorder.js";
import { redact } from "../realtime/redact.js";
import { parse } from "./protocol.js";

const MOST_GROUPED = 40;

export class RoomsRecorder extends Recorder {
  constructor() {
    super();
    /** What each numbered command was, until it is answered. @type {Map<number, string>} */
    this.commands = new Map();
  }

  /** @param {string} url @param {string[]} protocols @override */
  opening(url, protocols) {
    this.commands.clear();
    return super.opening(url, protocols);
  }

  /** @param {number} connection @param {"up" | "down"} way @param {string} text @override */
  frame(connection, way, text) {
    for (const message of parse(text)) this.one(connection, way, message);
  }

  /** @param {number} connection @param {"up" | "down"} way @param {import("./protocol.js").Frame} message */
  one(connection, way, message) {
    const type = this.named(way, message);
    const bytes = this.encoder.encode(JSON.stringify(message)).length;
    const last = this.rows[this.rows.length - 1];
    // Publications of one channel, and the pulse, come one after the other.
    const grows = type.startsWith("push.pub") || type === "ping" || type === "pong";
    if (grows && last?.type === type && last.connection === connection && last.way === way) {
      last.count += 1;
      last.bytes += bytes;
      const group = /** @type {unknown[]} */ (last.data);
      if (group.length < MOST_GROUPED) group.push(redact(message));
      this.emit("grown", last);
      return;
    }
    const data = redact(message);
    this.add({ connection, phase: "talking", way, kind: "frame", type, bytes, bad: !!message.error, data: grows ? [data] : data });
  }

  /** @param {"up" | "down"} way @param {import("./protocol.js").Frame} message */
  named(way, message) {
    const { id, push } = message;
    if (push) return `push.${Object.keys(push).find((key) => key !== "channel") ?? "?"} ${push.channel ?? ""}`.trim();
    if (!id) return Object.keys(message).length ? (Object.keys(message)[0] ?? "?") : way === "down" ? "ping" : "pong";
    if (way === "up") {
      const method = Object.keys(message).find((key) => key !== "id") ?? "?";
      const what = message[method]?.channel ?? message[method]?.method ?? "";
      const name = `${method} ${what}`.trim();
      if (this.commands.size < 1000) this.commands.set(id, name);
      return name;
    }
    const name = this.commands.get(id) ?? "?";
    this.commands.delete(id);
    return message.error ? `error ${message.error.code} ${name}` : `ok ${name}`;
  }
}
