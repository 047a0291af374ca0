/** How the connection is, where that matters, and what waits to be sent. */

import { t } from "../../i18n/i18n.js";
import { h, put } from "../../ui/dom.js";
import { icon } from "../../ui/icons.js";

// A connection that comes back within this time is nobody's business.
const QUIET_MS = 700;

/** @param {import("../../chat/lobby.js").Lobby} lobby @param {import("../../chat/room.js").ChatRoom} room @param {AbortSignal} signal */
export function buildBanner(lobby, room, signal) {
  const { client, frame } = lobby;
  const banner = h("div", { class: "banner", role: "status", hidden: true });
  let timer = 0;
  let everOpen = client.state === "open";

  function changed() {
    clearTimeout(timer);
    everOpen ||= client.state === "open";
    if (client.state === "waiting" || client.state === "connecting") timer = setTimeout(show, banner.hidden ? QUIET_MS : 0);
    else show();
  }

  function show() {
    const content = contents();
    banner.hidden = content.length === 0;
    banner.dataset.state = room.ended ? "refused" : client.state;
    put(banner, ...content);
  }

  /** @returns {import("../../ui/dom.js").Child[]} */
  function contents() {
    switch (client.state) {
      case "connecting":
      case "waiting":
        return [h("span", { class: "spinner" }), h("span", null, t(everOpen ? "reconnecting" : "connecting")), client.state === "waiting" && act("try now", () => client.hurry())];
      case "offline":
        return [icon("alert"), h("span", null, t("chat offline"))];
      case "unauthorized":
        return [icon("key"), h("span", null, t("unauthorized")), act("key give", () => frame.askKey())];
      case "refused":
        return [icon("alert"), h("span", null, t("chat refused")), act("try again", () => client.connect())];
      default:
        return room.ended ? [icon("alert"), h("span", null, t("chat ended"))] : [];
    }
  }

  /** @param {import("../../i18n/i18n.js").Key} key @param {() => void} run */
  function act(key, run) {
    return h("button", { type: "button", class: "link", onclick: run }, t(key));
  }

  client.on("state", changed, signal);
  room.on("state", show, signal);
  signal.addEventListener("abort", () => clearTimeout(timer), { once: true });
  changed();
  return banner;
}
