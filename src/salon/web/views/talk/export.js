/** A conversation to take away, as Markdown to read or as JSON to use. */

import { t } from "../../i18n/i18n.js";
import { textOf } from "../../realtime/answers.js";
import { spokenParts, unheardText } from "../../realtime/heard.js";
import { download } from "../../ui/download.js";

/** @typedef {import("../../model/conversation.js").Conversation} Conversation */
/** @typedef {import("../../model/types.js").Answer} Answer */

/** @param {Conversation} conversation */
export function exportMarkdown(conversation) {
  download(`${fileName(conversation)}.md`, "text/markdown", toMarkdown(conversation));
}

/** @param {Conversation} conversation */
export function exportJson(conversation) {
  download(`${fileName(conversation)}.json`, "application/json", JSON.stringify(toJson(conversation), null, 2));
}

/** @param {Conversation} conversation */
export function toMarkdown({ meta, entries }) {
  const parts = [`# ${meta.title}`, `*${meta.model} · ${new Date(meta.created).toLocaleString(document.documentElement.lang)}*`];
  for (const entry of entries) {
    if (entry.kind === "question") {
      const pictures = entry.pictures.map(({ name }) => `*[${name}]*`);
      parts.push(`## ${t("you")}${when(entry)}`, ...pictures, ...(entry.text ? [entry.text] : []));
    } else {
      parts.push(`## ${t("answer")}${when(entry)}`, ...calls(entry), said(entry) || `*${t("nothing said")}*`);
    }
  }
  return `${parts.join("\n\n")}\n`;
}

/** To the second, as in the minutes of a conversation. @param {number} at */
function clock(at) {
  return new Date(at).toLocaleTimeString(document.documentElement.lang);
}

/** When it was said, and whether aloud. @param {import("../../model/types.js").Entry} entry */
function when(entry) {
  const aloud = entry.kind === "question" ? entry.spoken : spokenParts(entry).length > 0;
  return ` · ${clock(entry.at)}${aloud ? ` · ${t("voice spoken")}` : ""}`;
}

/** What was cut was heard no further. @param {Answer} answer */
function said(answer) {
  const text = textOf(answer);
  return spokenParts(answer).some(unheardText) ? `${text} … *(${t("voice interrupted here")})*` : text;
}

/** @param {Answer} answer */
function calls(answer) {
  return answer.parts.flatMap((part) =>
    part.kind === "call" ? [`> \`${part.name}(${part.arguments})\` → \`${(part.output ?? "").slice(0, 500)}\``] : [],
  );
}

/** What was said and how it went; nothing of connections or keys. @param {Conversation} conversation */
export function toJson({ meta, entries }) {
  const { title, created, updated, model, settings } = meta;
  return { title, created: iso(created), updated: iso(updated), model, settings, entries: entries.map(toPlain) };
}

/** @param {import("../../model/types.js").Entry} entry */
function toPlain(entry) {
  if (entry.kind === "question") {
    const { spoken = false } = entry;
    return { role: "user", at: iso(entry.at), text: entry.text, spoken, pictures: entry.pictures.map(({ name, url }) => ({ name, url })) };
  }
  const { status, reasoning, figures, problem } = entry;
  const tools = entry.parts.flatMap((part) =>
    part.kind === "call" ? [{ name: part.name, arguments: part.arguments, output: part.output }] : [],
  );
  const spoken = spokenParts(entry).length > 0;
  return { role: "assistant", at: iso(entry.at), text: textOf(entry), spoken, status, reasoning, tools, figures, problem };
}

/** @param {number} time */
function iso(time) {
  return new Date(time).toISOString();
}

/** @param {Conversation} conversation */
function fileName({ meta }) {
  return meta.title.replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "").slice(0, 60) || "salon";
}
