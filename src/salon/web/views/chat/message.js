/** One message: who said it and when, its words, pictures and reactions, and what can be done about it. */

import { LONGEST_TEXT } from "../../chat/entries.js";
import { clock, t } from "../../i18n/i18n.js";
import { MarkdownStream } from "../../markdown/stream.js";
import { copyFrom } from "../../ui/clipboard.js";
import { h, put } from "../../ui/dom.js";
import { icon } from "../../ui/icons.js";
import { openMenu } from "../../ui/menu.js";
import { avatar } from "./avatar.js";

/** @typedef {import("../../chat/timeline.js").Message} Message */
/** @typedef {{ day: boolean, together: boolean, fresh: boolean }} Standing */
/**
 * @typedef {object} Around
 * @property {import("../../chat/lobby.js").Lobby} lobby
 * @property {import("../../chat/room.js").ChatRoom} room
 * @property {import("./composer.js").Composer} composer
 * @property {(id: string) => void} goTo
 */

const EMOJI = ["👍", "❤️", "😂", "🎉", "😮", "😢", "🙏", "👀"];
const MOST_EMOJI = 20;

export class MessageView {
  /** @param {Message} message @param {Around} around */
  constructor(message, around) {
    this.message = message;
    this.around = around;
    this.root = h("li", { class: "chat-message", "data-id": message.id, tabindex: -1 });
    this.stream = new MarkdownStream({ copy: t("copy"), copied: t("copied"), code: t("code"), table: t("table") });
    this.words = h("div", { class: "chat-words", dir: "auto" }, this.stream.root);
    this.work = h("p", { class: "chat-work faint", hidden: true });
    this.readers = h("div", { class: "chat-readers" });
    this.readBy = "";
    this.standing = "";
    this.day = "";
    /** @type {Map<string, HTMLElement>} */
    this.pictures = new Map();
  }

  end() {
    cancelAnimationFrame(this.stream.frame);
  }

  /** @param {Standing} standing */
  placed(standing) {
    if (this.standing !== key(standing)) this.show(this.message, standing);
  }

  /** @param {Message} message @param {Standing} standing */
  show(message, standing) {
    this.message = message;
    this.standing = key(standing);
    const { room } = this.around;
    const mine = message.user === room.me().user;
    const { root } = this;
    root.classList.toggle("mine", mine);
    root.classList.toggle("together", standing.together && !standing.day && message.type === "message");
    root.classList.toggle("for-me", !mine && room.isForMe(message));
    root.classList.toggle("pending", !message.offset);
    const day = standing.day && h("p", { class: "chat-day" }, h("span", null, dayOf(message.time)));
    const fresh = standing.fresh && h("p", { class: "chat-fresh", role: "separator" }, h("span", null, t("chat fresh")));
    if (message.type === "notice") return put(root, day, fresh, h("p", { class: "chat-notice" }, noticeOf(message)));
    this.grow();
    put(
      root,
      day,
      fresh,
      h(
        "article",
        { "aria-label": `${message.name}, ${clock(message.time)}` },
        avatar(message.user, message.name, message.agent),
        h(
          "div",
          { class: "chat-body" },
          h(
            "p",
            { class: "chat-by" },
            h("span", { class: "chat-name" }, message.name),
            message.agent && h("span", { class: "chat-tag" }, t("chat agent")),
            h("time", { datetime: new Date(message.time).toISOString() }, clock(message.time)),
          ),
          message.replyTo && this.quote(message.replyTo),
          message.deleted ? h("p", { class: "chat-deleted" }, t("chat deleted")) : this.words,
          this.pictureRow(message),
          this.work,
          this.foot(message),
          this.reactions(message),
          this.readers,
        ),
        !message.deleted && this.actions(message, mine),
      ),
    );
  }

  /** Its words as they are now. */
  grow() {
    const { message, around } = this;
    const text = around.room.wordsOf(message);
    const work = around.room.workOf(message);
    this.root.classList.toggle("growing", message.growing);
    this.stream.update(text, !message.growing);
    this.words.hidden = !text && !message.growing;
    this.work.hidden = !message.growing || (!!text && !work);
    if (message.growing) put(this.work, h("span", { class: "wait" }, h("i"), h("i"), h("i")), work ? t("chat working", { tool: work }) : "");
  }

  /** What it answers to. @param {string} id */
  quote(id) {
    const said = this.around.room.timeline.byId.get(id);
    const words = said ? `${said.name}: ${said.deleted ? t("chat deleted") : said.text.slice(0, 140)}` : t("chat quote gone");
    return h("button", { type: "button", class: "chat-quote", onclick: () => this.around.goTo(id) }, words);
  }

  /** @param {Message} message */
  pictureRow({ deleted, pictures, attached }) {
    if (deleted || !(pictures.length + attached.length)) return null;
    const own = attached.map(({ url, name }) => h("span", { class: "chat-picture" }, h("img", { src: url, alt: name || t("chat picture") })));
    return h("div", { class: "pictures" }, ...pictures.map((ref) => this.picture(ref)), ...own);
  }

