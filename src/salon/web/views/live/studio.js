/** A broadcast of one's own: the preview, what it is made of, and what its viewers get. */

import { number, t } from "../../i18n/i18n.js";
import { isRoom } from "../../live/names.js";
import { BIT_RATES, HEIGHTS } from "../../live/studio.js";
import { h, put } from "../../ui/dom.js";
import { icon } from "../../ui/icons.js";
import { bitRate, buildFigures, pictureSize, readFigures } from "./figures.js";
import { refusalText } from "./refused.js";
import { showShare } from "./share.js";

/** @typedef {import("../../i18n/i18n.js").Key} Key */

/**
 * @param {import("./view.js").Live} live
 * @param {() => void} leave
 * @param {AbortSignal} signal
 */
export function buildStudio({ studio, broadcasts, recordings }, leave, signal) {
  const video = h("video", { class: "live-video", playsinline: true, autoplay: true });
  video.muted = true;
  video.srcObject = studio.stream;
  const note = h("p", { class: "live-over", role: "status" });
  const badge = h("span", { class: "live-badge" });
  const viewers = h("span", { class: "live-viewers" });
  const line = h("span", { class: "live-line faint" });
  const figures = buildFigures();
  const drawer = h("details", { class: "live-drawer" }, h("summary", null, t("live figures")), figures.list);
  const name = h("input", { type: "text", class: "field", value: studio.room, maxlength: 128, autocomplete: "off", spellcheck: "false", autocapitalize: "none" });
  const problem = h("p", { class: "problem-text", role: "alert" });
  const cameras = picker("live camera", (id) => void studio.pick("camera", id));
  const microphones = picker("live microphone", (id) => void studio.pick("microphone", id));
  const heights = choice("live height", HEIGHTS.map((height) => [String(height), `${height}p`]), String(studio.height), (value) => void studio.resize(Number(value)));
  const rates = choice("live rate", BIT_RATES.map((rate) => [String(rate), bitRate(rate)]), String(studio.bitRate), (value) => void studio.limit(Number(value)));
  const start = h("button", { type: "button", class: "button primary", onclick: begin }, icon("live"), t("live start"));
  const stop = h("button", { type: "button", class: "button danger", onclick: () => studio.stop() }, icon("stop"), t("live stop"));
  const mute = h("button", { type: "button", class: "button", onclick: () => studio.mute(!studio.silent) });
  const share = h("button", { type: "button", class: "button", onclick: () => showShare(studio.room) }, icon("link"), t("live share"));
  const record = h("button", { type: "button", class: "button", hidden: true, onclick: toggleRecording }, icon("record"), h("span", null, t("live record")));
  const done = h("button", { type: "button", class: "button", onclick: leave }, t("live leave"));

  name.addEventListener("input", () => {
    if (isRoom(name.value.trim())) studio.room = name.value.trim();
  });

  function begin() {
    problem.textContent = isRoom(name.value.trim()) ? "" : t("live no name");
    if (problem.textContent) return name.focus();
    studio.room = name.value.trim();
    studio.start();
  }

  async function toggleRecording() {
    const broadcast = broadcasts.all.get(studio.room);
    record.disabled = true;
    problem.textContent = "";
    await recordings.record(studio.room, !broadcast?.recording).catch((error) => (problem.textContent = error.message));
    record.disabled = false;
  }

  function show() {
    const { lasting, running } = studio;
    const state = lasting?.state ?? "idle";
    if (video.srcObject !== studio.stream) video.srcObject = studio.stream;
    video.hidden = studio.source === "sound";
    video.classList.toggle("mirrored", studio.source === "camera");
    note.textContent = studio.problem ? t(problemKey(studio.problem)) : !studio.open ? t("live asking") : studio.source === "sound" ? t("live sound only") : "";
    badge.textContent = t(running ? `live sends ${state}` : "live sends idle");
    badge.dataset.state = state === "live" ? "live" : running ? "starting" : "idle";
    problem.textContent = state === "refused" ? refusalText(lasting?.refusal ?? null) : "";
    if (!running) line.textContent = "";
    start.hidden = running;
    start.disabled = !studio.open;
    stop.hidden = !running;
    done.hidden = running;
    name.disabled = running;
    put(mute, icon(studio.silent ? "mic off" : "mic"), t(studio.silent ? "live unmute" : "live mute"));
    mute.setAttribute("aria-pressed", String(studio.silent));
    heights.hidden = cameras.element.hidden = studio.source !== "camera";
    rates.hidden = studio.source === "sound";
    void showDevices();
    showBroadcast();
  }

  /** Names of devices are told once one of them was allowed. */
  async function showDevices() {
    const devices = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
    if (signal.aborted) return;
    cameras.fill(devices.filter(({ kind }) => kind === "videoinput"), studio.stream.getVideoTracks()[0]?.getSettings().deviceId);
    microphones.fill(devices.filter(({ kind }) => kind === "audioinput"), studio.stream.getAudioTracks()[0]?.getSettings().deviceId);
  }

  function showBroadcast() {
    const broadcast = studio.running ? broadcasts.all.get(studio.room) : undefined;
    put(viewers, icon("person"), ` ${t("live watching", { count: number(broadcast?.viewers ?? 0) })}`);
    viewers.hidden = !studio.running;
    record.hidden = !broadcast?.may.record;
    const recording = broadcast?.recording;
    record.setAttribute("aria-pressed", String(!!recording));
    record.classList.toggle("recording", !!recording);
    /** @type {HTMLElement} */ (record.lastElementChild).textContent = recording ? `${t("live record end")} ${clock(recording.seconds)}` : t("live record");
    if (recording?.error) problem.textContent = recording.error;
  }

  studio.on("changed", show, signal);
  broadcasts.on("changed", showBroadcast, signal);
  navigator.mediaDevices?.addEventListener("devicechange", () => void showDevices(), { signal });
  readFigures(
    () => studio.lasting?.peer,
    (found) => {
      line.textContent = [bitRate(found.bitRate), pictureSize(found)].filter(Boolean).join(" · ");
      figures.show(found, false);
    },
    signal,
  );
  show();
  return h(
    "div",
    { class: "live-studio" },
    h("div", { class: "live-stage" }, h("div", { class: "live-picture" }, video, note), h("div", { class: "live-bar" }, badge, viewers, line), drawer),
    h(
      "section",
      { class: "card live-controls" },
      h("label", { class: "labelled" }, h("span", null, t("live name")), name),
      problem,
      cameras.element,
      microphones.element,
      h("div", { class: "live-pair" }, heights, rates),
      h("div", { class: "card-actions" }, start, stop, mute, share, record, done),
    ),
  );
}

