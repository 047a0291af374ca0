/** The call there is, and those who ring. */

import { Emitter } from "../emitter.js";
import { Call } from "./call.js";
import { Devices } from "./devices.js";
import { Member } from "./member.js";
import { salonOf, shortText } from "./peer.js";

/** @typedef {import("./peer.js").Peer} Peer */
/** @typedef {import("./signaling.js").Message} Message */
/** @typedef {{ id: string, name: string, video: boolean, member: Member, message: Message, call: string }} Incoming */

const MOST_RINGING = 4;
const RING_MS = 50_000;
const PATIENCE_MS = 30_000;

/** @extends {Emitter<{ changed: null, rings: Incoming, stops: Incoming, over: { reason: string, who: string } }>} */
export class Calls extends Emitter {
  /** @param {Peer} peer */
  constructor(peer) {
    super();
    this.peer = peer;
    /** @type {Call | null} */
    this.call = null;
    /** @type {Set<Incoming>} */
    this.ringing = new Set();
    /** Whom this page called last. */
    this.called = "";
    peer.on("call", (message) => void this.hear(message));
    // The others need not wait until they miss this tab.
    addEventListener("pagehide", () => void this.call?.hangUp());
  }

  /** Call somebody; in a call, bring them in. @param {string} id @param {boolean} video */
  async start(id, video) {
    if (this.call) return this.call.invite(id);
    // Who rings is answered: two calls between two would be one too many.
    const rings = [...this.ringing].find((each) => each.id === id);
    if (rings) return this.accept(rings, video);
    this.called = id;
    const call = this.begin();
    await this.capture(call.devices, video);
    if (!call.over) await call.invite(id);
  }

  /** @param {Incoming} incoming @param {boolean} video */
  async accept(incoming, video) {
    if (!this.ringing.delete(incoming)) return;
    this.emit("stops", incoming);
    if (this.call) void this.call.hangUp();
    const call = this.begin(incoming.call);
    await this.capture(call.devices, video);
    if (call.over) return;
    if (incoming.member.over) return call.end("cancelled");
    await call.admit(incoming.member, incoming.message);
  }

  /** @param {Incoming} incoming @param {string} [reason] */
  reject(incoming, reason = "declined") {
    if (!this.ringing.delete(incoming)) return;
    void this.refuse(incoming.message, incoming.member, reason);
    this.emit("stops", incoming);
  }

  /** @param {Message} message @param {Member} member @param {string} reason */
  async refuse(message, member, reason) {
    const { link } = member;
    if (link.ours) link.say({ kind: "reject", reason });
    else {
      // PeerJS has no word for it, and a call of its client that nobody answered never ends: it is answered with nothing, and left.
      await link.accept(message.payload.sdp, () => link.pc.getTransceivers().forEach((transceiver) => (transceiver.direction = "inactive"))).catch(() => {});
      this.peer.signaling.say("LEAVE", member.id);
    }
    member.end(reason);
  }

  /** @param {Message} message an offer of somebody who is not in a call with this page */
  async hear(message) {
    const { src, payload } = message;
    const salon = salonOf(message);
    const link = this.peer.link({ other: src, type: "media", connectionId: payload.connectionId, ours: salon !== null, patience: PATIENCE_MS });
    const { call } = this;
    const member = new Member(link, call?.devices ?? new Devices(), "connecting");
    member.name = shortText(salon?.name) || shortText(payload.metadata?.name);
    if (salon) member.hear({ sends: salon.sends });
    if (call && !call.over) {
      const mine = call.members.get(src);
      // Both called each other: one call is enough, that of whoever's id comes last.
      const crossed = mine && salon && !salon.joins && (mine.state === "calling" || mine.state === "ringing");
      if (crossed && this.peer.id > src) return link.close();
      if (crossed || (salon?.call === call.id && !call.full)) {
        const admitted = call.admit(member, message);
        mine?.end("");
        return admitted;
      }
      return this.refuse(message, member, salon?.call === call.id ? "full" : "busy");
    }
    if (this.ringing.size >= MOST_RINGING || salon?.joins) return this.refuse(message, member, "busy");
    this.ring({ id: src, name: member.name, video: salon ? salon.video === true : /^m=video/m.test(payload.sdp.sdp), member, message, call: shortText(salon?.call) });
  }

  /** @param {Incoming} incoming */
  ring(incoming) {
    const { member } = incoming;
    this.ringing.add(incoming);
    member.link.say({ kind: "ringing" });
    const timer = setTimeout(() => this.reject(incoming, "no answer"), RING_MS);
    member.on("over", () => {
      clearTimeout(timer);
      if (!this.ringing.delete(incoming)) return;
      this.emit("stops", incoming);
    });
    this.emit("rings", incoming);
  }

  /** @param {string} [id] */
  begin(id) {
    const call = new Call(this.peer, new Devices(), id || undefined);
    this.call = call;
    let who = "";
    call.on("changed", () => {
      const [member] = call.members.values();
      if (member) who = member.name || member.id;
      this.emit("changed", null);
    });
    call.on("over", (reason) => {
      // Another may have taken its place.
      if (this.call !== call) return;
      this.call = null;
      this.emit("changed", null);
      this.emit("over", { reason, who });
    });
    this.emit("changed", null);
    return call;
  }

  /** @param {Devices} devices @param {boolean} video */
  async capture(devices, video) {
    await devices.open(video);
    const { microphone, camera, missing } = devices;
    this.peer.trace.here("capture", { microphone: microphone?.label ?? null, camera: camera?.label ?? null, missing });
  }
}
