/** One room: its head, what is said in it, and where one writes; or, while none is open, how to come into one. */

import { roomNamed } from "../../chat/account.js";
import { t } from "../../i18n/i18n.js";
import { copyText } from "../../ui/clipboard.js";
import { h, put } from "../../ui/dom.js";
import { icon, mark } from "../../ui/icons.js";
import { openMenu } from "../../ui/menu.js";
import { inspectButton, viewHead } from "../head.js";
import { buildBanner } from "./banner.js";
import { buildComposer } from "./composer.js";
import { buildCase, buildDesk } from "./desk.js";
import { showPeople } from "./people.js";
import { buildThread } from "./thread.js";

/** @typedef {import("../../chat/lobby.js").Lobby} Lobby */
/** @typedef {import("../../chat/room.js").ChatRoom} ChatRoom */

/** @param {Lobby} lobby @param {AbortSignal} signal */
export function buildChat(lobby, signal) {
  const main = h("main", { class: "talk chat" });
  // New messages are read out whole; those that grow when they are done.
  const spoken = h("div", { class: "visually-hidden", role: "log", "aria-live": "polite", "aria-label": t("chat new messages") });
  let shown = new AbortController();

  function show() {
    shown.abort();
    shown = new AbortController();
    signal.addEventListener("abort", () => shown.abort(), { once: true, signal: shown.signal });
    put(spoken);
    const { room } = lobby;
    lobby.frame.entitle(room ? lobby.titleOf(room.name) : t(lobby.atDesk ? "desk" : "view chat"));
    if (lobby.atDesk) return put(main, ...buildDesk(lobby, shown.signal));
    if (!room) return put(main, viewHead(lobby.frame, t("view chat")), welcome(lobby));
    const composer = buildComposer(lobby, room, shown.signal);
    put(
      main,
      buildHead(lobby, room, shown.signal),
      buildCase(lobby, room.name, shown.signal),
      buildThread(lobby, room, { spoken, composer }, shown.signal),
      h("div", { class: "bottom" }, buildTyping(room, shown.signal), buildBanner(lobby, room, shown.signal), composer.root),
      spoken,
    );
    composer.focus();
  }

  lobby.on("opened", show, signal);
  show();
  return main;
}

/** @param {Lobby} lobby @param {ChatRoom} room @param {AbortSignal} signal */
function buildHead(lobby, room, signal) {
  const { frame } = lobby;
  const dot = h("span", { class: "dot" });
  const people = h("button", { type: "button", class: "button small chat-people", onclick: () => showPeople(room) });
  const showPeopleCount = () => {
    const there = room.people.filter(({ away }) => !away).length;
    put(people, icon("people"), h("span", null, String(there)));
    people.setAttribute("aria-label", t("chat people count", { count: there }));
    people.title = t("chat people");
  };
  const showState = () => (dot.dataset.state = lobby.client.state);
  room.on("people", showPeopleCount, signal);
  lobby.client.on("state", showState, signal);
  showPeopleCount();
  showState();
  return viewHead(
    frame,
    lobby.titleOf(room.name),
    people,
    h("button", { type: "button", class: "icon-button", "aria-label": t("chat share"), title: t("chat share"), onclick: () => void share(lobby) }, icon("link")),
    inspectButton(frame, signal, dot),
    h(
      "button",
      {
        type: "button",
        class: "icon-button",
        "aria-label": t("more"),
        title: t("more"),
        "aria-haspopup": "menu",
        "aria-expanded": "false",
        onclick: (/** @type {Event} */ event) => openMenu(/** @type {HTMLElement} */ (event.currentTarget), menu(lobby, room), t("more")),
      },
      icon("more"),
    ),
  );
}

/** @param {Lobby} lobby @param {ChatRoom} room @returns {import("../../ui/menu.js").MenuEntry[]} */
function menu(lobby, room) {
  /** @type {import("../../ui/menu.js").MenuEntry[]} */
  const entries = [{ label: t("chat share"), icon: "link", run: () => void share(lobby) }];
  if (typeof Notification === "function" && Notification.permission === "default") {
    entries.push({ label: t("chat notify"), icon: "bell", run: () => void lobby.askToNotify() });
  }
  entries.push({ label: t("chat leave"), icon: "close", danger: true, run: () => lobby.leave(room.name) });
  return entries;
}

/** @param {Lobby} lobby */
async function share(lobby) {
  await copyText(location.href);
  lobby.frame.toasts.show(t("chat shared"));
}

/** @param {ChatRoom} room @param {AbortSignal} signal */
function buildTyping(room, signal) {
  const line = h("p", { class: "chat-typing", role: "status" });
  const show = () => {
    const names = room.typing;
    const words = names.length > 2 ? t("chat many typing", { count: names.length }) : names.map((name) => t("chat typing", { name })).join(" ");
    if (line.textContent !== words) put(line, words);
  };
  room.on("typing", show, signal);
  show();
  return line;
}

/** @param {Lobby} lobby */
function welcome(lobby) {
  const room = h("input", { class: "field", name: "room", required: true, maxlength: 64, placeholder: t("chat room example"), autocomplete: "off" });
  const name = h("input", { class: "field", name: "name", maxlength: 60, autocomplete: "nickname" });
  name.value = lobby.account.name;
  return h(
    "form",
    {
      class: "chat-welcome",
      onsubmit: (/** @type {Event} */ event) => {
        event.preventDefault();
        const wanted = roomNamed(room.value);
        if (name.value.trim()) lobby.rename(name.value);
        if (wanted) lobby.frame.go("chat", wanted);
      },
    },
    mark(),
    h("p", { class: "welcome-title" }, t("chat welcome")),
    h("p", { class: "welcome-about" }, t("chat welcome about")),
    h("label", { class: "labelled" }, h("span", null, t("chat room name")), room),
    h("label", { class: "labelled" }, h("span", null, t("chat your name")), name),
    h("div", { class: "dialog-actions" }, h("button", { type: "submit", class: "button primary" }, t("chat enter"))),
  );
}
