/**
 * Markdown's blocks: text to a list of headings, paragraphs, lists, tables, code, quotes and rules. Never throws.
 *
 * CommonMark and GitHub's tables and task lists, without reference links, raw HTML (it is text) and underlined headings
 * (`---` is a rule: models write it as one). Lists may be indented more loosely than CommonMark allows.
 */

import { parseList } from "./lists.js";

/**
 * `start` is where the block begins in the text, `raw` its own text.
 * @typedef {{ start: number, raw: string }} Place
 * @typedef {{ checked: boolean | null, children: Block[], raw: string }} ListItem
 * @typedef {"left" | "center" | "right" | ""} Align
 * @typedef {Place & (
 *     { type: "heading", level: number, text: string }
 *   | { type: "paragraph", text: string }
 *   | { type: "code", language: string, text: string, closed: boolean }
 *   | { type: "math", text: string }
 *   | { type: "quote", children: Block[] }
 *   | { type: "list", ordered: boolean, first: number, loose: boolean, items: ListItem[] }
 *   | { type: "table", align: Align[], head: string[], rows: string[][] }
 *   | { type: "rule" }
 * )} Block
 */

/** What a block is before its place is known. @typedef {Block extends infer B ? B extends Place ? Omit<B, keyof Place> : never : never} Body */
/** A block, and the index of the line behind it. @typedef {{ body: Body, next: number }} Read */

export const MAX_DEPTH = 12;
const FENCE = /^( {0,3})(`{3,}|~{3,})([^`]*)$/;
const RULE = /^ {0,3}([-*_])(?: *\1){2,} *$/;
export const MARKER = /^( *)([-*+]|\d{1,9}[.)])(?: +|$)/;

/**
 * @param {string} text
 * @param {number} [depth]
 * @returns {Block[]}
 */
export function parseBlocks(text, depth = 0) {
  const lines = text.split("\n");
  /** @type {number[]} */
  const starts = [];
  let offset = 0;
  for (const [index, line] of lines.entries()) {
    starts.push(offset);
    offset += line.length + 1;
    lines[index] = line.replace(/\r$/, "").replace(/^[ \t]+/, (space) => space.replaceAll("\t", "    "));
  }
  /** @type {Block[]} */
  const blocks = [];
  for (let at = 0; at < lines.length; ) {
    if (!lines[at].trim()) {
      at += 1;
      continue;
    }
    const { body, next } = readBlock(lines, at, depth);
    const raw = text.slice(starts[at], next < lines.length ? starts[next] : text.length);
    blocks.push(/** @type {Block} */ ({ ...body, start: starts[at], raw }));
    at = next;
  }
  return blocks;
}

/**
 * @param {string[]} lines
 * @param {number} at
 * @param {number} depth
 * @returns {Read}
 */
function readBlock(lines, at, depth) {
  return (
    readFence(lines, at) ??
    readMath(lines, at) ??
    readHeading(lines, at) ??
    readRule(lines, at) ??
    (depth < MAX_DEPTH ? (readQuote(lines, at, depth) ?? parseList(lines, at, depth)) : null) ??
    readTable(lines, at) ??
    readIndented(lines, at) ??
    readParagraph(lines, at)
  );
}

/**
 * Whether a line begins something new, so that a paragraph ends before it.
 * @param {string[]} lines
 * @param {number} at
 */
