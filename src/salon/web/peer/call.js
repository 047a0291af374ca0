/** A call of two to six, each connected with each. Whoever is in it may bring another. */

import { Emitter } from "../emitter.js";
import { ownName, random } from "./identity.js";
import { Member } from "./member.js";
import { isId } from "./peer.js";

/** @typedef {import("./peer.js").Peer} Peer */
/** @typedef {import("./signaling.js").Message} Message */
/** @typedef {import("./devices.js").Devices} Devices */

export const MOST = 6;
const RING_MS = 45_000;
// As long as somebody walks from the Wi-Fi of one house into that of another.
const PATIENCE_MS = 30_000;
const CLOSE_MS = 2_000;

/** @extends {Emitter<{ changed: null, over: string }>} */
export class Call extends Emitter {
  /** @param {Peer} peer @param {Devices} devices @param {string} [id] nobody who does not know it comes in unasked */
  constructor(peer, devices, id = random(22)) {
    super();
    this.peer = peer;
    this.devices = devices;
    this.id = id;
    /** @type {Map<string, Member>} */
    this.members = new Map();
    this.began = 0;
    this.over = false;
    const done = new AbortController();
    this.done = done;
    devices.on("track", (kind) => {
      this.each((member) => void member.replace(kind));
      this.fit();
    }, done.signal);
    devices.on("changed", () => {
      this.each((member) => member.link.say({ kind: "state", ...this.about() }));
      this.emit("changed", null);
    }, done.signal);
  }

  /** What the others are told of this end. */
  about() {
    const { microphone, muted, screen } = this.devices;
    return { name: ownName.get(), sends: { audio: !!microphone && !muted, video: !!this.devices.track("video"), screen: !!screen } };
  }

  get full() {
    return this.members.size >= MOST - 1;
  }

  get connected() {
    return [...this.members.values()].some(({ state }) => state === "connected" || state === "mending");
  }

  /** Ring somebody, or connect with somebody who is in the call already (`joins`). @param {string} id @param {boolean} [joins] */
  async invite(id, joins = false) {
    if (this.full || this.members.has(id) || id === this.peer.id) return;
    const link = this.peer.link({ other: id, type: "media", connectionId: `mc_${random(16)}`, ours: false, patience: PATIENCE_MS });
    link.extra = { metadata: { salon: { call: this.id, joins, video: !!this.devices.track("video"), ...this.about() } } };
    const member = this.add(new Member(link, this.devices, "calling"));
    const timer = setTimeout(() => {
      if (member.state !== "calling" && member.state !== "ringing") return;
      this.bye(member, "no answer");
      member.end("no answer");
    }, RING_MS);
    member.on("over", () => clearTimeout(timer));
    await member.call();
  }

  /** Let in one who called. @param {Member} member @param {Message} message */
  async admit(member, message) {
    member.devices = this.devices;
    member.link.extra = member.link.ours ? { salon: { call: this.id, ...this.about() } } : {};
    this.add(member);
    await member.accept(message.payload.sdp);
  }

  /** @param {Member} member */
  add(member) {
    this.members.set(member.id, member);
    member.on("changed", () => {
      if (this.connected) this.began ||= Date.now();
      this.emit("changed", null);
    });
    member.link.on("state", (state) => {
      if (state !== "connected") return;
      this.gossip();
      this.fit();
    });
    member.on("said", ({ kind, ids }) => kind === "members" && Array.isArray(ids) && this.meet(ids));
    member.on("over", (reason) => {
      if (this.members.get(member.id) === member) this.members.delete(member.id);
      if (this.members.size === 0) return this.end(reason);
      this.fit();
      this.emit("changed", null);
    });
    this.emit("changed", null);
    return member;
  }

  /** Pictures that fit so many. */
  fit() {
    const { size } = this.members;
    this.each((member) => void member.fit(size, !!this.devices.screen));
  }

  /** Everybody hears who is here. */
  gossip() {
    const ids = [...this.members.values()].filter(({ state }) => state === "connected").map(({ id }) => id);
    this.each((member) => member.state === "connected" && member.link.say({ kind: "members", ids, call: this.id }));
  }

  /** Of two who have not met, one calls: the one whose id comes first. @param {unknown[]} ids */
  meet(ids) {
    for (const id of ids.slice(0, MOST)) {
      if (typeof id === "string" && isId(id) && this.peer.id < id && !this.members.has(id)) void this.invite(id, true);
    }
  }

  /** Leave. The others are told, and answer; whoever does not is not waited for long. */
  async hangUp() {
    const answered = [...this.members.values()].map((member) => {
      this.bye(member, member.state === "calling" || member.state === "ringing" ? "cancelled" : "hung up");
      if (!member.link.ours) return null;
      return new Promise((/** @type {(value: void) => void} */ resolve) => {
        member.on("said", ({ kind }) => kind === "closed" && resolve());
        member.on("over", () => resolve());
        setTimeout(resolve, CLOSE_MS);
      });
    });
    this.over = true;
    this.emit("changed", null);
    await Promise.all(answered);
    this.end("");
  }

  /** @param {Member} member @param {string} reason */
  bye({ link }, reason) {
    if (link.ours) link.say({ kind: "close", reason });
    // A client of PeerJS, or nobody: it stops ringing.
    else if (!link.connected) this.peer.signaling.say("LEAVE", link.other);
  }

  /** @param {string} reason empty where this page has hung up itself */
  end(reason) {
    if (this.done.signal.aborted) return;
    this.done.abort();
    this.over = true;
    this.each((member) => member.end(""));
    this.devices.close();
    this.emit("over", reason);
  }

  /** @param {(member: Member) => void} work */
  each(work) {
    for (const member of [...this.members.values()]) work(member);
  }
}
