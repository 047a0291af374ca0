/** The Voice view: speak a conversation with a model, see what is said, interrupt it, and see where the time goes. */

import { t, worded } from "../../i18n/i18n.js";
import { credential } from "../../model/preferences.js";
import { Page } from "../../page.js";
import { diagnose } from "../../realtime/config.js";
import { h, put } from "../../ui/dom.js";
import { icon } from "../../ui/icons.js";
import { openMenu } from "../../ui/menu.js";
import { VoiceTrace } from "../../voice/trace.js";
import { Voice } from "../../voice/voice.js";
import { inspectButton, viewHead } from "../head.js";
import { buildInspector } from "../inspector/inspector.js";
import { buildBanner } from "../talk/banner.js";
import { buildComposer } from "../talk/composer.js";
import { acceptDrops } from "../talk/drop.js";
import { exportMarkdown } from "../talk/export.js";
import { answererName } from "../talk/picker.js";
import { buildSidebar } from "../talk/sidebar.js";
import { buildThread } from "../talk/thread.js";
import { testMicrophone } from "./microphone.js";
import { buildScenes } from "./scenes.js";
import { readSettings, showVoiceSettings } from "./settings.js";
import { buildStage } from "./stage.js";

/** @typedef {import("../../frame.js").Frame} Frame */

/** @param {Frame} frame @param {AbortSignal} signal @returns {Promise<import("../registry.js").Built>} */
export async function build(frame, signal) {
  const page = await Page.of(frame);
  const { voice, trace } = frame.keep("voice", () => make(frame, page));
  if (voice.active && voice.conversation && !frame.place.path) page.open(voice.conversation);
  const actions = {
    start: () => void start(),
    test: () => void testMicrophone(voice),
    back: () => voice.conversation && page.go(voice.conversation.id),
    settings: showSettings,
  };
  const stage = buildStage(page, voice, actions, signal);
  const title = h("h1", null);
  const save = button("download", "voice save", () => exportMarkdown(page.conversation));
  const write = button("talk", "voice write on", () => page.goBy("talk"));
  const test = button("mic", "voice test", actions.test);
  const inspect = inspectButton(frame, signal);
  const more = button("more", "more", showMore);
  more.setAttribute("aria-haspopup", "menu");
  more.classList.add("unfolds");
  for (const each of [write, save, test, inspect]) each.classList.add("folds");
  const said = h("section", { class: "voice-said", "aria-label": t("voice transcript") });
  const bottom = h("div", { class: "bottom" });
  const banner = h("div", null);
  let thread = h("div", null);
  put(said, thread, h("p", { class: "captions-off faint" }, t("voice captions off")), bottom);
  const body = h("div", { class: "voice-body" }, stage.root, said);
  let shown = new AbortController();
  /** Where one writes, for as long as it is to the same one in the same conversation: a call that begins takes no word and no picture out of it.
   * @type {{ conversation: unknown, model: string, composer: ReturnType<typeof buildComposer>, over: AbortController } | null} */
  let writing = null;

  /** @param {string} drawing @param {import("../../i18n/i18n.js").Key} name @param {() => void} run */
  function button(drawing, name, run) {
    return h("button", { type: "button", class: "icon-button", "aria-label": t(name), title: t(name), onclick: run }, icon(drawing));
  }

  /** A phone has no room for all of them beside the title. */
  function showMore() {
    const folded = [write, save, test, inspect].filter((each) => !each.hidden);
    const drawings = new Map([[write, "talk"], [save, "download"], [test, "mic"], [inspect, "pulse"]]);
    openMenu(more, folded.map((each) => ({ label: each.title, icon: drawings.get(each), run: () => each.click() })), t("more"));
  }

  function showSettings() {
    void showVoiceSettings(page, voice, { choose, test: actions.test, changed: stage.show });
  }

  /** Somebody else answers: a call goes on with them. @param {string} model */
  function choose(model) {
    const { active } = voice;
    voice.stop();
    page.choose(model);
    if (active) actions.start();
  }

  async function start() {
    // It went on in another tab.
    if (page.conversation.away) await page.takeOver();
    await voice.start(page.conversation);
  }

  function composerNow() {
    const { conversation } = page;
    const { model } = conversation.meta;
    if (writing?.conversation === conversation && writing.model === model) return writing.composer;
    writing?.over.abort();
    const over = new AbortController();
    signal.addEventListener("abort", () => over.abort(), { once: true, signal: over.signal });
    const composer = buildComposer(page, over.signal);
    acceptDrops(said, composer.attach, over.signal);
    put(bottom, banner, composer.root);
    writing = { conversation, model, composer, over };
    return composer;
  }

  /** The conversation that is open now, spoken or not. */
  function showConversation() {
    shown.abort();
    shown = new AbortController();
    signal.addEventListener("abort", () => shown.abort(), { once: true, signal: shown.signal });
    const { conversation } = page;
    const composer = composerNow();
    // Of a call the stage says how its line is.
    const spoken = page.sessions.held === conversation.id;
    put(banner, !spoken && buildBanner(page, shown.signal));
    const choosing = thread.querySelector(".scenes")?.contains(document.activeElement);
    const next = buildThread(page, h("div"), () => buildScenes(page, choose, composer.ask), shown.signal);
    thread.replaceWith(next);
    thread = next;
    if (choosing) /** @type {HTMLElement | null} */ (thread.querySelector(".scene[aria-checked=true]"))?.focus();
    const showTitle = () => {
      put(title, conversation.meta.title || answererName(page));
      frame.entitle(conversation.meta.title || t("view voice"));
      save.hidden = write.hidden = !conversation.meta.count;
    };
    conversation.on("meta", showTitle, shown.signal);
    if (spoken) page.session.on("problem", ({ message }) => frame.toasts.show(message), shown.signal);
    showTitle();
    stage.show();
    showCaptions();
  }

  /** Subtitles are of the call; what was said before and after it is to be read. */
  function showCaptions() {
    body.classList.toggle("uncaptioned", voice.active && voice.conversation === page.conversation && !voice.settings.captions);
  }

  for (const name of /** @type {const} */ (["state", "settings"])) voice.on(name, showCaptions, signal);
  page.on("opened", showConversation, signal);
  frame.on("place", () => void page.follow("voice"), signal);
  voice.on("notice", () => frame.toasts.show(t("voice by websocket")), signal);
  voice.on("unheard", (reason) => frame.toasts.show(t("voice unheard", { reason })), signal);
  showConversation();

  return {
    sidebar: buildSidebar(page, signal),
    main: h(
      "main",
      { class: "voice" },
      viewHead(frame, title, write, save, test, button("sliders", "voice settings", showSettings), inspect, more),
      body,
    ),
    inspector: buildInspector(frame, { recorder: trace, title: t("inspector"), lanes: [t("lane page"), t("lane server")], file: "salon-voice.json" }, signal),
    focus: stage.focus,
  };
}

/** @param {Frame} frame @param {Page} page */
function make(frame, page) {
  const trace = new VoiceTrace();
  const voice = new Voice(
    {
      key: credential.get,
      tap: trace,
      diagnose,
      begun: (session) => page.hold(session),
      over: (session) => page.release(session),
      welcome: ({ meta }) => worded(frame.config.agents.find(({ name }) => name === meta.model)?.welcome ?? {}),
    },
    readSettings(),
  );
  voice.on("state", () => frame.badge("voice", voice.active ? "•" : ""));
  addEventListener("pagehide", () => voice.stop());
  return { voice, trace };
}
