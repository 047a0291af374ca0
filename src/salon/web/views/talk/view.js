/** The Talk view, as the frame opens it. */

import { t } from "../../i18n/i18n.js";
import { Page } from "../../page.js";
import { hasMod, isComposing } from "../../ui/keys.js";
import { buildInspector } from "../inspector/inspector.js";
import { buildSidebar } from "./sidebar.js";
import { buildTalk } from "./talk.js";

/** @param {import("../../frame.js").Frame} frame @param {AbortSignal} signal @returns {Promise<import("../registry.js").Built>} */
export async function build(frame, signal) {
  const page = await Page.of(frame);
  frame.on("place", () => void page.follow("talk"), signal);
  addEventListener("keydown", shortcut, { signal });

  /** @param {KeyboardEvent} event */
  function shortcut(event) {
    if (document.querySelector("dialog[open]")) return;
    if (hasMod(event) && !event.shiftKey && !event.altKey && event.key.toLowerCase() === "k") {
      event.preventDefault();
      page.begin();
    } else if (event.key === "Escape" && !event.defaultPrevented && !isComposing(event)) {
      page.session.stop();
    }
  }

  return {
    sidebar: buildSidebar(page, signal),
    main: buildTalk(page, signal),
    inspector: buildInspector(
      frame,
      { recorder: page.recorder, title: t("inspector"), lanes: [t("lane page"), t("lane server")], file: "salon-websocket.json" },
      signal,
    ),
    focus: () => document.getElementById("composer")?.focus(),
  };
}
