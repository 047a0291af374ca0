/** The microphone tried out, before a call and in it: how loud it is, what is wrong with it, and how one sounds. */

import { t } from "../../i18n/i18n.js";
import { showDialog } from "../../ui/dialog.js";
import { h, put } from "../../ui/dom.js";
import { icon } from "../../ui/icons.js";
import { MicrophoneError } from "../../voice/microphone.js";
import { Sample } from "../../voice/sample.js";
import { SLOW } from "../../voice/stages.js";
import { choice, deviceOptions, keepSettings } from "./settings.js";

/** @typedef {import("../../i18n/i18n.js").Key} Key */

const SECONDS = 3;

/** @param {import("../../voice/voice.js").Voice} voice */
export async function testMicrophone(voice) {
  const sample = new Sample();
  const bar = h("div", { class: "meter-bar" });
  const meter = h("div", { class: "meter", role: "meter", "aria-label": t("voice test level"), "aria-valuemin": 0, "aria-valuemax": 100, "aria-valuenow": 0 }, bar);
  const verdict = h("p", { class: "verdict", role: "status" }, t("voice test about", { seconds: SECONDS }));
  const device = h("p", { class: "faint" });
  const choices = h("div");
  const record = h("button", { type: "button", class: "button primary", onclick: () => can(record) && begin() }, icon("mic"), t("voice test record"));
  const play = h("button", { type: "button", class: "button", onclick: () => can(play) && void hear() }, icon("play"), t("voice test play"));
  let loudest = 0;
  let open = true;

  /** Not `disabled`: the one that was pressed would lose the focus. @param {boolean} recording @param {boolean} playing */
  function allow(recording, playing) {
    record.setAttribute("aria-disabled", String(!recording));
    play.setAttribute("aria-disabled", String(!playing));
  }

  /** @param {HTMLElement} button */
  function can(button) {
    return button.getAttribute("aria-disabled") !== "true";
  }

  function begin() {
    loudest = 0;
    allow(false, false);
    tell("", t("voice test recording"));
    sample.record(SECONDS);
  }

  async function hear() {
    allow(false, false);
    await sample.play(voice.settings.speaker);
    allow(true, true);
  }

  /** @param {string} kind @param {string} text */
  function tell(kind, text) {
    verdict.dataset.kind = kind;
    put(verdict, text);
  }

  /** @param {string} deviceId */
  async function listen(deviceId) {
    allow(false, false);
    const slow = setTimeout(() => tell("", t(sample.microphone.asking ? "voice slow microphone" : "voice slow device")), SLOW.microphone);
    try {
      await sample.open(deviceId).finally(() => clearTimeout(slow));
    } catch (error) {
      const trouble = error instanceof MicrophoneError ? error.trouble : "unknown";
      put(device);
      return tell("bad", t(/** @type {Key} */ (`voice advice ${trouble}`)));
    }
    if (!open) return sample.close();
    allow(true, sample.length > 0);
    tell("", t("voice test about", { seconds: SECONDS }));
    put(device, t("voice test device", { name: sample.device || t("voice device default") }));
    if (sample.differs(deviceId)) tell("bad", t("voice test other"));
    await offer();
  }

  /** Their names are known once one of them may be heard. */
  async function offer() {
    const devices = await navigator.mediaDevices.enumerateDevices().catch(() => []);
    put(choices, choice("voice microphone", deviceOptions(devices, "audioinput"), voice.settings.microphone, take));
  }

  /** @param {string} deviceId */
  function take(deviceId) {
    voice.settings.microphone = deviceId;
    keepSettings(voice.settings);
    if (voice.active) void voice.changeMicrophone(deviceId);
    void listen(deviceId);
  }

  sample.on("level", (level) => {
    loudest = Math.max(loudest * 0.94, Math.min(1, level * 5));
    bar.style.transform = `scaleX(${loudest.toFixed(3)})`;
    meter.setAttribute("aria-valuenow", String(Math.round(loudest * 100)));
  });
  sample.on("recorded", (found) => {
    tell(found === "good" ? "good" : "bad", t(/** @type {Key} */ (`voice test ${found}`)));
    void hear();
  });
  sample.on("ended", () => tell("bad", t("voice test ended")));
  showDialog({
    title: t("voice test"),
    content: () => [
      choices,
      meter,
      device,
      verdict,
      h("div", { class: "dialog-actions" }, play, record),
    ],
    onclose: () => {
      open = false;
      sample.close();
    },
  });
  await listen(voice.settings.microphone);
}
