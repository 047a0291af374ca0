/** One channel as this client hears it: every publication once and in order, or a gap that is told. */

import { Emitter } from "../emitter.js";
import { comesBack } from "./protocol.js";

/** @typedef {import("./protocol.js").Info} Info */
/** @typedef {import("./protocol.js").Position} Position */
/** @typedef {import("./protocol.js").Publication} Publication */
/** @typedef {import("./protocol.js").RoomsError} RoomsError */

/**
 * `publication`: in order, none twice. `subscribed`: with `gap` true where something was missed that the server no longer has:
 * the log goes on from `offset`, and what lies between is had from the history, if at all. `ended`: the server will have it no
 * longer, or refused it; it is not tried again. `join` also says that something of somebody who is there has changed.
 *
 * @typedef {object} Events
 * @property {Publication} publication
 * @property {{ gap: boolean, returned: boolean, offset: number, epoch: string }} subscribed
 * @property {"subscribing" | "subscribed" | "ended"} state
 * @property {{ code: number, reason: string }} ended
 * @property {Info} join
 * @property {Info} leave
 */

/** @extends {Emitter<Events & Record<string, unknown>>} */
export class Subscription extends Emitter {
  /**
   * @param {string} channel
   * @param {object} [options]
   * @param {Position | null} [options.since] what is known already: what came later is told as if it had been missed
   * @param {boolean} [options.joinLeave] to be told who joins and leaves
   * @param {boolean} [options.state] the topic's mode is `state`: a snapshot may begin anew at a lower version
   * @param {unknown} [options.data] for the server, `{rate: 5}` for instance
   */
  constructor(channel, { since = null, joinLeave = false, state = false, data } = {}) {
    super();
    this.channel = channel;
    this.joinLeave = joinLeave;
    this.versioned = state;
    this.data = data;
    /** @type {"subscribing" | "subscribed" | "ended"} */
    this.state = "subscribing";
    /** The last publication that was told. @type {Position | null} */
    this.position = since;
    this.recoverable = since !== null;
  }

  /** The body of the subscribe command, which asks for what was missed. */
  request() {
    const { position } = this;
    return {
      channel: this.channel,
      ...(this.joinLeave ? { join_leave: true } : {}),
      ...(this.data === undefined ? {} : { data: this.data }),
      ...(this.recoverable && position ? { recover: true, offset: position.offset, epoch: position.epoch } : {}),
    };
  }

  /** The server's answer. @param {import("./protocol.js").SubscribeResult} result */
  accept(result) {
    const { offset = 0, epoch = "", publications = [] } = result;
    const returned = result.was_recovering === true;
    // A state begins with its snapshot, so nothing of it can be missed.
    const gap = returned && result.recovered !== true && !this.versioned;
    if (!returned || gap || this.position?.epoch !== epoch) this.position = null;
    this.recoverable = result.recoverable === true;
    this.become("subscribed");
    // Before the publications: whoever hears of a gap may not take them for the continuation of what it has.
    this.emit("subscribed", { gap, returned, offset, epoch });
    for (const publication of publications) this.hear(publication);
    if (this.recoverable) this.position = { offset: Math.max(offset, this.versioned ? 0 : (this.position?.offset ?? 0)), epoch };
  }

  /** @param {Publication} publication */
  hear(publication) {
    const { offset } = publication;
    if (offset && this.position) {
      // A message may come with the answer to subscribe and once more by itself.
      if (offset <= this.position.offset && !this.versioned) return;
      const epoch = this.versioned && publication.data?.epoch ? publication.data.epoch : this.position.epoch;
      this.position = { offset, epoch };
    }
    this.emit("publication", publication);
  }

  /** What the server pushes to this channel. @param {any} push @returns {boolean} whether to subscribe again */
  push(push) {
    if (push.pub) this.hear(push.pub);
    else if (push.join) this.emit("join", push.join.info);
    else if (push.leave) this.emit("leave", push.leave.info);
    else if (push.unsubscribe) {
      if (comesBack(push.unsubscribe.code)) {
        this.become("subscribing");
        return true;
      }
      this.end(push.unsubscribe.code, push.unsubscribe.reason ?? "");
    }
    return false;
  }

  /** @param {number} code @param {string} reason */
  end(code, reason) {
    this.become("ended");
    this.emit("ended", { code, reason });
  }

  /** @param {"subscribing" | "subscribed" | "ended"} state */
  become(state) {
    if (this.state === state) return;
    this.state = state;
    this.emit("state", state);
  }
}
