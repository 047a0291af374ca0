/** The drawer of a spoken conversation: who answers, how it begins and with which voice, how it takes turns, through which devices. */

import { t, worded } from "../../i18n/i18n.js";
import { showDialog } from "../../ui/dialog.js";
import { h, put } from "../../ui/dom.js";
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
  const select = h("select", { name: label, class: "field", onchange: () => take(select.value) }, ...options.map(([key, text]) => h("option", { value: key, selected: key === value }, text)));
  return h("label", { class: "labelled" }, h("span", null, t(label)), select);
}

/** What belongs together. @param {Key} title @param {import("../../ui/dom.js").Child[]} fields */
function group(title, ...fields) {
  return h("section", { class: "settings-group" }, h("h3", null, t(title)), ...fields);
}

/** @param {Key} stem @param {string[]} names @returns {Option[]} */
function named(stem, names) {
  return names.map((name) => [name, t(/** @type {Key} */ (`${stem} ${name}`))]);
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

  /** @param {string} text */
  function setPrompt(text) {
    const { conversation, session } = page;
    conversation.meta.settings = { ...conversation.meta.settings, instructions: text.trim() };
    conversation.touch();
    void conversation.save();
    session.update();
  }

  /** @param {Key} label @param {"greets" | "pushToTalk"} name */
  function check(label, name) {
    const box = h("input", { type: "checkbox", checked: settings[name], onchange: () => set({ [name]: box.checked }) });
    return h("label", { class: "checked" }, box, h("span", null, t(label)));
  }

  /** @param {Key} label @param {string} value @param {{ rows: number, longest: number, hint: string, take: (text: string) => void }} how */
  function words(label, value, { rows, longest, hint, take }) {
    const field = h("textarea", { class: "field", rows, maxlength: longest, placeholder: hint, onchange: () => take(field.value) }, value);
    return h("label", { class: "labelled" }, h("span", null, t(label)), field);
  }

  function who() {
    const { meta } = page.conversation;
    /** @type {Option[]} */
    const answerers = [...agents.map((each) => /** @type {Option} */ ([each.name, worded(each.title)])), ...models.map(({ name, title }) => /** @type {Option} */ ([name, modelName(name, title)]))];
    const own = page.agent ? worded(page.agent.welcome) : "";
    return group(
      "voice who",
      choice("answered by", answerers, meta.model, (model) => (choose(model), show("answered by"))),
      words("instructions", meta.settings.instructions, { rows: 4, longest: 50_000, hint: t("instructions hint"), take: setPrompt }),
      words("voice welcome", settings.welcome, { rows: 2, longest: MOST_WELCOME, hint: own || t("voice welcome hint"), take: (text) => set({ welcome: text.trim() }) }),
      check("voice greets", "greets"),
    );
  }

  function turns() {
    const byBrowser = settings.speech === "browser";
    return group(
      "voice turns",
      !byBrowser && choice("voice eagerness", named("voice eagerness", ["auto", "low", "medium", "high"]), settings.eagerness, (eagerness) => set({ eagerness })),
      check("voice push to talk", "pushToTalk"),
      choice("voice language", [["", t(byBrowser ? "voice language page" : "voice language any")], ["en", "English"], ["zh", "中文"]], settings.language, (language) => set({ language }, byBrowser)),
    );
  }

  function sound() {
    const able = canRecognise() && canSpeak();
    const byBrowser = settings.speech === "browser";
    const voices = page.agent?.voices ?? agents[0]?.voices ?? [];
    const speech = choice("voice speech", named("voice speech", able ? ["server", "browser"] : ["server"]), settings.speech, (chosen) => {
      set({ speech: /** @type {Settings["speech"]} */ (chosen) }, true);
      show("voice speech");
    });
    const about = h("p", { class: "faint" }, t(!able ? "voice speech none" : byBrowser ? "voice speech about" : "voice speech server about"));
    if (byBrowser) {
      const own = browserVoices().map((each) => /** @type {Option} */ ([each.voiceURI, `${each.name} (${each.lang})`]));
      return group("voice sound", speech, about, choice("voice voice", [["", t("voice device default")], ...own], settings.browserVoice, (uri) => set({ browserVoice: uri })));
    }
    return group(
      "voice sound",
      speech,
      about,
      voices.length > 0 && choice("voice voice", [["", t("voice voice own")], ...voices.map((name) => /** @type {Option} */ ([name, name]))], settings.voice, (name) => set({ voice: name }, true)),
      choice("voice microphone", deviceOptions(devices, "audioinput"), settings.microphone, (id) => (set({ microphone: id }), void voice.changeMicrophone(id))),
      choice("voice speaker", deviceOptions(devices, "audiooutput"), settings.speaker, (id) => (set({ speaker: id }), void voice.line?.speakTo(id))),
      choice("voice way", named("voice way", ["auto", "webrtc", "websocket"]), settings.way, (way) => set({ way: /** @type {Settings["way"]} */ (way) }, true)),
    );
  }

  /** What depends on a choice is drawn anew, and who chose stays where they were. @param {Key} chosen */
  function show(chosen) {
    put(fields, who(), turns(), sound());
    /** @type {HTMLElement | null} */ (fields.querySelector(`[name="${chosen}"]`))?.focus();
  }

  const fields = h("div", { class: "settings-groups" }, who(), turns(), sound());
  showDialog({
    title: t("voice settings"),
    place: "side",
    content: (close) => [
      fields,
      h(
        "div",
        { class: "dialog-actions" },
        h("button", { type: "button", class: "button", onclick: () => (close(), test()) }, t("voice test")),
        h("button", { type: "button", class: "button primary", onclick: close }, t("done")),
      ),
    ],
  });
}
