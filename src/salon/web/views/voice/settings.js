/** The drawer of a spoken conversation: who answers, how it begins and with which voice, how it takes turns, through which devices. */

import { t, worded } from "../../i18n/i18n.js";
import { showDialog } from "../../ui/dialog.js";
import { h } from "../../ui/dom.js";
import { canRecognise } from "../../voice/recognition.js";
import { browserVoices, canSpeak } from "../../voice/synthesis.js";
import { modelName } from "../talk/picker.js";

/** @typedef {import("../../voice/voice.js").Settings} Settings */
/** @typedef {import("../../i18n/i18n.js").Key} Key */
/** @typedef {[string, string]} Option its value, and what is read */

const NAME = "salon.voice";
const MOST_WELCOME = 400;

/** @type {Settings} */
const DEFAULTS = { voice: "", welcome: "", eagerness: "auto", greets: true, pushToTalk: false, way: "auto", microphone: "", speaker: "", speech: "server", browserVoice: "", captions: true, ownLarge: false, language: "" };

/** @returns {Settings} */
export function readSettings() {
  try {
    const kept = JSON.parse(localStorage.getItem(NAME) ?? "{}");
    const settings = /** @type {Settings} */ (Object.fromEntries(Object.entries(DEFAULTS).map(([key, value]) => [key, typeof kept[key] === typeof value ? kept[key] : value])));
    if (!canRecognise() || !canSpeak()) settings.speech = "server";
    return settings;
  } catch {
    return { ...DEFAULTS };
  }
}

/** @param {Settings} settings */
export function keepSettings(settings) {
  try {
    localStorage.setItem(NAME, JSON.stringify(settings));
  } catch {
    // Without a storage they count for this visit.
  }
}

/** The devices of a kind, the browser's choice first. @param {MediaDeviceInfo[]} devices @param {MediaDeviceKind} kind @returns {Option[]} */
export function deviceOptions(devices, kind) {
  const found = devices.filter((each) => each.kind === kind && each.deviceId && each.deviceId !== "default");
  return [["", t("voice device default")], ...found.map((each) => /** @type {Option} */ ([each.deviceId, each.label || t("voice device")]))];
}

/** @param {Key} label @param {Option[]} options @param {string} value @param {(value: string) => void} take */
export function choice(label, options, value, take) {
  const select = h("select", { class: "field", onchange: () => take(select.value) }, ...options.map(([key, text]) => h("option", { value: key, selected: key === value }, text)));
  return h("label", { class: "labelled" }, h("span", null, t(label)), select);
}

/**
 * @param {import("../../page.js").Page} page
 * @param {import("../../voice/voice.js").Voice} voice
 * @param {{ choose: (model: string) => void, test: () => void, changed: () => void }} actions
 */
export async function showVoiceSettings(page, voice, { choose, test, changed }) {
  const { settings } = voice;
  const devices = await (navigator.mediaDevices?.enumerateDevices().catch(() => []) ?? []);
  const { agents, models } = page.config;
  const { meta } = page.conversation;

  /** @param {Partial<Settings>} change @param {boolean} [anew] the line has to be made again */
  function set(change, anew = false) {
    Object.assign(settings, change);
    keepSettings(settings);
    changed();
    if (!voice.active) return;
    if (!anew) return voice.tell();
    const { conversation } = voice;
    voice.stop();
    if (conversation) void voice.start(conversation);
  }

  function setPrompt() {
    meta.settings = { ...meta.settings, instructions: prompt.value.trim() };
    page.conversation.touch();
    void page.conversation.save();
    page.session.update();
  }

  /** @param {Key} label @param {"greets" | "pushToTalk"} name */
  function check(label, name) {
    const box = h("input", { type: "checkbox", checked: settings[name], onchange: () => set({ [name]: box.checked }) });
    return h("label", { class: "check" }, box, h("span", null, t(label)));
  }

  const prompt = h("textarea", { class: "field", rows: 4, maxlength: 50_000, placeholder: t("instructions hint"), onchange: setPrompt }, meta.settings.instructions);
  const own = page.agent ? worded(page.agent.welcome) : "";
  const welcome = h("textarea", { class: "field", rows: 2, maxlength: MOST_WELCOME, placeholder: own || t("voice welcome hint"), onchange: () => set({ welcome: welcome.value.trim() }) }, settings.welcome);
  const voices = page.agent?.voices ?? agents[0]?.voices ?? [];
  const byBrowser = settings.speech === "browser";
  const able = canRecognise() && canSpeak();
  /** @type {Option[]} */
  const answerers = [...agents.map((each) => /** @type {Option} */ ([each.name, worded(each.title)])), ...models.map(({ name, title }) => /** @type {Option} */ ([name, modelName(name, title)]))];
  /** @param {Key} stem @param {string[]} names @returns {Option[]} */
  const named = (stem, names) => names.map((name) => [name, t(/** @type {Key} */ (`${stem} ${name}`))]);

  const dialog = showDialog({
    title: t("voice settings"),
    place: "side",
    content: (close) => [
      h("h3", null, t("voice who")),
      choice("answered by", answerers, meta.model, choose),
      h("label", { class: "labelled" }, h("span", null, t("instructions")), prompt),
      h("label", { class: "labelled" }, h("span", null, t("voice welcome")), welcome),
      check("voice greets", "greets"),
      h("h3", null, t("voice turns")),
      choice("voice eagerness", named("voice eagerness", ["auto", "low", "medium", "high"]), settings.eagerness, (eagerness) => set({ eagerness })),
      check("voice push to talk", "pushToTalk"),
      choice("voice language", [["", t(byBrowser ? "voice language page" : "voice language any")], ["en", "English"], ["zh", "中文"]], settings.language, (language) => set({ language }, byBrowser)),
      h("h3", null, t("voice sound")),
      choice("voice speech", named("voice speech", able ? ["server", "browser"] : ["server"]), settings.speech, (speech) => {
        set({ speech: /** @type {Settings["speech"]} */ (speech) }, true);
        dialog.close();
        void showVoiceSettings(page, voice, { choose, test, changed });
      }),
      h("p", { class: "faint" }, t(!able ? "voice speech none" : byBrowser ? "voice speech about" : "voice speech server about")),
      byBrowser && choice("voice voice", [["", t("voice device default")], ...browserVoices().map((each) => /** @type {Option} */ ([each.voiceURI, `${each.name} (${each.lang})`]))], settings.browserVoice, (uri) => set({ browserVoice: uri })),
      !byBrowser && voices.length > 0 && choice("voice voice", [["", t("voice voice own")], ...voices.map((name) => /** @type {Option} */ ([name, name]))], settings.voice, (name) => set({ voice: name }, true)),
      !byBrowser && choice("voice microphone", deviceOptions(devices, "audioinput"), settings.microphone, (id) => (set({ microphone: id }), void voice.changeMicrophone(id))),
      !byBrowser && choice("voice speaker", deviceOptions(devices, "audiooutput"), settings.speaker, (id) => (set({ speaker: id }), void voice.line?.speakTo(id))),
      !byBrowser && choice("voice way", named("voice way", ["auto", "webrtc", "websocket"]), settings.way, (way) => set({ way: /** @type {Settings["way"]} */ (way) }, true)),
      h(
        "div",
        { class: "dialog-actions" },
        h("button", { type: "button", class: "button", onclick: () => (close(), test()) }, t("voice test")),
        h("button", { type: "button", class: "button primary", onclick: close }, t("done")),
      ),
    ],
  });
}
