/**
 * What one says in a room until the server has it: shown at once, kept in this browser, sent when there is a connection. A page that
 * is loaded anew goes on with it. Everything has the key that it had before, so that it is there once.
 */

import { newId } from "../model/ids.js";
import { RoomsError, WITHDRAWN } from "../rooms/protocol.js";
import { LONGEST_NAME, LONGEST_TEXT, text } from "./entries.js";

/** @typedef {import("./room.js").ChatRoom} ChatRoom */
/** @typedef {import("./timeline.js").Message} Message */
/** @typedef {import("./entries.js").PictureRef} PictureRef */
/** @typedef {import("../model/types.js").Picture} Picture */
/** @typedef {{ type: string } & Record<string, any>} Data */

export class Sending {
  /** @param {ChatRoom} room @param {{ unsent?: import("./unsent.js").Unsent, attached?: import("./attached.js").Attached }} kept */
  constructor(room, { unsent, attached }) {
    this.room = room;
    this.unsent = unsent;
    this.attached = attached;
    this.resumed = false;
  }

  /** What an earlier page wrote and could not send. Who one is here is known with the first connection. */
  resume() {
    if (this.resumed) return;
    this.resumed = true;
    const { room } = this;
    for (const item of this.unsent?.of(room.me().user, room.name) ?? []) if (!room.timeline.byId.has(item.key) && !this.waits(item.key)) void this.again(item);
  }

  /** @param {string} key */
  waits(key) {
    return this.room.client.outgoing.items.some((item) => item.key === key);
  }

  /** @param {import("./unsent.js").Item} item */
  async again({ key, data: { attached: count, ...data }, time }) {
    if (data.type !== "message" || data.id !== key) return void this.tell(data, key).catch(() => {});
    const pictures = count ? await this.attached?.of(key) : [];
    const { name, user } = this.room;
    // Another tab may have sent it meanwhile.
    if (count && !this.unsent?.of(user, name).some((item) => item.key === key)) return;
    const refs = Array.isArray(data.pictures) ? data.pictures : [];
    const named = Array.isArray(data.mentions) ? data.mentions : [];
    const words = { name: text(data.name, LONGEST_NAME), text: text(data.text, LONGEST_TEXT), replyTo: text(data.reply_to, 64) };
    this.expect({ id: key, user, ...words, pictures: refs, attached: pictures ?? [], mentions: named, time });
    if (!pictures) {
      this.unsent?.drop(key);
      this.failed(key, "pictures");
    } else void (count ? this.sendWith(data, key, pictures) : this.send(data, key)).catch(() => {});
  }

  /**
   * @param {string} words
   * @param {{ replyTo?: string, pictures?: PictureRef[], attached?: Picture[], mentions?: string[], id?: string }} [more]
   */
  say(words, { replyTo = "", pictures = [], attached = [], mentions: named = [], id = newId("msg") } = {}) {
    const { user, name } = this.room.me();
    this.expect({ id, user, name, text: words, replyTo, pictures, attached, mentions: named, time: Date.now() });
    const data = {
      type: "message",
      id,
      text: words,
      name,
      ...(replyTo ? { reply_to: replyTo } : {}),
      ...(pictures.length ? { pictures } : {}),
      ...(named.length ? { mentions: named } : {}),
    };
    return attached.length ? this.sendWith(data, id, attached) : this.send(data, id);
  }

  /** Shown before the server has it. @param {Partial<Message> & { id: string, user: string }} message */
  expect(message) {
    this.room.timeline.expect(message);
    this.room.emit("messages", new Set([message.id]));
  }

  /** @param {Data} data @param {string} id */
  send(data, id) {
    return this.tell(data, id).catch((error) => this.lost(id, error));
  }

  /** The pictures first: the message says where they are. @param {Data} data @param {string} id @param {Picture[]} pictures */
  async sendWith(data, id, pictures) {
    const { room } = this;
    try {
      if (this.attached && !(await this.attached.keep(id, pictures))) room.emit("unkept", null);
      if (!room.timeline.byId.has(id)) return;
      this.unsent?.keep({ user: room.user, room: room.name, key: id, data: { ...data, attached: pictures.length }, time: Date.now() });
      const refs = await Promise.all(pictures.map((picture, at) => this.keepPicture(picture, keyOf(id, at))));
      await this.tell({ ...data, pictures: refs }, id);
    } catch (error) {
      this.withdraw(id);
      this.lost(id, error);
    } finally {
      this.unsent?.drop(id);
      void this.attached?.drop(id);
    }
  }

  /** Keep a picture beside the log. @param {Picture} picture @param {string} key @returns {Promise<PictureRef>} */
  async keepPicture({ url, name, width, height }, key) {
    const { room } = this;
    const kept = await room.client.deliver(`${room.name}/pictures`, { type: "picture", url }, key);
    // It need not be fetched to be shown.
    room.pictureUrls.set(`${kept.epoch}/${kept.offset}`, Promise.resolve(url));
    return { ...kept, name, width, height };
  }

  /** Put into the log. @param {Data} data @param {string} [key] */
  async tell(data, key = newId("key")) {
    const { room } = this;
    this.unsent?.keep({ user: room.user, room: room.name, key, data, time: Date.now() });
    try {
      return await room.client.deliver(room.chat.channel, data, key);
    } finally {
      this.unsent?.drop(key);
    }
  }

  /** Take back what is not there. It may have come through unseen, and be there then. @param {Message} message */
  discard({ id }) {
    this.room.timeline.withdraw(id);
    this.withdraw(id);
    this.unsent?.drop(id);
    void this.attached?.drop(id);
    this.room.emit("messages", null);
  }

  /** @param {string} id */
  withdraw(id) {
    const { outgoing } = this.room.client;
    for (const { key } of [...outgoing.items]) if (key === id || key.startsWith(`${id} `)) outgoing.withdraw(key);
  }

  /** @param {string} id @param {unknown} error */
  lost(id, error) {
    if (error instanceof RoomsError && error.code === WITHDRAWN) return;
    this.failed(id, "refused");
    throw error;
  }

  /** @param {string} id @param {"refused" | "pictures"} trouble */
  failed(id, trouble) {
    const message = this.room.timeline.byId.get(id);
    if (message && !message.offset) message.trouble = trouble;
    this.room.emit("messages", new Set([id]));
  }
}

/** @param {string} id @param {number} at */
function keyOf(id, at) {
  return `${id} ${at}`;
}