export function interrupts(lines, at) {
  const line = lines[at];
  if (FENCE.test(line) || RULE.test(line) || /^ {0,3}(?:>|#{1,6}(?:[ \t]|$))/.test(line) || endOfMath(line)) return true;
  const marker = MARKER.exec(line);
  // "In order for an ordered list to interrupt a paragraph, it must start with 1", and neither may be empty (CommonMark 5.3).
  if (marker && line.length > marker[0].length) return !/\d/.test(marker[2]) || /^1[.)]/.test(marker[2]);
  return isTable(lines, at);
}

/** @param {string[]} lines @param {number} at @returns {Read | null} */
function readFence(lines, at) {
  const opening = FENCE.exec(lines[at]);
  if (!opening) return null;
  const [, indent, fence, info] = opening;
  const closing = new RegExp(`^ {0,3}${fence[0]}{${fence.length},} *$`);
  let next = at + 1;
  while (next < lines.length && !closing.test(lines[next])) next += 1;
  const strip = new RegExp(`^ {0,${indent.length}}`);
  const text = lines
    .slice(at + 1, next)
    .map((line) => line.replace(strip, ""))
    .join("\n");
  const closed = next < lines.length;
  const language = info.trim().split(/\s/)[0];
  return { body: { type: "code", language, text, closed }, next: closed ? next + 1 : next };
}

/**
 * Math that stands alone: to its end mark, or to a blank line, so that one forgotten mark does not swallow an answer.
 * @param {string[]} lines @param {number} at @returns {Read | null}
 */
function readMath(lines, at) {
  const stop = endOfMath(lines[at]);
  if (!stop) return null;
  let next = at + 1;
  if (!lines[at].trim().slice(2).endsWith(stop)) {
    while (next < lines.length && lines[next].trim() && !lines[next].trim().endsWith(stop)) next += 1;
    if (next < lines.length && lines[next].trim()) next += 1;
  }
  return { body: { type: "math", text: lines.slice(at, next).join("\n") }, next };
}

/** The mark that ends the math which begins with this line; empty where none does. @param {string} line */
function endOfMath(line) {
  const text = line.trim();
  const stop = text.startsWith("$$") ? "$$" : text.startsWith("\\[") ? "\\]" : "";
  // Text behind the end makes it part of a paragraph.
  const end = stop ? text.indexOf(stop, 2) : -1;
  return end < 0 || end === text.length - 2 ? stop : "";
}

/** @param {string[]} lines @param {number} at @returns {Read | null} */
function readHeading(lines, at) {
  const found = /^ {0,3}(#{1,6})(?:[ \t]|$)/.exec(lines[at]);
  if (!found) return null;
  const text = lines[at].slice(found[0].length).trim();
  const closing = /(?:^|[ \t])#+$/.exec(text);
  const body = closing ? text.slice(0, closing.index).trimEnd() : text;
  return { body: { type: "heading", level: found[1].length, text: body }, next: at + 1 };
}

/** @param {string[]} lines @param {number} at @returns {Read | null} */
function readRule(lines, at) {
  return RULE.test(lines[at]) ? { body: { type: "rule" }, next: at + 1 } : null;
}

/** @param {string[]} lines @param {number} at @param {number} depth @returns {Read | null} */
function readQuote(lines, at, depth) {
  const mark = /^ {0,3}> ?/;
  if (!mark.test(lines[at])) return null;
  /** @type {string[]} */
  const inside = [];
  let next = at;
  for (; next < lines.length && lines[next].trim(); next += 1) {
    const marked = mark.test(lines[next]);
    if (!marked && interrupts(lines, next)) break;
    inside.push(lines[next].replace(mark, ""));
  }
  return { body: { type: "quote", children: parseBlocks(inside.join("\n"), depth + 1) }, next };
}

/** @param {string[]} lines @param {number} at @returns {Read | null} */
function readTable(lines, at) {
  if (!isTable(lines, at)) return null;
  const head = cells(lines[at]);
  const align = cells(lines[at + 1]).map(alignment);
  /** @type {string[][]} */
  const rows = [];
  let next = at + 2;
  for (; next < lines.length && lines[next].includes("|"); next += 1) {
    const row = cells(lines[next]);
    rows.push(head.map((_, index) => row[index] ?? ""));
  }
  return { body: { type: "table", align, head, rows }, next };
}

/** @param {string[]} lines @param {number} at */
function isTable(lines, at) {
  const below = lines[at + 1];
  if (!below || !lines[at].includes("|") || !/^[\s|:-]+$/.test(below)) return false;
  const marks = cells(below);
  return marks.length === cells(lines[at]).length && marks.every((cell) => /^:?-+:?$/.test(cell));
}

/** @param {string} line */
function cells(line) {
  const inside = line.trim().replace(/^\|/, "");
  /** @type {string[]} */
  const found = [];
  let cell = "";
  let code = false;
  for (let at = 0; at < inside.length; at += 1) {
    const char = inside[at];
    if (char === "\\" && inside[at + 1] === "|") {
      cell += "|";
      at += 1;
    } else if (char === "|" && !code) {
      found.push(cell.trim());
      cell = "";
    } else {
      // GitHub asks for \| inside code; models do not know that.
      if (char === "`") code = !code && inside.indexOf("`", at + 1) > 0;
      cell += char;
    }
  }
  if (cell.trim()) found.push(cell.trim());
  return found;
}

/** @param {string} mark @returns {Align} */
function alignment(mark) {
  const left = mark.startsWith(":");
  const right = mark.endsWith(":");
  return left && right ? "center" : right ? "right" : left ? "left" : "";
}

/** @param {string[]} lines @param {number} at @returns {Read | null} */
function readIndented(lines, at) {
  if (!lines[at].startsWith("    ")) return null;
  let next = at;
  while (next < lines.length && (lines[next].startsWith("    ") || !lines[next].trim())) next += 1;
  const text = lines
    .slice(at, next)
    .map((line) => line.slice(4))
    .join("\n")
    .trimEnd();
  return { body: { type: "code", language: "", text, closed: true }, next };
}

/** @param {string[]} lines @param {number} at @returns {Read} */
function readParagraph(lines, at) {
  let next = at + 1;
  while (next < lines.length && lines[next].trim() && !interrupts(lines, next)) next += 1;
  const text = lines
    .slice(at, next)
    .map((line) => line.trimStart())
    .join("\n")
    .trimEnd();
  return { body: { type: "paragraph", text }, next };
}
