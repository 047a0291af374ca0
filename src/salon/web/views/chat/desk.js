/** The service desk: who waits, who is being talked with, and the bar above a visitor's room that says whose it is. */

import { clock, t } from "../../i18n/i18n.js";
import { credential } from "../../model/preferences.js";
import { httpUrl } from "../../realtime/place.js";
import { copyable } from "../../ui/clipboard.js";
import { h, put } from "../../ui/dom.js";
import { icon } from "../../ui/icons.js";
import { openMenu } from "../../ui/menu.js";
import { viewHead } from "../head.js";
import { avatar } from "./avatar.js";
import { askName } from "./rooms.js";

/** @typedef {import("../../chat/lobby.js").Lobby} Lobby */
/** @typedef {import("../../chat/desk.js").Case} Case */

const HELP = "help-";

/** @param {Lobby} lobby @param {AbortSignal} signal @returns {HTMLElement[]} */
export function buildDesk(lobby, signal) {
  const { desk } = lobby;
  const list = h("div", { class: "desk", tabindex: 0, role: "region", "aria-label": t("desk queue") });

  function show() {
    if (desk.refused) return put(list, h("p", { class: "faint desk-none" }, t("desk refused")));
    const { cases } = desk;
    if (!cases.length) return put(list, unnamed(lobby), ...none());
    put(list, unnamed(lobby), h("ul", { class: "desk-cases" }, ...cases.map((each) => line(lobby, each))));
  }

  desk.on("changed", show, signal);
  lobby.on("named", show, signal);
  show();
  return [viewHead(lobby.frame, t("desk")), list];
}

/** Who never said a name is a guest to visitors; a token may have one. @param {Lobby} lobby */
function unnamed(lobby) {
  if (lobby.account.name || credential.get().startsWith("eyJ")) return null;
  return h("p", { class: "desk-unnamed" }, t("desk unnamed", { name: lobby.me().name }), h("button", { type: "button", class: "button small", onclick: () => askName(lobby) }, t("chat your name")));
}

/** No visitor yet: what brings them. */
function none() {
  const tag = `<script src="${httpUrl("web/widget.js")}" defer></script>`;
  return [h("p", { class: "faint desk-none" }, t("desk none")), copyable(tag)];
}

/** @param {Lobby} lobby @param {Case} each */
function line(lobby, each) {
  return h(
    "li",
    { class: `desk-case ${each.status}`, "data-room": each.room },
    avatar(each.room, each.name),
    h(
      "div",
      { class: "desk-about" },
      h("p", null, h("strong", null, each.name), h("span", { class: `desk-status ${each.status}` }, statusOf(each)), h("time", null, clock(each.at * 1000))),
      each.summary && h("p", { class: "desk-summary" }, each.summary),
      each.stars > 0 && h("p", { class: "desk-stars", "aria-label": t("chat notice rated", { stars: each.stars }) }, "★".repeat(each.stars)),
    ),
    h("div", { class: "desk-acts" }, ...acts(lobby, each), h("a", { class: "button small", href: `#/chat/${encodeURIComponent(each.room)}` }, t("desk open"))),
  );
}

/** What the staff sees above a visitor's room. @param {Lobby} lobby @param {string} room @param {AbortSignal} signal */
export function buildCase(lobby, room, signal) {
  const bar = h("div", { class: "desk-bar", hidden: true });
  if (!room.startsWith(HELP)) return bar;
  const { desk } = lobby;
  const show = () => {
    const each = desk.caseOf(room);
    bar.hidden = !each;
    if (each) put(bar, h("strong", null, each.name), h("span", { class: `desk-status ${each.status}` }, statusOf(each)), h("span", { class: "gap" }), ...acts(lobby, each));
  };
  desk.on("changed", show, signal);
  show();
  return bar;
}

/** @param {Case} each */
function statusOf(each) {
  return each.status === "taken" ? t("desk taken", { name: each.staffName }) : t(each.status === "waiting" ? "desk waiting" : each.status === "agent" ? "desk agent" : "desk closed");
}

/** @param {Lobby} lobby @param {Case} each */
function acts(lobby, each) {
  const { desk, frame } = lobby;
  const failed = () => frame.toasts.show(t("chat not done"));
  const mine = each.staff === lobby.me().user && each.status === "taken";
  if (each.status === "closed") return [];
  const take = h("button", { type: "button", class: "button small primary", onclick: () => void desk.take(each.room).catch(failed) }, t("desk take"));
  if (!mine) return [take];
  const give = h(
    "button",
    {
      type: "button",
      class: "button small",
      "aria-haspopup": "menu",
      "aria-expanded": "false",
      onclick: () => {
        const others = desk.colleagues;
        if (!others.length) return frame.toasts.show(t("desk alone"));
        openMenu(give, others.map((to) => ({ label: to.name, icon: "person", run: () => void desk.transfer(each.room, to).catch(failed) })), t("desk transfer"));
      },
    },
    t("desk transfer"),
  );
  return [give, h("button", { type: "button", class: "button small", onclick: () => void desk.close(each.room).catch(failed) }, icon("check"), t("desk close"))];
}
