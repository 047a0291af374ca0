/** A `state` topic as this client knows it: the server's map, by snapshots and patches. */

import { Emitter } from "../emitter.js";

/**
 * `changed` has the keys that are others now; null means all of them.
 * @extends {Emitter<{ changed: Set<string> | null }>}
 */
export class Mirror extends Emitter {
  /** @param {import("./subscription.js").Subscription} subscription made with `state: true` @param {AbortSignal} [signal] */
  constructor(subscription, signal) {
    super();
    /** @type {Map<string, any>} */
    this.entries = new Map();
    this.version = -1;
    this.epoch = "";
    /** The server's clock at the last change, in its milliseconds. */
    this.time = 0;
    /** The last inputs that were processed, by session. @type {Record<string, number>} */
    this.acks = {};
    subscription.on("publication", ({ data }) => this.apply(data), signal);
  }

  /** @param {any} data */
  apply(data) {
    if (data?.type === "snapshot") {
      this.entries = new Map(Object.entries(data.entries ?? {}));
      this.note(data);
      this.emit("changed", null);
    } else if (data?.type === "patch") {
      // A patch that was seen is seen again after a connection that broke at the wrong moment.
      if (data.epoch === this.epoch && data.version <= this.version) return;
      const changed = new Set([...Object.keys(data.set ?? {}), ...(data.removed ?? [])]);
      for (const [key, value] of Object.entries(data.set ?? {})) this.entries.set(key, value);
      for (const key of data.removed ?? []) this.entries.delete(key);
      this.note(data);
      this.emit("changed", changed);
    }
  }

  /** @param {any} data */
  note({ version, epoch, time = 0, acks }) {
    this.version = version;
    this.epoch = epoch;
    this.time = time;
    if (acks) this.acks = acks;
  }
}
