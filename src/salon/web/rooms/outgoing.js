/**
 * What this client has to say and has not been told is kept. Each has a key of its own, by which the server knows it when it comes
 * a second time, so that it may be sent again after every lost connection: nothing is lost, nothing doubled.
 */

import { FULL, RoomsError, WITHDRAWN } from "./protocol.js";

/**
 * @typedef {{ offset: number, epoch: string }} Kept where in the log it stands
 * @typedef {{ channel: string, data: unknown, key: string, sent: boolean, resolve: (kept: Kept) => void, reject: (error: Error) => void }} Item
 */

export const MOST_WAITING = 500;
const PAUSE_MS = 1_000;

export class Outgoing {
  /** @param {import("./client.js").RoomsClient} client */
  constructor(client) {
    this.client = client;
    /** @type {Item[]} */
    this.items = [];
    this.timer = 0;
    client.on("state", (state) => {
      if (state === "open") this.again();
    });
  }

  get size() {
    return this.items.length;
  }

  /** Resolves when it is kept. Rejects where the server will not have it. @param {string} channel @param {unknown} data @param {string} key @returns {Promise<Kept>} */
  add(channel, data, key) {
    if (this.items.length >= MOST_WAITING) {
      return Promise.reject(new RoomsError({ code: FULL, message: "Too much waits to be sent." }));
    }
    return new Promise((resolve, reject) => {
      this.items.push({ channel, data, key, sent: false, resolve, reject });
      this.flush();
    });
  }

  /** Send it no more. Rejects with `WITHDRAWN`. @param {string} key */
  withdraw(key) {
    const item = this.items.find((each) => each.key === key);
    if (item && this.drop(item)) item.reject(new RoomsError({ code: WITHDRAWN, message: "It was taken back." }));
  }

  /** A connection is there, perhaps a new one: whatever was not answered is sent once more, in its order. */
  again() {
    for (const item of this.items) item.sent = false;
    this.flush();
  }

  flush() {
    if (this.client.state !== "open" || this.timer) return;
    for (const item of [...this.items]) if (!item.sent) void this.send(item);
  }

  /** @param {Item} item */
  async send(item) {
    item.sent = true;
    const { channel, data, key } = item;
    try {
      const kept = await this.client.rpc("publish", { channel, data, idempotency_key: key });
      if (this.drop(item)) item.resolve(kept);
    } catch (error) {
      const { temporary } = /** @type {RoomsError} */ (error);
      if (!temporary) {
        if (this.drop(item)) item.reject(/** @type {Error} */ (error));
        return;
      }
      item.sent = false;
      // Those behind it wait as well, or they would overtake it.
      if (this.client.state === "open" && !this.timer) {
        this.timer = setTimeout(() => {
          this.timer = 0;
          this.flush();
        }, PAUSE_MS);
      }
    }
  }

  /** @param {Item} item */
  drop(item) {
    const at = this.items.indexOf(item);
    if (at >= 0) this.items.splice(at, 1);
    return at >= 0;
  }
}
