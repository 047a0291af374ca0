/** The service desk as the staff sees it: the queue of visitors, who of the staff is there, and what can be done. */

import { Emitter } from "../emitter.js";
import { newId } from "../model/ids.js";
import { Mirror } from "../rooms/mirror.js";
import { LONGEST_NAME, nameOf, text } from "./entries.js";

/** @typedef {import("../rooms/protocol.js").Info} Info */
/**
 * @typedef {"waiting" | "agent" | "taken" | "closed"} Status
 * @typedef {{ room: string, name: string, status: Status, since: number, at: number, summary: string, staff: string, staffName: string, stars: number }} Case
 */

const ORDER = ["waiting", "taken", "agent", "closed"];

/** @extends {Emitter<{ changed: null }>} */
export class Desk extends Emitter {
  /** @param {import("./lobby.js").Lobby} lobby */
  constructor(lobby) {
    super();
    this.client = lobby.client;
    this.me = lobby.me;
    /** This person is not of the staff. */
    this.refused = false;
    /** @type {Map<string, Info>} */
    this.seats = new Map();
    const queue = this.client.subscribe("desk/state/queue", { state: true });
    const actions = this.client.subscribe("desk/actions", { joinLeave: true });
    this.queue = new Mirror(queue);
    this.queue.on("changed", () => this.emit("changed", null));
    queue.on("ended", () => {
      this.refused = true;
      this.emit("changed", null);
    });
    actions.on("subscribed", () => void this.meet());
    lobby.on("named", () => void this.meet());
    actions.on("join", (info) => (this.seats.set(info.client, info), this.emit("changed", null)));
    actions.on("leave", (info) => (this.seats.delete(info.client), this.emit("changed", null)));
  }

  async meet() {
    try {
      void this.client.setAttributes("desk", { name: this.me().name }).catch(() => {});
      this.seats = new Map(Object.entries(await this.client.presence("desk/actions")));
      this.emit("changed", null);
    } catch {
      // Asked again with the next connection.
    }
  }

  /** @returns {Case[]} those who wait first, the longest first */
  get cases() {
    const cases = [...this.queue.entries].map(([room, value]) => readCase(room, value));
    return cases.sort((a, b) => ORDER.indexOf(a.status) - ORDER.indexOf(b.status) || (a.status === "waiting" ? a.at - b.at : b.at - a.at));
  }

  /** @param {string} room */
  caseOf(room) {
    const value = this.queue.entries.get(room);
    return value ? readCase(room, value) : null;
  }

  /** @returns {{ user: string, name: string }[]} who else could take a case */
  get colleagues() {
    const found = new Map();
    for (const info of this.seats.values()) if (info.user !== this.me().user) found.set(info.user, { user: info.user, name: nameOf(info) });
    return [...found.values()];
  }

  /** @param {string} room */
  take(room) {
    return this.act({ type: "take", room });
  }

  /** @param {string} room @param {{ user: string, name: string }} to */
  transfer(room, to) {
    return this.act({ type: "transfer", room, to: to.user, to_name: to.name });
  }

  /** @param {string} room */
  close(room) {
    return this.act({ type: "close", room });
  }

  /** @param {object} action */
  act(action) {
    return this.client.deliver("desk/actions", { ...action, name: this.me().name }, newId("act"));
  }
}

/** @param {string} room @param {any} value @returns {Case} */
function readCase(room, value) {
  return {
    room,
    name: text(value?.name, LONGEST_NAME) || room,
    status: ORDER.includes(value?.status) ? value.status : "agent",
    since: Number(value?.since) || 0,
    at: Number(value?.at) || 0,
    summary: text(value?.summary, 1000),
    staff: text(value?.staff, 128),
    staffName: text(value?.staff_name, LONGEST_NAME),
    stars: Number.isInteger(value?.stars) ? Math.max(0, Math.min(5, value.stars)) : 0,
  };
}
