/** The rooms one is in, with what is unread in each; joining others; and who one is. */

import { roomNamed } from "../../chat/account.js";
import { t } from "../../i18n/i18n.js";
import { newId } from "../../model/ids.js";
import { askText } from "../../ui/dialog.js";
import { h, put } from "../../ui/dom.js";
import { icon } from "../../ui/icons.js";

/** @typedef {import("../../chat/lobby.js").Lobby} Lobby */

/** @param {Lobby} lobby @param {AbortSignal} signal */
export function buildRooms(lobby, signal) {
  const { frame } = lobby;
  const list = h("ul", { class: "chat-rooms" });
  const name = h("button", { type: "button", class: "chat-me", onclick: () => askName(lobby) });
  /** @type {Map<string, HTMLElement>} */
  const counts = new Map();

  function show() {
    counts.clear();
    put(list, ...[...lobby.rooms.keys()].map(line));
    if (!lobby.rooms.size) put(list, h("li", { class: "faint none" }, t("chat none")));
    for (const each of counts.keys()) showUnread(each);
  }

  /** @param {string} room */
  function line(room) {
    const shown = lobby.shown === room;
    const count = h("span", { class: "chat-count", hidden: true });
    counts.set(room, count);
    return h(
      "li",
      { class: shown ? "conversation shown" : "conversation" },
      h(
        "a",
        { href: `#/chat/${encodeURIComponent(room)}`, "aria-current": shown ? "true" : null, title: room, onclick: () => frame.emit("sidebar", false) },
        h("span", { class: "chat-room-name" }, lobby.titleOf(room)),
        count,
      ),
    );
  }

  /** @param {string} room */
  function showUnread(room) {
    const count = counts.get(room);
    const unread = lobby.rooms.get(room)?.unread ?? 0;
    if (!count) return;
    count.hidden = unread === 0;
    put(count, h("span", { "aria-hidden": "true" }, unread > 99 ? "99+" : String(unread)), h("span", { class: "visually-hidden" }, t("chat unread", { count: unread })));
  }

  function showName() {
    put(name, h("span", { class: "chat-me-name" }, lobby.me().name), icon("edit"));
    name.setAttribute("aria-label", t("chat rename", { name: lobby.me().name }));
  }

  lobby.on("rooms", show, signal);
  lobby.on("opened", show, signal);
  lobby.on("unread", showUnread, signal);
  lobby.on("named", showName, signal);
  lobby.client.on("connected", showName, signal);
  show();
  showName();

  return h(
    "aside",
    { class: "sidebar", "aria-label": t("chat rooms") },
    h(
      "div",
      { class: "sidebar-head" },
      h("h2", null, t("view chat")),
      h("button", { type: "button", class: "icon-button only-phone", "aria-label": t("close"), onclick: () => frame.emit("sidebar", false) }, icon("close")),
    ),
    h("button", { type: "button", class: "button new", onclick: () => askRoom(lobby) }, icon("plus"), t("chat join")),
    h("button", { type: "button", class: "button new chat-alone", onclick: () => talkAlone(lobby) }, icon("talk"), t("chat direct")),
    h(
      "a",
      { class: "button new chat-alone", href: "#/chat/desk", onclick: () => frame.emit("sidebar", false) },
      icon("bell"),
      t("desk"),
    ),
    h("nav", { class: "sidebar-list", "aria-label": t("chat rooms"), tabindex: -1 }, list),
    name,
  );
}

/** @param {Lobby} lobby */
export function askRoom(lobby) {
  askText({
    title: t("chat join"),
    label: t("chat room name"),
    value: "",
    action: t("chat enter"),
    onanswer: (wanted) => {
      const room = roomNamed(wanted);
      if (room) lobby.frame.go("chat", room);
    },
  });
}

/** @param {Lobby} lobby */
export function askName(lobby) {
  askText({ title: t("chat your name"), label: t("chat your name"), value: lobby.account.name, action: t("chat save"), onanswer: (name) => lobby.rename(name) });
}

/** A room in which an agent answers without being called. @param {Lobby} lobby */
export function talkAlone(lobby) {
  lobby.frame.emit("sidebar", false);
  lobby.frame.go("chat", `direct-${newId("").slice(1, 11)}`);
}
