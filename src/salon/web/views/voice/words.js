/** What was said, as it is shown: an answer lights up word by word as it is heard, and says where its silence went. */

import { clock, number, t } from "../../i18n/i18n.js";
import { h, put } from "../../ui/dom.js";
import { icon } from "../../ui/icons.js";
import { heardLength } from "../../voice/transcript.js";

/** @typedef {import("../../voice/transcript.js").Entry} Entry */
/** @typedef {import("../../voice/transcript.js").Answer} Answer */
/** @typedef {import("../../i18n/i18n.js").Key} Key */

const PARTS = ["uplink", "vad", "end_of_turn", "transcript", "first_token", "first_audio", "first_packet", "downlink"];

/**
 * @param {import("../../voice/voice.js").Voice} voice
 * @param {() => string} agent who answers
 * @param {AbortSignal} signal
 */
export function buildWords(voice, agent, signal) {
  const { transcript } = voice;
  const list = h("ol", { class: "said" });
  const root = h("div", { class: "said-scroll", tabindex: 0, role: "log", "aria-label": t("voice transcript") }, list);
  /** @type {Map<Entry, { root: HTMLElement, body: HTMLElement, under: HTMLElement, drawn: string }>} */
  const lines = new Map();

  /** @param {Entry} entry */
  function show(entry) {
    const atEnd = root.scrollHeight - root.clientHeight - root.scrollTop < 80;
    let line = lines.get(entry);
    if (!line) {
      const body = h("p", { class: "said-text" });
      const under = h("div", { class: "said-under" });
      const who = entry.kind === "user" ? t("you") : agent();
      line = { root: h("li", { class: `said-entry ${entry.kind}` }, h("p", { class: "said-who" }, who, h("time", null, clock(entry.at))), body, under), body, under, drawn: "" };
      lines.set(entry, line);
      list.append(line.root);
    }
    const state = entry.kind === "user" ? `${entry.text} ${entry.partial}` : `${entry.text} ${heardLength(entry)} ${entry.status} ${entry.waterfall?.total} ${entry.tools.length}`;
    if (state === line.drawn) return;
    line.drawn = state;
    if (entry.kind === "user") {
      line.root.classList.toggle("partial", entry.partial);
      put(line.body, entry.text || t("voice hearing you"));
      put(line.under, entry.picture && h("img", { src: entry.picture, alt: t("voice picture sent") }), !entry.spoken && h("span", { class: "faint" }, t("voice written")));
    } else answer(entry, line);
    if (atEnd) root.scrollTop = root.scrollHeight;
  }

  /** @param {Answer} entry @param {{ root: HTMLElement, body: HTMLElement, under: HTMLElement }} line */
  function answer(entry, { root: element, body, under }) {
    const heard = heardLength(entry);
    element.dataset.status = entry.status;
    put(body, h("span", { class: "heard" }, entry.text.slice(0, heard)), h("span", { class: "unheard" }, entry.text.slice(heard)));
    put(
      under,
      ...entry.tools.map((name) => h("span", { class: "said-tool" }, icon("tool"), name)),
      entry.status === "interrupted" && h("span", { class: "said-note" }, t("voice interrupted here")),
      entry.status === "failed" && h("span", { class: "said-note bad" }, entry.problem || t("problem unknown")),
      entry.waterfall && waterfall(entry.waterfall),
    );
  }

  /** @param {Entry} entry */
  function remove(entry) {
    lines.get(entry)?.root.remove();
    lines.delete(entry);
  }

  transcript.on("added", show, signal);
  transcript.on("changed", show, signal);
  transcript.on("removed", remove, signal);
  for (const entry of transcript.entries) show(entry);
  root.scrollTop = root.scrollHeight;
  return root;
}

/** @param {Record<string, number>} parts */
function waterfall(parts) {
  const total = Math.max(parts.total ?? 0, 1);
  const shown = PARTS.filter((name) => parts[name] > 0);
  const text = shown.map((name) => `${t(/** @type {Key} */ (`voice part ${name}`))} ${number(parts[name])} ms`).join(", ");
  const bars = shown.map((name) => {
    const bar = h("span", { class: `fall ${name}`, title: `${t(/** @type {Key} */ (`voice part ${name}`))}: ${number(parts[name])} ms` });
    bar.style.flexGrow = String(parts[name] / total);
    return bar;
  });
  return h(
    "details",
    { class: "waterfall" },
    h("summary", null, h("span", { class: "falls", role: "img", "aria-label": text }, ...bars), h("span", null, t("voice answered after", { time: number(parts.total ?? 0) }))),
    h(
      "dl",
      null,
      ...PARTS.flatMap((name) => [h("dt", { class: `fall-name ${name}` }, t(/** @type {Key} */ (`voice part ${name}`))), h("dd", null, `${number(parts[name] ?? 0)} ms`)]),
    ),
  );
}
