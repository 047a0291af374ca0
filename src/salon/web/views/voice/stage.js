/** The stage of a call: in which state it is, its buttons, what is shown to the camera, and how it goes. */

import { t } from "../../i18n/i18n.js";
import { h, put } from "../../ui/dom.js";
import { icon } from "../../ui/icons.js";
import { factsOf, signalOf } from "./facts.js";
import { buildSight } from "./sight.js";
import { troubleOf } from "./trouble.js";

/** @typedef {import("../../i18n/i18n.js").Key} Key */

/** How long a microphone that gives nothing at all is waited for. */
const SILENT_MS = 8000;
const SILENT = 0.0005;

/**
 * @param {import("../../page.js").Page} page
 * @param {import("../../voice/voice.js").Voice} voice
 * @param {{ start: () => void, test: () => void, back: () => void }} actions
 * @param {AbortSignal} signal
 */
export function buildStage(page, voice, actions, signal) {
  const { frame } = page;
  const label = h("p", { class: "voice-state", role: "status" });
  const hint = h("p", { class: "voice-hint faint" });
  const orb = h("div", { class: "orb", "aria-hidden": "true" }, h("span", { class: "orb-glow" }), h("span", { class: "orb-core" }));
  const facts = h("dl", { class: "voice-facts" });
  const signals = h("span", { class: "voice-signal" });
  const more = h("details", { class: "voice-info", hidden: true }, h("summary", null, t("voice info"), signals), facts);
  const trouble = h("div", { class: "voice-trouble", hidden: true, role: "alert" });
  const sight = buildSight(showControls, (message) => frame.toasts.show(message));
  const begin = h("button", { type: "button", class: "button primary voice-begin", onclick: actions.start });
  const elsewhere = h("button", { type: "button", class: "link", hidden: true, onclick: actions.back });
  const mute = control("mic", "voice mute", () => voice.mute(!voice.muted));
  const stop = control("stop", "voice interrupt", () => voice.interrupt());
  const camera = control("video", "voice camera", () => void sight.toggle("camera"));
  const screen = control("screen", "voice screen", () => void sight.toggle("screen"));
  const hangup = control("hangup", "voice hang up", () => voice.stop());
  hangup.classList.add("danger");
  const push = h("button", { type: "button", class: "button primary voice-push", hidden: true }, icon("mic"), t("voice hold"));
  let pictured = 0;
  let level = 0;
  /** When the microphone last gave anything. */
  let soundAt = 0;

  voice.picture = () => sight.picture();

  /** @param {string} drawing @param {Key} name @param {() => void} run */
  function control(drawing, name, run) {
    return h("button", { type: "button", class: "voice-control", "aria-label": t(name), title: t(name), onclick: run }, icon(drawing));
  }

  function show() {
    const { state } = voice;
    orb.dataset.state = state;
    put(label, t(/** @type {Key} */ (`voice state ${state}`)));
    if (state === "preparing") soundAt = performance.now();
    showHint();
    showControls();
    showFacts();
    trouble.hidden = state !== "failed" || !voice.failure;
    if (voice.failure) put(trouble, ...troubleOf(voice.failure, { again: actions.start, test: actions.test }));
  }

  function showHint() {
    const { state, stage, settings, server } = voice;
    const deaf = server && !server.asr && settings.speech === "server";
    let said = "";
    if (state === "preparing") said = t(/** @type {Key} */ (`voice stage ${stage}`));
    else if (state === "listening" && deaf) said = t("voice deaf");
    else if (state === "listening" && silent()) said = t("voice hint silent");
    else if (state === "listening") said = settings.pushToTalk ? t("voice hint push") : voice.muted ? t("voice hint muted") : t("voice hint speak");
    else if (state === "speaking") said = t("voice hint interrupt");
    else if (state === "idle" && settings.speech === "browser") said = t("voice hint browser");
    if (hint.textContent !== said) put(hint, said);
  }

  /** A microphone that hears something always hears a little noise; a switch at the device gives none at all. */
  function silent() {
    const { settings, muted, talking } = voice;
    return settings.speech === "server" && !muted && (!settings.pushToTalk || talking) && performance.now() - soundAt > SILENT_MS;
  }

  function showControls() {
    const { active, state } = voice;
    const away = active && voice.conversation !== page.conversation;
    const blind = !page.sees;
    begin.hidden = active;
    put(begin, icon("mic"), t(page.conversation.meta.count ? "voice go on" : "voice begin"));
    elsewhere.hidden = !away;
    if (away) put(elsewhere, t("voice elsewhere", { title: voice.conversation?.meta.title || t("untitled") }));
    push.hidden = !active || !voice.settings.pushToTalk;
    for (const each of [mute, stop, camera, screen, hangup]) each.hidden = !active;
    stop.disabled = state !== "speaking" && state !== "thinking";
    put(mute, icon(voice.muted ? "mic off" : "mic"));
    mute.setAttribute("aria-pressed", String(voice.muted));
    for (const [each, kind, name] of /** @type {const} */ ([[camera, "camera", "voice camera"], [screen, "screen", "voice screen"]])) {
      each.setAttribute("aria-pressed", String(sight.kind() === kind));
      each.disabled = blind;
      each.title = blind ? t("blind") : t(name);
    }
  }

  function showFacts() {
    more.hidden = !voice.active;
    put(facts, ...factsOf(voice, frame.config.version));
    put(signals, signalOf(voice.stats));
  }

  function draw() {
    pictured = requestAnimationFrame(draw);
    level *= 0.86;
    orb.style.setProperty("--level", level.toFixed(3));
  }

  /** @param {number} now */
  function hear(now) {
    level = Math.max(level, Math.min(now * 4, 1));
    const was = silent();
    if (now > SILENT) soundAt = performance.now();
    if (was !== silent() || (voice.state === "listening" && silent() && hint.textContent !== t("voice hint silent"))) showHint();
  }

  /** @param {KeyboardEvent} event @param {boolean} down */
  function key(event, down) {
    if (document.querySelector("dialog[open]") || event.target instanceof HTMLInputElement || event.target instanceof HTMLTextAreaElement) return;
    if (event.key === "Escape" && down) voice.active ? voice.interrupt() : page.session.stop();
    else if (event.code === "Space" && voice.active && voice.settings.pushToTalk && !(event.target instanceof HTMLButtonElement && event.target !== push)) {
      if (!event.repeat) down ? voice.press() : voice.release();
      event.preventDefault();
    }
  }

  push.addEventListener("pointerdown", (event) => (push.setPointerCapture(event.pointerId), voice.press()), { signal });
  for (const name of /** @type {const} */ (["pointerup", "pointercancel"])) push.addEventListener(name, () => voice.release(), { signal });
  addEventListener("keydown", (event) => key(event, true), { signal });
  addEventListener("keyup", (event) => key(event, false), { signal });
  voice.on("state", show, signal);
  voice.on("stage", showHint, signal);
  voice.on("settings", () => (showControls(), showHint(), showFacts()), signal);
  voice.on("stats", showFacts, signal);
  voice.on("level", hear, signal);
  signal.addEventListener(
    "abort",
    () => {
      cancelAnimationFrame(pictured);
      sight.stop();
      voice.picture = null;
    },
    { once: true },
  );
  pictured = requestAnimationFrame(draw);

  const root = h(
    "section",
    { class: "voice-stage", "aria-label": t("voice stage") },
    orb, label, hint, trouble, begin, elsewhere, push,
    h("div", { class: "voice-controls" }, mute, stop, camera, screen, hangup),
    sight.root,
    more,
    h("p", { class: "voice-note faint" }, t("voice note")),
  );
  return { root, show, focus: () => (voice.active ? hangup : begin).focus() };
}
