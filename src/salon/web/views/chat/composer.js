/** Where one writes in a room: a message, an answer to one, or other words for one of one's own. Names come after an at sign. */

import { LONGEST_TEXT, MOST_PICTURES, mentions } from "../../chat/entries.js";
import { t } from "../../i18n/i18n.js";
import { h, put } from "../../ui/dom.js";
import { icon } from "../../ui/icons.js";
import { MOD, focusToWrite, isComposing, isTouch, sends } from "../../ui/keys.js";
import { acceptDrops } from "../talk/drop.js";
import { Names } from "./names.js";
import { Shelf } from "../shelf.js";

/** @typedef {import("../../chat/lobby.js").Lobby} Lobby */
/** @typedef {import("../../chat/room.js").ChatRoom} ChatRoom */
/** @typedef {import("../../chat/timeline.js").Message} Message */
/**
 * @typedef {object} Composer
 * @property {HTMLElement} root
 * @property {() => void} focus
 * @property {(message: Message) => void} reply
 * @property {(message: Message) => void} edit
 * @property {(listener: () => void) => void} sent
 */

const TALLEST = 220;

/** @param {Lobby} lobby @param {ChatRoom} room @param {AbortSignal} signal @returns {Composer} */
export function buildComposer(lobby, room, signal) {
  const { preferences, toasts } = lobby.frame;
  const kept = lobby.account.add(room.name);
  /** @type {Message | null} */
  let replying = null;
  /** @type {Message | null} */
  let editing = null;
  /** @type {() => void} */
  let sent = () => {};

  const field = h("textarea", {
    id: "chat-composer",
    rows: 1,
    placeholder: t("chat write", { room: lobby.titleOf(room.name) }),
    "aria-label": t("message"),
    "aria-describedby": "chat-hint",
    enterkeyhint: isTouch() ? "enter" : "send",
    maxlength: LONGEST_TEXT,
    dir: "auto",
  });
  field.value = kept.draft;
  const about = h("div", { class: "chat-about", hidden: true });
  const shelf = new Shelf(field, { most: MOST_PICTURES, toasts, changed: () => show() });
  const clip = h("button", { type: "button", class: "icon-button attach", "aria-label": t("attach"), title: t("attach"), onclick: () => shelf.chooser.click() }, icon("clip"));
  const send = h("button", { type: "submit", class: "send", "aria-label": t("send"), title: t("send") }, icon("send"));
  const hint = h("p", { id: "chat-hint", class: "hint" });
  const form = h("form", { class: "composer" }, about, shelf.root, h("div", { class: "composer-row" }, clip, shelf.chooser, field, send));
  const names = new Names(field, () => room.people.filter(({ user }) => user !== room.me().user), signal);

  function show() {
    field.style.height = "auto";
    field.style.height = `${Math.min(field.scrollHeight, TALLEST)}px`;
    send.disabled = !field.value.trim() && !shelf.pictures.length;
  }

  function showHint() {
    const { sendKey } = preferences.values;
    put(hint, isTouch() ? t("chat hint touch") : t(sendKey === "enter" ? "chat hint enter" : "chat hint mod", { mod: MOD }));
  }

  function showAbout() {
    const message = editing ?? replying;
    about.hidden = !message;
    if (!message) return;
    put(
      about,
      icon(editing ? "edit" : "reply"),
      h("span", null, editing ? t("chat editing") : t("chat replying", { name: message.name }), h("small", null, message.text.slice(0, 120))),
      h("button", { type: "button", class: "icon-button", "aria-label": t("cancel"), onclick: () => calm() }, icon("close")),
    );
  }

  /** Neither an answer nor a change any more. */
  function calm() {
    if (editing) field.value = "";
    editing = null;
    replying = null;
    showAbout();
    show();
    field.focus();
  }

  async function submit() {
    const text = field.value.trim().slice(0, LONGEST_TEXT);
    if (!text && !shelf.pictures.length) return;
    const [changing, answering] = [editing, replying];
    if (!changing && !lobby.attached.fits(shelf.pictures)) return toasts.show(t("chat pictures full"));
    field.value = "";
    kept.draft = "";
    lobby.later();
    editing = null;
    replying = null;
    showAbout();
    const attached = shelf.take();
    const failed = () => toasts.show(t("chat not done"));
    if (changing) return void room.edit(changing, text).catch(failed);
    sent();
    try {
      const named = room.people.filter(({ name }) => mentions(text, name)).map(({ user }) => user);
      await room.say(text, { replyTo: answering?.id ?? "", attached, mentions: named });
    } catch {
      failed();
    }
  }

  /** @param {Message} message */
  function edit(message) {
    editing = message;
    replying = null;
    field.value = message.text;
    showAbout();
    show();
    field.focus();
  }

  field.addEventListener("input", () => {
    if (!editing) {
      kept.draft = field.value;
      lobby.later();
      if (field.value.trim()) room.type();
      else room.stopTyping();
    }
    show();
  });
  field.addEventListener("keydown", (event) => {
    if (isComposing(event) || event.defaultPrevented) return;
    if (event.key === "Escape" && (editing || replying)) {
      event.preventDefault();
      calm();
    } else if (event.key === "ArrowUp" && !field.value && !editing) {
      const mine = room.timeline.messages.findLast((message) => message.user === room.me().user && message.type === "message" && !message.deleted);
      if (!mine) return;
      event.preventDefault();
      edit(mine);
    } else if (sends(event, preferences.values.sendKey)) {
      event.preventDefault();
      void submit();
    }
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void submit();
  });
  preferences.on("changed", showHint, signal);
  room.on("unkept", () => toasts.show(t("chat pictures unkept")), signal);
  signal.addEventListener("abort", () => room.stopTyping(), { once: true });
  show();
  showHint();
  queueMicrotask(show);
  const root = h("div", { class: "composer-frame chat-composer" }, names.root, form, hint);
  queueMicrotask(() => {
    const main = /** @type {HTMLElement | null} */ (root.closest("main"));
    if (main) acceptDrops(main, (files) => shelf.attach(files), signal);
  });

  return {
    root,
    edit,
    reply: (message) => {
      if (editing) field.value = "";
      editing = null;
      replying = message;
      showAbout();
      show();
      field.focus();
    },
    sent: (listener) => {
      sent = listener;
    },
    focus: () => focusToWrite(field),
  };
}
