/** The stage of a call: in which state it is, its buttons, what is shown to the camera, and how it goes. */

import { t } from "../../i18n/i18n.js";
import { h, put } from "../../ui/dom.js";
import { icon } from "../../ui/icons.js";
import { isTouch } from "../../ui/keys.js";
import { factsOf, signalOf } from "./facts.js";
import { holdKeys } from "./keys.js";
import { progressOf, troubleOf } from "./progress.js";
import { keepSettings } from "./settings.js";
import { buildSight } from "./sight.js";

/** @typedef {import("../../i18n/i18n.js").Key} Key */

/** How long a microphone that gives nothing at all is waited for. */
const SILENT_MS = 8000;
const SILENT = 0.0005;

/**
 * @param {import("../../page.js").Page} page
 * @param {import("../../voice/voice.js").Voice} voice
 * @param {{ start: () => void, test: () => void, back: () => void, settings: () => void }} actions
 * @param {AbortSignal} signal
 */
export function buildStage(page, voice, actions, signal) {
  const { frame } = page;
  const label = h("p", { class: "voice-state", role: "status" });
  const hint = h("p", { class: "voice-hint faint" });
  const listen = h("button", { type: "button", class: "button", hidden: true, onclick: () => void voice.changeMicrophone(voice.settings.microphone) }, icon("retry"), t("try again"));
  const orb = h("div", { class: "orb", "aria-hidden": "true" }, h("span", { class: "orb-glow" }), h("span", { class: "orb-core" }));
  const facts = h("dl", { class: "voice-facts" });
  const signals = h("span", { class: "voice-signal" });
  const more = h("details", { class: "voice-info", hidden: true }, h("summary", null, t("voice info"), signals), facts);
  const progress = h("div", { class: "voice-trouble voice-progress", hidden: true, role: "status" });
  const trouble = h("div", { class: "voice-trouble", hidden: true, role: "alert" });
  const sight = buildSight(orb, voice.settings, { changed: showControls, swapped: () => keepSettings(voice.settings), refused: (message) => frame.toasts.show(message) });
  const begin = h("button", { type: "button", class: "button primary voice-begin", onclick: actions.start });
  const elsewhere = h("button", { type: "button", class: "link", hidden: true, onclick: actions.back });
  const mute = control("mic", "voice mute", () => voice.mute(!voice.muted));
  mute.classList.add("mute");
  const stop = control("stop", "voice interrupt", () => voice.interrupt());
  const camera = control("video", "voice camera", () => reveal("camera"));
  const screen = control("screen", "voice screen", () => reveal("screen"));
  const captions = control("captions", "voice captions", () => {
    voice.settings.captions = !voice.settings.captions;
    keepSettings(voice.settings);
    voice.emit("settings", null);
  });
  const hangup = control("hangup", "voice hang up", () => voice.stop());
  hangup.classList.add("danger");
  const push = h("button", { type: "button", class: "button primary voice-push", hidden: true }, icon("mic"), t("voice hold"));
  let pictured = 0;
  let level = 0;
  /** When the microphone last gave anything. */
  let soundAt = 0;

  voice.picture = () => sight.picture();

  /** @param {import("./sight.js").Kind} kind */
  function reveal(kind) {
    if (page.sees) void sight.toggle(kind);
    else frame.toasts.show(t("blind"));
  }

  /** @param {string} drawing @param {Key} name @param {() => void} run */
  function control(drawing, name, run) {
    return h("button", { type: "button", class: "voice-control", "aria-label": t(name), title: t(name), onclick: run }, icon(drawing));
  }

  /** What is shown by the state. Whoever pressed a control that goes away finds the focus on the one in its place. */
  function show() {
    const { state, attempts } = voice;
    const focused = root.contains(document.activeElement);
    orb.dataset.state = state;
    put(label, state === "preparing" && attempts ? t("voice again", { attempt: attempts }) : t(/** @type {Key} */ (`voice state ${state}`)));
    if (state === "preparing") soundAt = performance.now();
    showStages();
    showHint();
    showControls();
    showFacts();
    trouble.hidden = state !== "failed";
    put(trouble, ...troubleOf(voice, { again: actions.start, test: actions.test, settings: actions.settings }));
    if (focused && !isThere(document.activeElement)) focus();
  }

  function focus() {
    const again = /** @type {HTMLElement | null} */ (trouble.hidden ? null : trouble.querySelector(".primary"));
    (voice.active ? hangup : (again ?? begin)).focus();
  }

  function showStages() {
    progress.hidden = voice.state !== "preparing";
    if (!progress.hidden) put(progress, ...progressOf(voice));
  }

  function showHint() {
    const { state, settings, server } = voice;
    const deaf = server && !server.asr && settings.speech === "server";
    let said = "";
    if (voice.shaky) said = t("voice hint shaky");
    else if (voice.active && voice.trouble) said = t(/** @type {Key} */ (`voice advice ${voice.trouble}`));
    else if (state === "listening" && deaf) said = t("voice deaf");
    else if (state === "listening" && silent()) said = t("voice hint silent");
    else if (state === "listening" && voice.stats?.level === "poor") said = t("voice hint network");
    else if (state === "listening") said = settings.pushToTalk ? t("voice hint push") : voice.muted ? t("voice hint muted") : t("voice hint speak");
    else if (state === "speaking") said = t(isTouch() ? "voice hint touch" : "voice hint interrupt");
    else if (state === "idle" && voice.taken) said = t("voice taken");
    else if (state === "idle" && settings.speech === "browser") said = t("voice hint browser");
    listen.hidden = !voice.active || !voice.trouble;
    if (hint.textContent !== said) put(hint, said);
  }

  /** A microphone that hears something always hears a little noise; a switch at the device gives none at all. */
  function silent() {
    const { settings, muted, talking } = voice;
    return settings.speech === "server" && !voice.trouble && !muted && (!settings.pushToTalk || talking) && performance.now() - soundAt > SILENT_MS;
  }

  function showControls() {
    const { active, state } = voice;
    const away = active && voice.conversation !== page.conversation;
    const blind = !page.sees;
    begin.hidden = active || state === "failed";
    put(begin, icon("mic"), t(page.conversation.meta.count ? "voice go on" : "voice begin"));
    elsewhere.hidden = !away;
    if (away) put(elsewhere, t("voice elsewhere", { title: voice.conversation?.meta.title || t("untitled") }));
    push.hidden = !active || !voice.settings.pushToTalk;
    for (const each of [mute, stop, camera, screen, captions, hangup]) each.hidden = !active;
    // Not disabled: it would take the focus along.
    stop.setAttribute("aria-disabled", String(state !== "speaking" && state !== "thinking"));
    put(mute, icon(voice.muted ? "mic off" : "mic"));
    mute.setAttribute("aria-pressed", String(voice.muted));
    captions.setAttribute("aria-pressed", String(voice.settings.captions));
    for (const [each, kind, name] of /** @type {const} */ ([[camera, "camera", "voice camera"], [screen, "screen", "voice screen"]])) {
      each.setAttribute("aria-pressed", String(sight.kind() === kind));
      each.setAttribute("aria-disabled", String(blind));
      each.title = blind ? t("blind") : t(name);
    }
  }

  function showFacts() {
    more.hidden = !voice.active;
    put(facts, ...factsOf(voice, frame.config.version));
    put(signals, ...signalOf(voice.stats));
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

  holdKeys(page, voice, push, signal);
  voice.on("state", show, signal);
  voice.on("stage", show, signal);
  voice.on("settings", () => (showControls(), showHint(), showFacts()), signal);
  voice.on("stats", () => (showFacts(), showHint()), signal);
  voice.on("level", hear, signal);
  // On a phone it lies above what was said.
  addEventListener("pointerdown", ({ target }) => more.open && getComputedStyle(facts).position === "absolute" && !more.contains(/** @type {Node} */ (target)) && (more.open = false), { signal });
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
    sight.root, label, hint, listen, progress, trouble, begin, elsewhere, push,
    h("div", { class: "voice-controls" }, mute, stop, camera, screen, captions, hangup),
    more,
    h("p", { class: "voice-note faint" }, t("voice note")),
  );
  return { root, show, focus };
}

/** @param {Element | null} element */
function isThere(element) {
  return element instanceof HTMLElement && element.isConnected && element !== document.body && !element.closest("[hidden]");
}