  /** @param {import("../../chat/entries.js").PictureRef} ref */
  picture(ref) {
    const id = `${ref.epoch}/${ref.offset}`;
    const known = this.pictures.get(id);
    if (known) return known;
    const frame = h("span", { class: "chat-picture" }, h("span", { class: "spinner" }));
    this.pictures.set(id, frame);
    void this.around.room.picture(ref).then((url) => {
      if (url) put(frame, h("img", { src: url, alt: ref.name || t("chat picture"), width: ref.width || null, height: ref.height || null }));
      else put(frame, h("span", { class: "faint" }, t("chat picture gone")));
    });
    return frame;
  }

  /** @param {Message} message */
  foot(message) {
    const { room } = this.around;
    const discard = () => h("button", { type: "button", class: "link", onclick: () => void room.remove(message) }, t("chat discard"));
    if (message.trouble) {
      const again = () => {
        const { text, replyTo, pictures, attached, mentions } = message;
        void room.remove(message).then(() => room.say(text, { replyTo, pictures, attached, mentions }).catch(() => {}));
      };
      const said = message.text || message.attached.length > 0;
      return h(
        "p",
        { class: "chat-foot bad" },
        icon("alert"),
        t(message.trouble === "pictures" ? "chat pictures lost" : "chat failed"),
        said && h("button", { type: "button", class: "link", onclick: again }, t("try again")),
        discard(),
      );
    }
    if (!message.offset && room.client.state !== "open") return h("p", { class: "chat-foot" }, t("chat waiting"), discard());
    if (!message.offset) return h("p", { class: "chat-foot" }, t("chat sending"));
    if (message.end === "stopped") return h("p", { class: "chat-foot" }, t("stopped"));
    if (message.end === "failed") return h("p", { class: "chat-foot bad" }, t("chat answer failed"));
    if (message.end === "interrupted") return h("p", { class: "chat-foot" }, t("chat interrupted"));
    return message.edited && !message.deleted && h("p", { class: "chat-foot" }, t("chat edited"));
  }

  /** @param {Message} message */
  reactions(message) {
    const { room } = this.around;
    const given = [...message.reactions].slice(0, MOST_EMOJI);
    if (!given.length || message.deleted) return null;
    const { user } = room.me();
    return h(
      "div",
      { class: "chat-reactions" },
      ...given.map(([emoji, users]) =>
        h(
          "button",
          {
            type: "button",
            "aria-pressed": String(users.has(user)),
            "aria-label": t("chat reacted", { emoji, count: users.size }),
            onclick: () => void room.react(message, emoji).catch(() => {}),
          },
          `${emoji} ${users.size}`,
        ),
      ),
    );
  }

  /** @param {Message} message @param {boolean} mine */
  actions(message, mine) {
    const { room, composer, lobby } = this.around;
    const failed = () => lobby.frame.toasts.show(t("chat not done"));
    if (message.growing) {
      return h(
        "div",
        { class: "chat-actions shown" },
        h("button", { type: "button", class: "button small", onclick: () => void room.stop(message).catch(failed) }, icon("stop"), t("stop")),
      );
    }
    if (!message.offset) return null;
    const copy = button("copy", t("copy"), () => void copyFrom(copy, message.text));
    const react = button("smile", t("chat react"), () =>
      openMenu(react, EMOJI.map((emoji) => ({ label: emoji, run: () => void room.react(message, emoji).catch(failed) })), t("chat react")),
    );
    react.setAttribute("aria-haspopup", "menu");
    return h(
      "div",
      { class: "chat-actions" },
      react,
      button("reply", t("chat reply"), () => composer.reply(message)),
      message.text && copy,
      mine && message.text.length <= LONGEST_TEXT && button("edit", t("chat edit"), () => composer.edit(message)),
      mine && button("trash", t("delete"), () => void room.remove(message).catch(failed)),
    );
  }

  /** @param {{ user: string, name: string }[]} readers */
  showReaders(readers) {
    const names = readers.map(({ name }) => name).join(", ");
    if (names === this.readBy) return;
    this.readBy = names;
    put(this.readers, ...readers.slice(0, 6).map(({ user, name }) => avatar(user, name)), readers.length > 0 && h("span", { class: "visually-hidden" }, t("chat read by", { names })));
    this.readers.title = readers.length ? t("chat read by", { names }) : "";
  }
}

/** @param {string} drawing @param {string} label @param {() => void} run */
function button(drawing, label, run) {
  return h("button", { type: "button", class: "icon-button", "aria-label": label, title: label, onclick: run }, icon(drawing));
}

/** @param {Standing} standing */
function key({ day, together, fresh }) {
  return `${day} ${together} ${fresh}`;
}

/** @param {number} time */
function dayOf(time) {
  return new Intl.DateTimeFormat(document.documentElement.lang, { weekday: "long", day: "numeric", month: "long" }).format(time);
}

/** What the house says about a room. @param {Message} message */
function noticeOf(message) {
  const { name, stars, text } = message;
  switch (message.notice) {
    case "handed over":
      return t("chat notice handed over", { summary: text });
    case "taken":
      return t("chat notice taken", { name });
    case "transferred":
      return t("chat notice transferred", { name });
    case "closed":
      return t("chat notice closed", { name });
    case "rated":
      return t("chat notice rated", { stars });
    default:
      return text;
  }
}
