/** The Voice view: talk with a model, see what is said, interrupt it, and see where the time goes. */

import { clock, number, t, worded } from "../../i18n/i18n.js";
import { credential } from "../../model/preferences.js";
import { diagnose } from "../../realtime/config.js";
import { download } from "../../ui/download.js";
import { h, put } from "../../ui/dom.js";
import { icon } from "../../ui/icons.js";
import { asMarkdown } from "../../voice/transcript.js";
import { VoiceTrace } from "../../voice/trace.js";
import { Voice } from "../../voice/voice.js";
import { inspectButton, viewHead } from "../head.js";
import { buildInspector } from "../inspector/inspector.js";
import { readSettings, showVoiceSettings } from "./settings.js";
import { buildSight } from "./sight.js";
import { buildWords } from "./words.js";

/** @typedef {import("../../frame.js").Frame} Frame */
/** @typedef {import("../../i18n/i18n.js").Key} Key */
/** @typedef {import("../../voice/voice.js").Stage} Stage */

/** @type {Stage[]} */
const STAGES = ["microphone", "request", "media", "session"];

/** @param {Frame} frame @param {AbortSignal} signal @returns {import("../registry.js").Built} */
export function build(frame, signal) {
  const { voice, trace } = frame.keep("voice", () => make(frame));
  const label = h("p", { class: "voice-state", role: "status" });
  const hint = h("p", { class: "voice-hint faint" });
  const orb = h("div", { class: "orb", "aria-hidden": "true" }, h("span", { class: "orb-glow" }), h("span", { class: "orb-core" }));
  const facts = h("dl", { class: "voice-facts" });
  const trouble = h("div", { class: "voice-trouble", hidden: true, role: "alert" });
  const sight = buildSight(showControls, (message) => frame.toasts.show(message));
  const begin = h("button", { type: "button", class: "button primary voice-begin", onclick: () => void voice.start() }, icon("mic"), t("voice begin"));
  const mute = control("mic", "voice mute", () => voice.mute(!voice.muted));
  const stop = control("stop", "voice interrupt", () => voice.interrupt());
  const camera = control("video", "voice camera", () => void sight.toggle("camera"));
  const screen = control("screen", "voice screen", () => void sight.toggle("screen"));
  const hangup = control("hangup", "voice hang up", () => voice.stop());
  hangup.classList.add("danger");
  const push = h("button", { type: "button", class: "button primary voice-push", hidden: true }, icon("mic"), t("voice hold"));
  const text = h("input", { class: "field", placeholder: t("voice write"), "aria-label": t("voice write"), enterkeyhint: "send", maxlength: 4000 });
  const write = h("form", { class: "voice-write", hidden: true, onsubmit: send }, text, h("button", { class: "icon-button", "aria-label": t("send"), title: t("send") }, icon("send")));
  const save = h("button", { type: "button", class: "icon-button", "aria-label": t("voice save"), title: t("voice save"), onclick: keep }, icon("download"));
  const words = buildWords(voice, agentName, signal);
  const empty = h("div", { class: "voice-empty" }, h("p", null, t("voice about")), h("ul", { class: "suggestions-plain" }, ...samples().map((each) => h("li", null, `“${each}”`))));
  let pictured = 0;
  let level = 0;

  voice.picture = () => (frame.config.agents.find(({ name }) => name === voice.settings.model)?.vision === false ? "" : sight.picture());

  function agentName() {
    const { model } = voice.settings;
    const agent = frame.config.agents.find(({ name }) => name === model);
    return agent ? worded(agent.title) : model;
  }

  function samples() {
    const agent = frame.config.agents.find(({ name }) => name === voice.settings.model) ?? frame.config.agents[0];
    const language = document.documentElement.lang.startsWith("zh") ? "zh" : "en";
    return (agent?.suggestions[language] ?? agent?.suggestions.en ?? []).slice(0, 3);
  }

  /** @param {string} drawing @param {Key} name @param {() => void} run */
  function control(drawing, name, run) {
    return h("button", { type: "button", class: "voice-control", "aria-label": t(name), title: t(name), onclick: run }, icon(drawing));
  }

  /** @param {Event} event */
  function send(event) {
    event.preventDefault();
    const said = text.value.trim();
    if (said && voice.write(said)) text.value = "";
  }

  function keep() {
    const names = { you: t("you"), agent: agentName() };
    download("salon-voice.md", "text/markdown", asMarkdown(voice.transcript.entries, names, clock));
  }

  function showState() {
    const { state } = voice;
    orb.dataset.state = state;
    put(label, t(/** @type {Key} */ (`voice state ${state}`)));
    showHint();
    showControls();
    showTrouble();
    showFacts();
  }

  function showHint() {
    const { state, stage, settings, server } = voice;
    let said = "";
    if (state === "preparing") said = t(/** @type {Key} */ (`voice stage ${stage}`));
    else if (state === "listening" && server && !server.asr) said = t("voice deaf");
    else if (state === "listening") said = settings.pushToTalk ? t("voice hint push") : voice.muted ? t("voice hint muted") : t("voice hint speak");
    else if (state === "speaking") said = t("voice hint interrupt");
    put(hint, said);
  }

  function showControls() {
    const { active, state } = voice;
    begin.hidden = active;
    write.hidden = !active;
    push.hidden = !active || !voice.settings.pushToTalk;
    for (const each of [mute, stop, camera, screen, hangup]) each.hidden = !active;
    stop.disabled = state !== "speaking" && state !== "thinking";
    put(mute, icon(voice.muted ? "mic off" : "mic"));
    mute.setAttribute("aria-pressed", String(voice.muted));
    camera.setAttribute("aria-pressed", String(sight.kind() === "camera"));
    screen.setAttribute("aria-pressed", String(sight.kind() === "screen"));
    const any = voice.transcript.entries.length > 0;
    save.hidden = !any;
    words.hidden = !any;
    empty.hidden = any;
  }

  function showTrouble() {
    const { failure } = voice;
    trouble.hidden = voice.state !== "failed" || !failure;
    if (!failure) return;
    const at = STAGES.indexOf(failure.stage);
    put(
      trouble,
      h(
        "ol",
        { class: "stages" },
        ...STAGES.map((stage, index) =>
          h("li", { class: index < at ? "well" : index === at ? "bad" : "" }, icon(index < at ? "check" : index === at ? "alert" : "more"), t(/** @type {Key} */ (`voice stage ${stage}`))),
        ),
      ),
      h("p", null, adviceFor(failure.stage, failure.reason)),
      failure.reason && failure.stage !== "microphone" && h("p", { class: "faint" }, failure.reason),
      h("button", { type: "button", class: "button", onclick: () => void voice.start() }, icon("retry"), t("try again")),
    );
  }

  function showFacts() {
    const { server, stats, line } = voice;
    const way = line ? (line.kind === "websocket" ? "WebSocket" : `WebRTC${stats ? ` · ${stats.kind.toUpperCase()}` : ""}`) : "";
    /** @type {[Key, string][]} */
    const rows = [
      ["voice fact way", way],
      ["voice fact rtt", stats?.rtt != null ? `${number(Math.round(stats.rtt))} ms` : ""],
      ["voice fact loss", stats?.loss != null ? `${number(Math.round(stats.loss * 1000) / 10)} %` : ""],
      ["voice fact model", server?.llm ?? ""],
      ["voice fact asr", server ? (server.asr ?? t("voice nobody")) : ""],
      ["voice fact tts", server ? (server.tts ?? t("voice nobody")) : ""],
    ];
    put(facts, ...rows.filter(([, value]) => value).flatMap(([name, value]) => [h("dt", null, t(name)), h("dd", null, value)]));
    facts.hidden = !voice.active;
  }

  function draw() {
    pictured = requestAnimationFrame(draw);
    voice.follow();
    level *= 0.86;
    orb.style.setProperty("--level", level.toFixed(3));
  }

  /** @param {KeyboardEvent} event @param {boolean} down */
  function key(event, down) {
    if (document.querySelector("dialog[open]") || event.target instanceof HTMLInputElement || event.target instanceof HTMLTextAreaElement) return;
    if (event.key === "Escape" && down && (voice.state === "speaking" || voice.state === "thinking")) voice.interrupt();
    else if (event.code === "Space" && voice.active && voice.settings.pushToTalk && !(event.target instanceof HTMLButtonElement && event.target !== push)) {
      if (!event.repeat) down ? voice.press() : voice.release();
      event.preventDefault();
    }
  }

  push.addEventListener("pointerdown", (event) => (push.setPointerCapture(event.pointerId), voice.press()), { signal });
  for (const name of /** @type {const} */ (["pointerup", "pointercancel"])) push.addEventListener(name, () => voice.release(), { signal });
  addEventListener("keydown", (event) => key(event, true), { signal });
  addEventListener("keyup", (event) => key(event, false), { signal });
  voice.on("state", showState, signal);
  voice.on("stage", showHint, signal);
  voice.on("settings", () => (showControls(), showHint(), showFacts()), signal);
  voice.on("stats", showFacts, signal);
  voice.on("level", (now) => (level = Math.max(level, Math.min(now * 4, 1))), signal);
  voice.on("problem", (message) => frame.toasts.show(message), signal);
  voice.on("notice", () => frame.toasts.show(t("voice by websocket")), signal);
  voice.transcript.on("added", showControls, signal);
  voice.transcript.on("removed", showControls, signal);
  signal.addEventListener(
    "abort",
    () => {
      cancelAnimationFrame(pictured);
      sight.stop();
      voice.picture = null;
    },
    { once: true },
  );
  frame.entitle(t("view voice"));
  showState();
  pictured = requestAnimationFrame(draw);

  const settings = h(
    "button",
    { type: "button", class: "icon-button", "aria-label": t("voice settings"), title: t("voice settings"), onclick: () => void showVoiceSettings(frame, voice, showState) },
    icon("sliders"),
  );
  return {
    main: h(
      "main",
      { class: "voice" },
      viewHead(frame, t("view voice"), save, settings, inspectButton(frame, signal)),
      h(
        "div",
        { class: "voice-body" },
        h("section", { class: "voice-stage", "aria-label": t("voice stage") }, orb, label, hint, trouble, begin, push, h("div", { class: "voice-controls" }, mute, stop, camera, screen, hangup), sight.video, facts),
        h("section", { class: "voice-said" }, words, empty, write),
      ),
    ),
    inspector: buildInspector(frame, { recorder: trace, title: t("inspector"), lanes: [t("lane page"), t("lane server")], file: "salon-voice.json" }, signal),
    focus: () => (voice.active ? text : begin).focus(),
  };
}

/** @param {Frame} frame */
function make(frame) {
  const trace = new VoiceTrace();
  const settings = readSettings();
  const known = [...frame.config.agents, ...frame.config.models].some(({ name }) => name === settings.model);
  if (!known) settings.model = frame.config.default_agent;
  const voice = new Voice({ key: credential.get, tap: trace, diagnose }, settings);
  voice.welcome = () => worded(frame.config.agents.find(({ name }) => name === settings.model)?.welcome ?? {});
  voice.on("state", (state) => frame.badge("voice", state === "idle" || state === "failed" ? "" : "•"));
  addEventListener("pagehide", () => voice.stop());
  return { voice, trace };
}

/** @param {Stage} stage @param {string} reason */
function adviceFor(stage, reason) {
  const key = stage === "microphone" ? `voice advice ${reason}` : `voice advice ${stage}`;
  return t(/** @type {Key} */ (key));
}
