/** One person's picture in a call, with their name, whether they are muted, and how well they come. */

import { isKey, t } from "../../i18n/i18n.js";
import { h, put } from "../../ui/dom.js";
import { icon } from "../../ui/icons.js";

/** @typedef {import("../../peer/member.js").Member} Member */
/** @typedef {import("../../peer/call.js").Call} Call */

/** @param {Member} member @param {AbortSignal} signal */
export function memberTile(member, signal) {
  const video = /** @type {HTMLVideoElement} */ (h("video", { autoplay: true, playsinline: true }));
  video.srcObject = member.stream;
  const face = h("div", { class: "tile-face" }, icon("person"));
  const state = h("p", { class: "tile-state", role: "status" });
  const name = h("span", { class: "tile-name" });
  const flags = h("span", { class: "tile-flags" });
  const quality = h("span", { class: "quality" }, h("i"), h("i"), h("i"));
  const tile = h("figure", { class: "tile" }, video, face, state, h("figcaption", null, flags, name, quality));

  function show() {
    const { sends, quality: figures } = member;
    const live = member.state === "connected" || member.state === "mending";
    tile.dataset.state = member.state;
    tile.dataset.peer = member.id;
    const pictured = live && sends.video && (member.link.ours || (figures?.frames ?? 0) > 0);
    video.hidden = !pictured;
    face.hidden = pictured;
    tile.classList.toggle("screen", sends.screen);
    const said = member.state === "connected" ? "" : t(/** @type {import("../../i18n/i18n.js").Key} */ (`calls state ${member.state}`));
    if (state.textContent !== said) state.textContent = said;
    name.textContent = member.name || member.id;
    put(flags, live && !sends.audio && icon("mic off"), sends.screen && icon("screen"));
    quality.hidden = !live || !figures?.level;
    if (figures?.level) {
      quality.dataset.level = figures.level;
      quality.title = qualityText(member);
      quality.setAttribute("role", "img");
      quality.setAttribute("aria-label", quality.title);
    }
  }

  member.on("changed", show, signal);
  show();
  return tile;
}

/** What this page sends. @param {Call} call @param {AbortSignal} signal */
export function ownTile(call, signal) {
  const video = /** @type {HTMLVideoElement} */ (h("video", { autoplay: true, playsinline: true }));
  video.muted = true;
  const face = h("div", { class: "tile-face" }, icon("person"));
  const flags = h("span", { class: "tile-flags" });
  const tile = h("figure", { class: "tile own" }, video, face, h("figcaption", null, flags, h("span", { class: "tile-name" }, t("calls you"))));
  /** @type {MediaStreamTrack | null | undefined} */
  let shown;

  function show() {
    const track = call.devices.track("video");
    if (track !== shown) {
      shown = track;
      video.srcObject = track ? new MediaStream([track]) : null;
    }
    video.hidden = !track;
    face.hidden = !!track;
    tile.classList.toggle("mirrored", !call.devices.screen);
    put(flags, (call.devices.muted || !call.devices.microphone) && icon("mic off"));
  }

  call.on("changed", show, signal);
  show();
  return tile;
}

/** @param {Member} member */
export function qualityText({ quality, code }) {
  if (!quality?.level) return "";
  const parts = [
    t(/** @type {import("../../i18n/i18n.js").Key} */ (`calls quality ${quality.level}`)),
    quality.rtt !== null && t("calls rtt", { ms: quality.rtt }),
    quality.loss !== null && t("calls loss", { percent: (100 * quality.loss).toFixed(1) }),
    t(quality.relayed ? "calls relayed" : "calls direct"),
    code && t("peer code", { code }),
  ];
  return parts.filter(Boolean).join(" · ");
}

/** Why a call is over. @param {string} reason @param {string} who */
export function overText(reason, who) {
  const key = `calls over ${reason}`;
  return reason ? t(isKey(key) ? key : "calls over hung up", { who }) : "";
}
