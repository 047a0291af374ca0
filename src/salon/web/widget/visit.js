/** A visitor's conversation: the room that the server gave, kept in this browser so that the next page goes on with it. */

import { ChatRoom } from "../chat/room.js";
import { newId } from "../model/ids.js";
import { RoomsClient } from "../rooms/client.js";
import { roomsUrl } from "../rooms/protocol.js";

/** @typedef {{ room: string, user: string, token: string, expires_at: number }} Visit */

const NAME = "salon.visit";
const DEVICE = "salon.visit.device";

export class Visitor {
  /** @param {string} base the server's address @param {string} name */
  constructor(base, name) {
    this.base = base;
    this.name = name;
    /** @type {Visit | null} */
    this.visit = reach(() => JSON.parse(localStorage.getItem(`${NAME} ${base}`) ?? "null"));
    this.device = reach(() => sessionStorage.getItem(DEVICE)) || this.newDevice();
    /** @type {RoomsClient | null} */
    this.client = null;
  }

  newDevice() {
    const device = newId("device");
    reach(() => sessionStorage.setItem(DEVICE, device));
    this.device = device;
    return device;
  }

  /** @returns {Promise<Visit>} rejects where the server cannot be reached or will not have visitors */
  async begin() {
    const { visit } = this;
    const response = await fetch(new URL("v1/support/visits", this.base), {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ name: this.name.slice(0, 60), token: visit?.token ?? "" }),
      credentials: "omit",
      referrerPolicy: "no-referrer",
    });
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    /** @type {Visit} */
    const given = await response.json();
    // A server without keys gives no tokens, and believes who comes back.
    this.visit = !given.token && visit && !visit.token ? visit : given;
    reach(() => localStorage.setItem(`${NAME} ${this.base}`, JSON.stringify(this.visit)));
    return this.visit;
  }

  /** Come into the room. @returns {Promise<ChatRoom>} */
  async enter() {
    const visit = await this.begin();
    let fresh = true;
    this.client = new RoomsClient({
      url: roomsUrl(this.base),
      // The first connection has the token that was just given; a later one, or one that ends, asks for a new one.
      token: async () => {
        if (fresh) fresh = false;
        else if (this.visit?.token) await this.begin();
        return this.visit?.token ?? "";
      },
      data: () => ({ user: visit.user, device: this.device }),
    });
    this.client.on("state", (state) => {
      if (state !== "taken") return;
      this.newDevice();
      this.client?.connect();
    });
    const room = new ChatRoom(this.client, visit.room, { me: () => ({ user: this.client?.user || visit.user, name: this.name || "Visitor" }) });
    this.client.connect();
    return room;
  }
}

/** Storage may be forbidden; the widget works without. @template T @param {() => T} work @returns {T | null} */
function reach(work) {
  try {
    return work();
  } catch {
    return null;
  }
}
