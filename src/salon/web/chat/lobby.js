/** All that the Chat view is about, and what outlives it: the connection, the rooms one is in, what is unread, notifications. */

import { Emitter } from "../emitter.js";
import { t } from "../i18n/i18n.js";
import { credential } from "../model/preferences.js";
import { RoomsClient } from "../rooms/client.js";
import { RoomsRecorder } from "../rooms/trace.js";
import { Account, isRoomName } from "./account.js";
import { Attached } from "./attached.js";
import { Desk } from "./desk.js";
import { ChatRoom } from "./room.js";
import { Unsent } from "./unsent.js";

/** @typedef {import("../frame.js").Frame} Frame */

const SAVE_MS = 400;
export const DESK = "desk";

/** @extends {Emitter<{ rooms: null, unread: string, opened: null, named: null }>} */
export class Lobby extends Emitter {
  /** @param {Frame} frame */
  constructor(frame) {
    super();
    this.frame = frame;
    this.account = new Account();
    this.unsent = new Unsent();
    this.attached = new Attached();
    void this.attached.sweep(new Set(this.unsent.read().map(({ key }) => key)));
    this.recorder = new RoomsRecorder();
    this.client = new RoomsClient({
      token: credential.get,
      data: () => ({ user: this.account.user, device: this.account.device }),
      tap: this.recorder,
    });
    /** @type {Map<string, ChatRoom>} */
    this.rooms = new Map();
    this.shown = "";
    /** Whether the service desk is shown in the place of a room. */
    this.atDesk = false;
    /** @type {Desk | null} */
    this.opened = null;
    this.saving = 0;
    for (const { name } of this.account.rooms) this.join(name);
    this.client.on("state", (state) => {
      // A tab that was duplicated has the device of the one it was made from.
      if (state !== "taken") return;
      this.account.newDevice();
      this.client.connect();
    });
    frame.on("rekeyed", () => {
      this.client.disconnect("another key was given");
      this.client.connect();
    });
    addEventListener("pagehide", () => this.save());
    this.client.connect();
  }

  /** Who one is in the rooms: as the server says, once it has. */
  me = () => {
    const user = this.client.user || this.account.user;
    return { user, name: this.account.name || t("chat guest", { number: user.slice(-4) }) };
  };

  /** The service desk, from the first time that it is asked for. */
  get desk() {
    return (this.opened ??= new Desk(this));
  }

  /** What a room is called where people read it. @param {string} name */
  titleOf(name) {
    if (name.startsWith("direct-")) return t("chat direct room", { id: name.slice(7, 11) });
    const visitor = name.startsWith("help-") ? this.opened?.caseOf(name)?.name : "";
    return visitor || name;
  }

  /** @returns {ChatRoom | null} */
  get room() {
    return this.rooms.get(this.shown) ?? null;
  }

  /** Be in this room from now on. @param {string} name */
  join(name) {
    const known = this.rooms.get(name);
    if (known) return known;
    const kept = this.account.add(name);
    const room = new ChatRoom(this.client, name, { me: this.me, read: kept.read, unsent: this.unsent, attached: this.attached });
    this.rooms.set(name, room);
    const changed = () => {
      if (room.epoch && room.ready) kept.read = { offset: room.readOffset, epoch: room.epoch };
      this.later();
      this.showUnread();
      this.emit("unread", name);
    };
    room.on("messages", changed);
    room.on("read", changed);
    room.on("heard", (message) => this.notify(room, message));
    this.emit("rooms", null);
    return room;
  }

  /** @param {string} name */
  leave(name) {
    this.rooms.get(name)?.leave();
    for (const { key } of this.unsent.of(this.me().user, name)) {
      this.unsent.drop(key);
      void this.attached.drop(key);
    }
    this.rooms.delete(name);
    this.account.remove(name);
    this.emit("rooms", null);
    this.showUnread();
    if (this.shown === name) this.frame.go("chat", this.account.rooms[0]?.name ?? "");
  }

  /** Show the room that the address names. */
  follow() {
    const { view, path } = this.frame.place;
    if (view !== "chat") return;
    const atDesk = path === DESK;
    const name = isRoomName(path) && !atDesk ? path : "";
    if (name) this.join(name);
    if (this.shown === name && this.atDesk === atDesk) return;
    this.shown = name;
    this.atDesk = atDesk;
    this.emit("opened", null);
  }

  /** @param {string} name */
  rename(name) {
    this.account.rename(name);
    for (const room of this.rooms.values()) void this.client.setAttributes(room.name, { name: this.me().name }).catch(() => {});
    this.emit("named", null);
  }

  showUnread() {
    let count = 0;
    for (const room of this.rooms.values()) count += room.unread;
    this.frame.badge("chat", count > 99 ? "99+" : count ? String(count) : "");
  }

  // --- notifications

  get notifies() {
    return typeof Notification === "function" && Notification.permission === "granted";
  }

  /** The browser asks, because somebody has pressed a button for it. */
  async askToNotify() {
    if (typeof Notification === "function") await Notification.requestPermission();
    this.emit("named", null);
  }

  /** @param {ChatRoom} room @param {import("./timeline.js").Message} message */
  notify(room, message) {
    if (!this.notifies || message.deleted) return;
    const seen = document.visibilityState === "visible" && document.hasFocus() && this.frame.place.view === "chat" && this.shown === room.name;
    if (seen) return;
    const about = room.isForMe(message) ? t("chat mentioned", { name: message.name, room: this.titleOf(room.name) }) : `${message.name} · ${this.titleOf(room.name)}`;
    // One for each room: the newest takes the place of the one before.
    const shown = new Notification(about, { body: message.text.slice(0, 200), tag: `salon-chat-${room.name}` });
    shown.onclick = () => {
      focus();
      this.frame.go("chat", room.name);
      shown.close();
    };
  }

  // --- what is kept

  later() {
    this.saving ||= setTimeout(() => this.save(), SAVE_MS);
  }

  save() {
    clearTimeout(this.saving);
    this.saving = 0;
    this.account.save();
  }
}
