/** Markdown's lists: an item is whatever stands indented behind its marker, and is Markdown again. */

import { MARKER, interrupts, parseBlocks } from "./blocks.js";

/** @typedef {import("./blocks.js").ListItem} ListItem */

/** Where an item's text stands: `from` columns at least, and `strip` columns are taken off. @typedef {{ from: number, strip: number }} Margin */

/**
 * The list that begins on this line, or null.
 *
 * @param {string[]} lines
 * @param {number} at
 * @param {number} depth
 * @returns {import("./blocks.js").Read | null}
 */
export function parseList(lines, at, depth) {
  const first = MARKER.exec(lines[at]);
  if (!first || first[1].length > 3) return null;
  const kind = kindOf(first[2]);
  /** @type {ListItem[]} */
  const items = [];
  let loose = false;
  let next = at;
  for (;;) {
    const marker = next < lines.length ? MARKER.exec(lines[next]) : null;
    if (!marker || kindOf(marker[2]) !== kind || marker[1].length > first[1].length + 3) break;
    const end = endOfItem(lines, next, marginOf(marker));
    const inside = itemLines(lines.slice(next, end), marker);
    items.push(toItem(inside, depth));
    next = end;
    while (next < lines.length && !lines[next].trim()) next += 1;
    const follows = next < lines.length && continues(lines[next], kind);
    // "A list is loose if any of its constituent list items are separated by blank lines" (CommonMark 5.3).
    if (next > end && follows) loose = true;
    if (!follows) {
      next = end;
      break;
    }
  }
  loose ||= items.some((item) => item.children.some((child, index) => child.type === "paragraph" && index > 0));
  const ordered = /\d/.test(first[2]);
  return { body: { type: "list", ordered, first: ordered ? Number.parseInt(first[2], 10) : 1, loose, items }, next };
}

/** Markers of one kind make one list: `-`, `*`, `+`, `1.` or `1)`. @param {string} marker */
function kindOf(marker) {
  return marker[marker.length - 1];
}

/** @param {string} line @param {string} kind */
function continues(line, kind) {
  const marker = MARKER.exec(line);
  return marker !== null && kindOf(marker[2]) === kind && marker[1].length <= 3;
}

/** @param {RegExpExecArray} marker @returns {Margin} */
function marginOf([whole, indent, mark]) {
  const wide = whole.length - indent.length - mark.length;
  const strip = indent.length + mark.length + (wide > 4 || wide === 0 ? 1 : wide);
  // CommonMark wants the full width. Models often indent by two below "1. ", so two are enough here.
  return { from: indent.length + 2, strip };
}

/**
 * The line behind an item that begins at `at`.
 * @param {string[]} lines
 * @param {number} at
 * @param {Margin} margin
 */
function endOfItem(lines, at, margin) {
  let end = at + 1;
  let blank = false;
  for (let next = at + 1; next < lines.length; next += 1) {
    const line = lines[next];
    if (!line.trim()) {
      blank = true;
      continue;
    }
    const inside = line.length - line.trimStart().length >= margin.from;
    // Text that goes on without indentation belongs to the paragraph before it ("laziness").
    const lazy = !blank && !interrupts(lines, next) && !MARKER.test(line);
    if (!inside && !lazy) break;
    blank = false;
    end = next + 1;
  }
  return end;
}

/** @param {string[]} lines @param {RegExpExecArray} marker */
function itemLines(lines, marker) {
  const { strip } = marginOf(marker);
  const margin = new RegExp(`^ {0,${strip}}`);
  return lines.map((line, index) => (index === 0 ? line.slice(marker[0].length) : line.replace(margin, "")));
}

/** @param {string[]} lines @param {number} depth @returns {ListItem} */
function toItem(lines, depth) {
  const task = /^\[([ xX])\](?: |$)/.exec(lines[0]);
  const raw = lines.join("\n");
  const text = task ? raw.slice(task[0].length) : raw;
  return { checked: task ? task[1] !== " " : null, children: parseBlocks(text, depth + 1), raw };
}