/** @param {Key} label @param {(id: string) => void} onchange */
function picker(label, onchange) {
  const select = h("select", { class: "field", onchange: () => onchange(select.value) });
  const element = h("label", { class: "labelled" }, h("span", null, t(label)), select);

  /** @param {MediaDeviceInfo[]} devices @param {string} [chosen] */
  function fill(devices, chosen) {
    put(select, ...devices.map(({ deviceId, label: text }, at) => h("option", { value: deviceId, selected: deviceId === chosen }, text || `${t(label)} ${at + 1}`)));
    select.disabled = devices.length < 2;
  }

  return { element, fill };
}

/** @param {Key} label @param {[string, string][]} options @param {string} chosen @param {(value: string) => void} onchange */
function choice(label, options, chosen, onchange) {
  const select = h("select", { class: "field", onchange: () => onchange(select.value) }, ...options.map(([value, text]) => h("option", { value, selected: value === chosen }, text)));
  return h("label", { class: "labelled" }, h("span", null, t(label)), select);
}

/** @param {string} name of a `DOMException` @returns {Key} */
function problemKey(name) {
  if (name === "NotAllowedError") return "live denied";
  if (name === "NotFoundError" || name === "OverconstrainedError") return "live no device";
  return name === "SecurityError" ? "live insecure" : "live device busy";
}

/** @param {number} seconds */
function clock(seconds) {
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
