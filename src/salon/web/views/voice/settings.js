/** The drawer of a spoken conversation: who answers and with which voice, how it takes turns, through which devices. */

import { t, worded } from "../../i18n/i18n.js";
import { showDialog } from "../../ui/dialog.js";
import { h } from "../../ui/dom.js";

/** @typedef {import("../../voice/voice.js").Settings} Settings */
/** @typedef {import("../../i18n/i18n.js").Key} Key */

const NAME = "salon.voice";

/** @type {Settings} */
const DEFAULTS = { model: "", voice: "", instructions: "", eagerness: "auto", greets: true, pushToTalk: false, way: "auto", microphone: "", speaker: "" };

/** @returns {Settings} */
export function readSettings() {
  try {
    const kept = JSON.parse(localStorage.getItem(NAME) ?? "{}");
    return /** @type {Settings} */ (Object.fromEntries(Object.entries(DEFAULTS).map(([key, value]) => [key, typeof kept[key] === typeof value ? kept[key] : value])));
  } catch {
    return { ...DEFAULTS };
  }
}

/** @param {Settings} settings */
function keep(settings) {
  try {
    localStorage.setItem(NAME, JSON.stringify(settings));
  } catch {
    // Without a storage they count for this visit.
  }
}

/**
 * @param {import("../../frame.js").Frame} frame
 * @param {import("../../voice/voice.js").Voice} voice
 * @param {() => void} changed
 */
export async function showVoiceSettings(frame, voice, changed) {
  const { settings } = voice;
  const devices = await (navigator.mediaDevices?.enumerateDevices().catch(() => []) ?? []);
  const { agents, models } = frame.config;

  /** @param {Partial<Settings>} change @param {boolean} [anew] the line has to be made again */
  function set(change, anew = false) {
    Object.assign(settings, change);
    keep(settings);
    changed();
    if (!voice.active) return;
    if (!anew) return voice.tell();
    voice.stop();
    void voice.start();
  }

  /** @param {Key} label @param {[string, string][]} options @param {string} value @param {(value: string) => void} take */
  function choice(label, options, value, take) {
    const select = h("select", { class: "field", onchange: () => take(select.value) }, ...options.map(([key, text]) => h("option", { value: key, selected: key === value }, text)));
    return h("label", { class: "labelled" }, h("span", null, t(label)), select);
  }

  /** @param {Key} label @param {"greets" | "pushToTalk"} name */
  function check(label, name) {
    const box = h("input", { type: "checkbox", checked: settings[name], onchange: () => set({ [name]: box.checked }) });
    return h("label", { class: "check" }, box, h("span", null, t(label)));
  }

  /** @param {MediaDeviceKind} kind @returns {[string, string][]} */
  const of = (kind) => [
    ["", t("voice device default")],
    ...devices.filter((each) => each.kind === kind && each.deviceId && each.deviceId !== "default").map((each) => /** @type {[string, string]} */ ([each.deviceId, each.label || t("voice device")])),
  ];
  const prompt = h("textarea", { class: "field", rows: 3, placeholder: t("instructions hint"), onchange: () => set({ instructions: prompt.value.trim() }) }, settings.instructions);
  const voices = /** @type {string[]} */ (voice.server?.voices ?? []);

  showDialog({
    title: t("voice settings"),
    content: () => [
      choice("answered by", [...agents.map((each) => /** @type {[string, string]} */ ([each.name, worded(each.title)])), ...models.map((each) => /** @type {[string, string]} */ ([each.name, each.title]))], settings.model, (model) => set({ model }, true)),
      voices.length > 0 && choice("voice voice", [["", t("voice device default")], ...voices.map((name) => /** @type {[string, string]} */ ([name, name]))], settings.voice, (name) => set({ voice: name }, true)),
      h("label", { class: "labelled" }, h("span", null, t("instructions")), prompt),
      choice("voice eagerness", ["auto", "low", "medium", "high"].map((each) => /** @type {[string, string]} */ ([each, t(/** @type {Key} */ (`voice eagerness ${each}`))])), settings.eagerness, (eagerness) => set({ eagerness })),
      check("voice push to talk", "pushToTalk"),
      check("voice greets", "greets"),
      choice("voice microphone", of("audioinput"), settings.microphone, (id) => (set({ microphone: id }), void voice.changeMicrophone(id))),
      choice("voice speaker", of("audiooutput"), settings.speaker, (id) => (set({ speaker: id }), void voice.line?.speakTo(id))),
      choice("voice way", ["auto", "webrtc", "websocket"].map((each) => /** @type {[string, string]} */ ([each, t(/** @type {Key} */ (`voice way ${each}`))])), settings.way, (way) => set({ way: /** @type {Settings["way"]} */ (way) }, true)),
    ],
  });
}
