/** The Live view, as the frame opens it: what is live, a broadcast of one's own, or one that is watched. */

import { t } from "../../i18n/i18n.js";
import { Broadcasts } from "../../live/events.js";
import { isRoom } from "../../live/names.js";
import { Recordings } from "../../live/recordings.js";
import { Studio } from "../../live/studio.js";
import { Trace } from "../../live/trace.js";
import { credential } from "../../model/preferences.js";
import { h, put } from "../../ui/dom.js";
import { icon } from "../../ui/icons.js";
import { inspectButton, viewHead } from "../head.js";
import { buildInspector } from "../inspector/inspector.js";
import { buildLobby } from "./lobby.js";
import { buildStudio } from "./studio.js";
import { buildWatch } from "./watch.js";

/** @typedef {import("../../frame.js").Frame} Frame */
/** @typedef {{ broadcasts: Broadcasts, studio: Studio, recordings: Recordings, trace: Trace }} Live */

/** What goes on when another view is open: above all the broadcast of one's own. @param {Frame} frame @returns {Live} */
function kept(frame) {
  return frame.keep("live", () => {
    const key = () => credential.get();
    const trace = new Trace(key);
    const studio = new Studio(key, trace);
    studio.on("changed", () => frame.badge("live", studio.running ? "●" : ""));
    addEventListener("beforeunload", (event) => studio.running && event.preventDefault());
    return { broadcasts: new Broadcasts(key), studio, recordings: new Recordings(key), trace };
  });
}

/** @param {Frame} frame @param {AbortSignal} signal @returns {import("../registry.js").Built} */
export function build(frame, signal) {
  const live = kept(frame);
  const content = h("div", { class: "live-content" });
  const title = h("h1", null, t("view live"));
  const back = h("a", { class: "icon-button", href: "#/live", "aria-label": t("live all"), title: t("live all") }, icon("back"));
  let shown = "";
  let inner = new AbortController();
  // Open since somebody chose to go live, until it is left.
  let preparing = live.studio.open || live.studio.running;

  function show() {
    const { view, path } = frame.place;
    if (view !== "live") return;
    const next = isRoom(path) ? `watch ${path}` : preparing ? "studio" : "lobby";
    if (next === shown) return;
    shown = next;
    inner.abort();
    const mine = (inner = new AbortController());
    signal.addEventListener("abort", () => mine.abort(), { once: true, signal: mine.signal });
    back.hidden = next === "lobby" || next === "studio";
    title.textContent = next === "lobby" ? t("view live") : next === "studio" ? t("live yours") : path;
    frame.entitle(title.textContent);
    if (next === "lobby") put(content, buildLobby(frame, live, prepare, mine.signal));
    else if (next === "studio") put(content, buildStudio(live, leave, mine.signal));
    else put(content, buildWatch(frame, live, path, mine.signal));
    content.scrollTop = 0;
  }

  /** @param {import("../../live/studio.js").Source} source */
  function prepare(source) {
    preparing = true;
    show();
    void live.studio.choose(source);
  }

  function leave() {
    live.studio.close();
    preparing = false;
    show();
  }

  void live.broadcasts.follow(signal);
  frame.on("place", show, signal);
  frame.on("rekeyed", () => { shown = ""; show(); }, signal);
  signal.addEventListener("abort", () => frame.entitle(), { once: true });
  show();
  return {
    main: h("main", { class: "live" }, viewHead(frame, h("span", { class: "live-title" }, back, title), inspectButton(frame, signal)), content),
    inspector: buildInspector(frame, { recorder: live.trace, title: t("live inspector"), lanes: [t("lane page"), t("lane server")], file: "salon-webrtc.json" }, signal),
    focus: () => /** @type {HTMLElement | null} */ (content.querySelector(".live-card, .live-source, .live-unmute:not([hidden]), .button:not([hidden])"))?.focus(),
  };
}
