/** How the call goes: the way of the sound and how good it is, who hears, answers and speaks, and what to name in a report. */

import { number, t } from "../../i18n/i18n.js";
import { h } from "../../ui/dom.js";

/** @typedef {import("../../i18n/i18n.js").Key} Key */

/** @param {import("../../voice/voice.js").Voice} voice @param {string} version */
export function factsOf({ server, stats, line, session, settings, fellBack }, version) {
  const nobody = t("voice nobody");
  const browser = t("voice speech browser");
  const own = settings.speech === "browser";
  /** @type {[Key, string][]} */
  const rows = [
    ["voice fact way", line ? (line.kind === "webrtc" ? `WebRTC${stats ? ` · ${stats.kind.toUpperCase()}` : ""}` : `WebSocket${fellBack ? ` · ${t("voice fact fallback")}` : ""}`) : ""],
    ["voice fact rtt", stats?.rtt != null ? `${number(Math.round(stats.rtt))} ms` : ""],
    ["voice fact loss", stats && line?.kind === "webrtc" ? t("voice losses", { up: percent(stats.lossUp), down: percent(stats.loss) }) : ""],
    ["voice fact model", server?.llm ?? ""],
    ["voice fact asr", server ? (own ? browser : (server.asr ?? nobody)) : ""],
    ["voice fact tts", server ? (own ? browser : (server.tts ?? nobody)) : ""],
    ["voice fact session", session?.defaults.id ?? ""],
    ["voice fact version", version],
  ];
  return rows.filter(([, value]) => value).flatMap(([name, value]) => [h("dt", null, t(name)), h("dd", null, value)]);
}

/** @param {number | null} share */
function percent(share) {
  return share === null ? "–" : `${number(Math.round(share * 1000) / 10)} %`;
}

/** Three bars, and in words. @param {import("../../voice/voice.js").Voice["stats"]} stats */
export function signalOf(stats) {
  if (!stats?.level) return [];
  const said = `${t(/** @type {Key} */ (`calls quality ${stats.level}`))}${stats.rtt === null ? "" : ` · ${number(Math.round(stats.rtt))} ms`}`;
  return [h("span", { class: "quality", "data-level": stats.level, "aria-hidden": "true" }, h("i"), h("i"), h("i")), said];
}
