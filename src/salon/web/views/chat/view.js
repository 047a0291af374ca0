/** The Chat view, as the frame opens it. */

import { Lobby } from "../../chat/lobby.js";
import { t } from "../../i18n/i18n.js";
import { buildInspector } from "../inspector/inspector.js";
import { buildChat } from "./chat.js";
import { buildRooms } from "./rooms.js";

/** @param {import("../../frame.js").Frame} frame @param {AbortSignal} signal @returns {import("../registry.js").Built} */
export function build(frame, signal) {
  const lobby = frame.keep("chat", () => new Lobby(frame));
  // Whoever comes back from another view finds the room that was open.
  if (!frame.place.path && lobby.shown && !lobby.atDesk) history.replaceState(null, "", `#/chat/${encodeURIComponent(lobby.shown)}`);
  lobby.follow();
  frame.on("place", () => lobby.follow(), signal);
  return {
    sidebar: buildRooms(lobby, signal),
    main: buildChat(lobby, signal),
    inspector: buildInspector(
      frame,
      { recorder: lobby.recorder, title: t("inspector"), lanes: [t("lane page"), t("lane server")], file: "salon-rooms.json" },
      signal,
    ),
    focus: () => document.getElementById("chat-composer")?.focus(),
  };
}
