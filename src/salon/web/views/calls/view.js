/** The Calls view, as the frame opens it. */

import { t } from "../../i18n/i18n.js";
import { h, put } from "../../ui/dom.js";
import { inspectButton, viewHead } from "../head.js";
import { buildInspector } from "../inspector/inspector.js";
import { meeting } from "../meeting.js";
import { buildLobby } from "./lobby.js";
import { buildStage } from "./stage.js";
import { overText } from "./tile.js";

/** @typedef {import("../../frame.js").Frame} Frame */

/** @param {Frame} frame @param {AbortSignal} signal @returns {Promise<import("../registry.js").Built>} */
export async function build(frame, signal) {
  const { peer, calls } = await meeting(frame);
  const content = h("div", { class: "calls-content" });
  const dot = h("span", { class: "dot" });
  /** @type {import("../../peer/call.js").Call | null | undefined} */
  let shown;
  let notice = "";
  let inner = new AbortController();

  function show() {
    if (calls.call === shown) return;
    shown = calls.call;
    inner.abort();
    inner = new AbortController();
    signal.addEventListener("abort", () => inner.abort(), { once: true, signal: inner.signal });
    put(content, shown ? buildStage(frame, shown, inner.signal) : buildLobby(frame, calls, notice, inner.signal));
  }

  calls.on("changed", show, signal);
  calls.on(
    "over",
    ({ reason, who }) => {
      notice = overText(reason, who);
      shown = undefined;
      show();
    },
    signal,
  );
  peer.on("state", showState, signal);
  function showState() {
    dot.dataset.state = peer.state === "taken" ? "offline" : peer.state;
  }

  peer.open();
  showState();
  show();
  return {
    main: h("main", { class: "calls" }, viewHead(frame, t("view calls"), inspectButton(frame, signal, dot)), content),
    inspector: buildInspector(
      frame,
      { recorder: peer.trace, title: t("calls inspector"), lanes: [t("lane page"), t("lane signaling"), t("lane other")], file: "salon-call.json" },
      signal,
    ),
    focus: () => document.getElementById("calls-id")?.focus(),
  };
}
