/** A broadcast that is watched. */

import { number, t } from "../../i18n/i18n.js";
import { Lasting } from "../../live/lasting.js";
import { whepUrl } from "../../live/names.js";
import { WhepClient } from "../../live/whep.js";
import { credential } from "../../model/preferences.js";
import { h, put } from "../../ui/dom.js";
import { icon } from "../../ui/icons.js";
import { bitRate, buildFigures, pictureSize, readFigures } from "./figures.js";
import { refusalText } from "./refused.js";
import { showShare } from "./share.js";

/**
 * @param {import("../../frame.js").Frame} frame
 * @param {import("./view.js").Live} live
 * @param {string} room
 * @param {AbortSignal} signal
 */
export function buildWatch(frame, { broadcasts, trace }, room, signal) {
  const video = h("video", { class: "live-video", playsinline: true, autoplay: true, "aria-label": room });
  // Browsers start only what is silent; sound comes with the first touch.
  video.muted = true;
  const note = h("p", { class: "live-over", role: "status" });
  const again = h("button", { type: "button", class: "button", hidden: true, onclick: () => lasting.start() }, icon("retry"), t("try again"));
  const askKey = h("button", { type: "button", class: "button", hidden: true, onclick: () => frame.askKey() }, icon("key"), t("key give"));
  const unmute = h("button", { type: "button", class: "button primary live-unmute", onclick: () => sound(true) }, icon("volume off"), t("live sound on"));
  const speaker = h("button", { type: "button", class: "icon-button", onclick: () => sound(video.muted) });
  const volume = h("input", { type: "range", min: 0, max: 1, step: 0.05, value: 1, class: "live-volume", "aria-label": t("live volume"), oninput: () => sound(true, Number(volume.value)) });
  const pip = h("button", { type: "button", class: "icon-button", hidden: !document.pictureInPictureEnabled, "aria-label": t("live pip"), title: t("live pip"), onclick: togglePip }, icon("pip"));
  const full = h("button", { type: "button", class: "icon-button", "aria-label": t("live full"), title: t("live full"), onclick: toggleFull }, icon("expand"));
  const badge = h("span", { class: "live-badge" });
  const viewers = h("span", { class: "live-viewers" });
  const line = h("span", { class: "live-line faint" });
  const figures = buildFigures();
  const drawer = h("details", { class: "live-drawer" }, h("summary", null, t("live figures")), figures.list, h("p", { class: "faint" }, t("live latency about")));
  const picture = h("div", { class: "live-picture" }, video, h("div", { class: "live-over-box" }, note, again, askKey), unmute);
  const lasting = new Lasting(() => new WhepClient(whepUrl(room), credential.get(), trace));

  lasting.on("peer", (peer) => {
    peer.stream.addEventListener("addtrack", showTracks);
    // The last picture stays until the next session has its first.
    const attach = () => {
      if (video.srcObject === peer.stream) return;
      video.srcObject = peer.stream;
      void video.play().catch(() => undefined);
    };
    peer.on("state", (state) => state === "connected" && attach());
    video.requestVideoFrameCallback?.((_, { width, height }) => trace.flows(peer.line, "down", { width, height }));
  }, signal);
  lasting.on("state", show, signal);
  // A name that comes to life need not be waited for.
  broadcasts.on("changed", () => {
    showBroadcast();
    if (lasting.state === "waiting" && broadcasts.all.get(room)?.state === "live") lasting.hurry();
  }, signal);
  video.addEventListener("volumechange", showSound);
  video.addEventListener("dblclick", toggleFull);
  addEventListener("keydown", shortcut, { signal });
  signal.addEventListener("abort", () => lasting.stop(), { once: true });
  readFigures(
    () => lasting.peer,
    (found) => {
      line.textContent = [found.latency === null ? "" : t("live behind", { ms: found.latency }), pictureSize(found), bitRate(found.bitRate)].filter(Boolean).join(" · ");
      figures.show(found, true);
    },
    signal,
  );

  function show() {
    const { state, refusal, wasLive } = lasting;
    const absent = refusal?.code === "broadcast_not_live";
    note.textContent =
      state === "refused" ? refusalText(refusal) : state === "waiting" ? (absent ? t("live waits") : refusal ? refusal.message : t("live lost")) : state === "repairing" || (state === "connecting" && wasLive) ? t("live repairing") : state === "connecting" ? t("live connecting") : "";
    picture.dataset.state = state;
    again.hidden = state !== "refused";
    askKey.hidden = !(state === "refused" && refusal?.status === 401);
    showSound();
    showBroadcast();
  }

  function showBroadcast() {
    const broadcast = broadcasts.all.get(room);
    const state = lasting.state === "live" && broadcast ? broadcast.state : lasting.state === "live" ? "live" : "idle";
    badge.dataset.state = state;
    badge.textContent = state === "idle" ? t("live offline") : t(`live state ${state}`);
    viewers.hidden = !broadcast;
    put(viewers, icon("person"), ` ${t("live watching", { count: number(broadcast?.viewers ?? 0) })}`);
    if (lasting.state === "live") note.textContent = state === "interrupted" ? t("live interrupted") : "";
  }

  function showTracks() {
    showSound();
  }

  function showSound() {
    const heard = !video.muted && video.volume > 0;
    unmute.hidden = heard || lasting.state !== "live" || !lasting.peer?.stream.getAudioTracks().length;
    put(speaker, icon(heard ? "volume" : "volume off"));
    const label = t(heard ? "live mute" : "live sound on");
    speaker.setAttribute("aria-label", label);
    speaker.title = label;
  }

  /** @param {boolean} on @param {number} [level] */
  function sound(on, level) {
    if (level !== undefined) video.volume = level;
    else if (on && video.volume === 0) video.volume = 1;
    volume.value = String(video.volume);
    video.muted = !on;
    void video.play().catch(() => (video.muted = true));
    showSound();
  }

  async function togglePip() {
    if (document.pictureInPictureElement) await document.exitPictureInPicture();
    else await video.requestPictureInPicture().catch(() => undefined);
  }

  async function toggleFull() {
    if (document.fullscreenElement) await document.exitFullscreen();
    else if (picture.requestFullscreen) await picture.requestFullscreen().catch(() => undefined);
    // An iPhone shows only a video alone.
    else /** @type {any} */ (video).webkitEnterFullscreen?.();
  }

  /** @param {KeyboardEvent} event */
  function shortcut(event) {
    const { target } = event;
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]") || (target instanceof HTMLElement && target.matches("input, textarea, select"))) return;
    if (event.key === "m") sound(video.muted);
    else if (event.key === "f") void toggleFull();
  }

  lasting.start();
  show();
  return h(
    "div",
    { class: "live-watch" },
    h("div", { class: "live-stage" }, picture, h(
      "div",
      { class: "live-bar" },
      badge,
      viewers,
      line,
      h("span", { class: "gap" }),
      h("span", { class: "live-buttons" }, speaker, volume, h("button", { type: "button", class: "icon-button", "aria-label": t("live share"), title: t("live share"), onclick: () => showShare(room) }, icon("link")), pip, full),
    ), drawer),
  );
}
