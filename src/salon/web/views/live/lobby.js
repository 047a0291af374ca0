/** What is live now, how to go live, and what was recorded. */

import { number, t } from "../../i18n/i18n.js";
import { isRoom } from "../../live/names.js";
import { h, put } from "../../ui/dom.js";
import { icon } from "../../ui/icons.js";
import { buildRecordings } from "./recordings.js";
import { showObs } from "./share.js";

/** @typedef {import("../../live/events.js").Broadcast} Broadcast */

/**
 * @param {import("../../frame.js").Frame} frame
 * @param {import("./view.js").Live} live
 * @param {(source: import("../../live/studio.js").Source) => void} prepare
 * @param {AbortSignal} signal
 */
export function buildLobby(frame, { broadcasts, recordings, studio }, prepare, signal) {
  const list = h("ul", { class: "live-list" });
  const name = h("input", { type: "text", class: "field", placeholder: t("live name hint"), "aria-label": t("live name"), autocomplete: "off", spellcheck: "false", autocapitalize: "none", maxlength: 128 });
  const problem = h("p", { class: "problem-text", role: "alert" });

  function show() {
    const all = [...broadcasts.all.values()].sort((one, other) => other.viewers - one.viewers || one.room.localeCompare(other.room));
    if (all.length) return put(list, ...all.map(card));
    const text = broadcasts.state === "loading" ? t("loading") : broadcasts.state === "stale" ? t("live list stale") : t("live nothing");
    put(list, h("li", { class: "live-none faint" }, text));
  }

  broadcasts.on("changed", show, signal);
  show();
  return h(
    "div",
    { class: "lobby live-lobby" },
    !isSecureContext && h("p", { class: "lobby-notice", role: "alert" }, icon("alert"), t("live insecure")),
    h(
      "section",
      { class: "card live-now" },
      h("h2", null, t("live now")),
      list,
      h(
        "form",
        {
          class: "live-find",
          onsubmit: (/** @type {Event} */ event) => {
            event.preventDefault();
            const wanted = name.value.trim();
            problem.textContent = isRoom(wanted) ? "" : t("live no name");
            if (!problem.textContent) frame.go("live", wanted);
          },
        },
        name,
        h("button", { type: "submit", class: "button" }, icon("play"), t("live watch")),
      ),
      problem,
    ),
    h(
      "section",
      { class: "card live-go" },
      h("h2", null, t("live go")),
      h("p", { class: "faint" }, t("live go about")),
      h(
        "div",
        { class: "live-sources" },
        source("video", "live camera", () => prepare("camera")),
        source("screen", "live screen", () => prepare("screen"), !navigator.mediaDevices?.getDisplayMedia),
        source("mic", "live sound", () => prepare("sound")),
      ),
      h("p", { class: "faint" }, t("live programs"), " ", h("button", { type: "button", class: "link", onclick: () => showObs(studio.room) }, t("live obs"))),
    ),
    buildRecordings(recordings, signal),
  );
}

/** @param {string} drawing @param {import("../../i18n/i18n.js").Key} label @param {() => void} run @param {boolean} [off] */
function source(drawing, label, run, off = false) {
  return h("button", { type: "button", class: "live-source", onclick: run, disabled: off }, icon(drawing), h("span", null, t(label)));
}

/** @param {Broadcast} broadcast */
function card({ room, state, viewers, tracks }) {
  const video = tracks.find(({ kind }) => kind === "video");
  const what = video ? [video.height ? `${video.height}p` : "", video.codec].filter(Boolean).join(" · ") : tracks.length ? t("live sound only") : "";
  return h(
    "li",
    null,
    h(
      "a",
      { class: "live-card", href: `#/live/${room}` },
      h("span", { class: "live-badge", "data-state": state }, t(`live state ${state}`)),
      h("strong", null, room),
      h("span", { class: "faint" }, what),
      h("span", { class: "live-viewers" }, icon("person"), h("span", { class: "visually-hidden" }, t("live viewers")), ` ${number(viewers)}`),
    ),
  );
}
