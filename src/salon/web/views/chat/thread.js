/** What is said in a room, in order. More of it is had when the reader comes near its beginning; the newest is kept in sight. */

import { t } from "../../i18n/i18n.js";
import { h, put } from "../../ui/dom.js";
import { icon } from "../../ui/icons.js";
import { Follower } from "../talk/scroll.js";
import { MessageView } from "./message.js";

/** @typedef {import("../../chat/lobby.js").Lobby} Lobby */
/** @typedef {import("../../chat/room.js").ChatRoom} ChatRoom */
/** @typedef {import("../../chat/timeline.js").Message} Message */

const NEAR_TOP = 400;
/** Messages of one person within this time stand together. */
const TOGETHER_MS = 5 * 60_000;

/**
 * @param {Lobby} lobby
 * @param {ChatRoom} room
 * @param {{ spoken: HTMLElement, composer: import("./composer.js").Composer }} parts
 * @param {AbortSignal} signal
 */
export function buildThread(lobby, room, { spoken, composer }, signal) {
  const list = h("ol", { class: "chat-messages" });
  const top = h("div", { class: "chat-top" });
  const scroller = h("div", { class: "thread", tabindex: 0, role: "region", "aria-label": t("chat messages") }, h("div", { class: "entries" }, top, list));
  const jump = h("button", { type: "button", class: "jump", "aria-label": t("jump"), hidden: true, onclick: () => follower.toEnd() }, icon("down"));
  /** @type {Map<string, MessageView>} */
  const views = new Map();
  /** @type {Set<string> | null} those to be made anew; null is all */
  let dirty = null;
  let frame = 0;
  /** Where the reader stood when the room was opened: what is behind it is new. */
  const readBefore = room.readOffset;

  const follower = new Follower(scroller, signal, (away) => {
    jump.hidden = !away;
    if (!away) seen();
  });

  /** @param {Set<string> | null} ids */
  function changed(ids) {
    if (ids === null || (dirty === null && frame)) dirty = null;
    else dirty = new Set([...(dirty ?? []), ...ids]);
    frame ||= requestAnimationFrame(draw);
  }

  function draw() {
    frame = 0;
    const fromEnd = scroller.scrollHeight - scroller.scrollTop;
    const { first } = room.timeline;
    const all = room.timeline.all;
    const present = new Set();
    let cursor = list.firstElementChild;
    /** @type {Message | null} */
    let previous = null;
    let before = "";
    for (const message of all) {
      present.add(message.id);
      let view = views.get(message.id);
      const fresh = !view;
      if (!view) {
        view = new MessageView(message, { lobby, room, composer, goTo });
        views.set(message.id, view);
      }
      if (fresh || view.message !== message) view.day = new Date(message.time).toDateString();
      const together = place(message, view.day, previous, before);
      if (fresh || view.message !== message || dirty === null || dirty.has(message.id)) view.show(message, together);
      else view.placed(together);
      if (view.root === cursor) cursor = cursor.nextElementSibling;
      else list.insertBefore(view.root, cursor);
      previous = message;
      before = view.day;
    }
    for (const [id, view] of views) {
      if (present.has(id)) continue;
      view.root.remove();
      views.delete(id);
    }
    dirty = new Set();
    showTop();
    showReaders();
    if (follower.following) follower.toEnd();
    else if (first !== drawnFirst) scroller.scrollTop = scroller.scrollHeight - fromEnd;
    drawnFirst = first;
    seen();
    more();
  }
  let drawnFirst = 0;

  /** @param {Message} message @param {string} day its own @param {Message | null} previous @param {string} before the day of that */
  function place(message, day, previous, before) {
    return {
      day: day !== before,
      together: !!previous && previous.type === "message" && previous.user === message.user && message.time - previous.time < TOGETHER_MS,
      fresh: readBefore > 0 && message.offset > readBefore && (!previous || previous.offset <= readBefore) && message.user !== room.me().user,
    };
  }

  function showTop() {
    const empty = room.ready && !room.more && !room.timeline.all.length;
    if (!room.ready) put(top, h("span", { class: "spinner" }), h("span", { class: "visually-hidden" }, t("loading")));
    else if (room.loading) put(top, h("span", { class: "spinner" }));
    else if (room.more) put(top, h("button", { type: "button", class: "link", onclick: () => void room.older() }, t("chat earlier")));
    else put(top, h("p", { class: "faint" }, t(empty ? "chat empty" : "chat beginning", { room: lobby.titleOf(room.name) })));
  }

  /** Each reader's sign stands at the last message they have read. */
  function showReaders() {
    /** @type {Map<string, { user: string, name: string }[]>} */
    const at = new Map();
    const { messages } = room.timeline;
    for (const reader of room.readers) {
      let index = messages.length - 1;
      while (index >= 0 && messages[index].offset > reader.offset) index -= 1;
      const id = messages[index]?.id;
      if (id && messages[index].user !== reader.user) at.set(id, [...(at.get(id) ?? []), reader]);
    }
    for (const [id, view] of views) view.showReaders(at.get(id) ?? []);
  }

  function more() {
    if (scroller.scrollTop < NEAR_TOP && room.more && room.ready) void room.older();
  }

  function seen() {
    const looked = document.visibilityState === "visible" && document.hasFocus();
    if (looked && room.ready && !follower.away) room.markRead();
  }

  /** @param {string} id */
  function goTo(id) {
    const view = views.get(id);
    if (!view) return;
    view.root.scrollIntoView({ block: "center" });
    view.root.focus();
  }

  /** @param {Set<string> | null} ids */
  function grown(ids) {
    const some = ids === null ? room.timeline.messages.filter(({ growing }) => growing).map(({ id }) => id) : ids;
    for (const id of some) views.get(id)?.grow();
    follower.grown();
  }

  /** @param {Message} message */
  function speak({ name, text, growing }) {
    if (growing) return;
    spoken.append(h("p", null, `${name}: ${text}`));
    while (spoken.children.length > 5) spoken.firstElementChild?.remove();
  }

  room.on("messages", changed, signal);
  room.on("grown", grown, signal);
  room.on("state", showTop, signal);
  room.on("read", () => {
    frame ||= requestAnimationFrame(draw);
  }, signal);
  room.on("heard", speak, signal);
  scroller.addEventListener("scroll", more, { signal, passive: true });
  addEventListener("focus", seen, { signal });
  document.addEventListener("visibilitychange", seen, { signal });
  const observer = new ResizeObserver(() => follower.grown());
  observer.observe(list);
  signal.addEventListener("abort", () => {
    cancelAnimationFrame(frame);
    observer.disconnect();
    for (const view of views.values()) view.end();
  }, { once: true });
  composer.sent(() => follower.toEnd());
  frame = requestAnimationFrame(draw);

  return h("div", { class: "thread-frame" }, scroller, jump);
}
