/** This tab among others: hands what the signaling server brings to the connection it is for. Calls and files share it. */

import { Emitter } from "../emitter.js";
import { credential } from "../model/preferences.js";
import { identify, redraw } from "./identity.js";
import { Link } from "./link.js";
import { Signaling } from "./signaling.js";
import { Trace } from "./trace.js";

/** @typedef {import("./signaling.js").Message} Message */

const MOST_LINKS = 32;
const ID = /^[A-Za-z0-9]+(?:[ _-][A-Za-z0-9]+)*$/;

/** @extends {Emitter<{ state: import("./signaling.js").State, call: Message, data: Message }>} */
export class Peer extends Emitter {
  constructor() {
    super();
    this.trace = new Trace();
    this.signaling = new Signaling({ identify: () => identify(credential.get()), redraw, trace: this.trace });
    /** @type {Map<string, Link>} */
    this.links = new Map();
    this.signaling.on("state", (state) => this.emit("state", state));
    this.signaling.on("message", (message) => this.hear(message));
  }

  get id() {
    return this.signaling.id;
  }

  get state() {
    return this.signaling.state;
  }

  /** Be reachable. */
  open() {
    if (this.state === "idle") void this.signaling.open();
  }

  /** Be reachable again, after another tab had the id or the server would not have it. */
  reopen() {
    if (this.state !== "open" && this.state !== "connecting") this.signaling.restart();
  }

  /**
   * A connection to somebody. It is forgotten when it is closed.
   *
   * @param {Omit<ConstructorParameters<typeof Link>[0], "signaling">} options
   */
  link(options) {
    const link = new Link({ signaling: this.signaling, ...options });
    const name = nameOf(options.other, options.connectionId);
    this.links.set(name, link);
    const close = link.close.bind(link);
    link.close = () => {
      close();
      if (this.links.get(name) === link) this.links.delete(name);
    };
    return link;
  }

  /** The page goes. Whoever is told looks for no path to it: no picture stands still for ten seconds, and what was cut off goes on as soon as the next page is there. */
  leave() {
    for (const link of this.links.values()) link.say({ kind: "gone" });
  }

  /** @param {Message} message */
  hear(message) {
    const { type, src, payload } = message;
    if (type === "LEAVE" || type === "EXPIRE") {
      for (const link of [...this.links.values()]) {
        if (link.other !== src) continue;
        if (type === "LEAVE") link.leave();
        else if (!link.pc.remoteDescription) link.emit("gone", "absent");
      }
      return;
    }
    const known = this.links.get(nameOf(src, payload.connectionId));
    if (known) return known.hear(message);
    if (type !== "OFFER" || typeof payload.connectionId !== "string" || typeof payload.sdp?.sdp !== "string") return;
    if (this.links.size >= MOST_LINKS) return this.signaling.say("LEAVE", src);
    this.emit(payload.type === "media" ? "call" : "data", message);
  }
}

/** Whether somebody can have this id. @param {string} text */
export function isId(text) {
  return text.length <= 128 && ID.test(text);
}

/** What Salon's own pages put into an offer; null from others. @param {Message} message @returns {Record<string, any> | null} */
export function salonOf({ payload }) {
  const told = payload.metadata?.salon;
  return told && typeof told === "object" ? told : null;
}

/** A text of a stranger's, short and on one line. @param {unknown} value @param {number} [longest] */
export function shortText(value, longest = 60) {
  return typeof value === "string" ? value.replace(/[\u0000-\u001f\u007f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, " ").trim().slice(0, longest) : "";
}

/** @param {string} other @param {unknown} connectionId */
function nameOf(other, connectionId) {
  return `${other}\n${String(connectionId)}`;
}
