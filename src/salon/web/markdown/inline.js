/**
 * Markdown within a paragraph: text to a tree, in one pass from left to right.
 *
 * CommonMark, with three departures that chat needs. Emphasis beside Chinese punctuation works (`**“粗体”**之后`), since only
 * spaces and not punctuation decide what opens and closes. A line break in the text is a line break. Math stays as it is
 * written: `$x_1$`, `\(x_1\)`.
 */

import { safeHref } from "./links.js";

/**
 * @typedef {{ type: "text", text: string }
 *   | { type: "code", text: string }
 *   | { type: "math", text: string }
 *   | { type: "break" }
 *   | { type: "strong" | "em" | "del", children: Inline[] }
 *   | { type: "link", href: string, image: boolean, children: Inline[] }} Inline
 */

/**
 * Something opened and not closed yet; `mark` is what stands in the text for it.
 * @typedef {{ mark: string, children: Inline[] }} Frame
 */

// Deeper than anybody writes; it bounds the time a closing mark may search and the depth of the tree.
const MAX_DEPTH = 32;
const PUNCTUATION = /[!-/:-@[-`{-~]/;
const ENTITIES = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", "#39": "'", nbsp: "\u00a0" };
const ENTITY = /&(amp|lt|gt|quot|apos|#39|nbsp);/y;
const BREAK = /<br\s*\/?>/iy;
const ANGLE = /<((?:https?:\/\/|mailto:)[^\s<>]*)>/iy;
// ASCII only, so that an address ends where Chinese text goes on.
const BARE = /https?:\/\/[\w\-.~:/?#[\]@!$&'()*+,;=%]+/iy;
// Longer addresses are text; it bounds the time that half of one can take.
const MAX_ADDRESS = 2048;
const WORD = /[\p{L}\p{N}_]/u;

/**
 * @param {string} text
 * @returns {Inline[]}
 */
export function parseInline(text) {
  return new Scanner(text).run();
}

class Scanner {
  /** @param {string} text */
  constructor(text) {
    this.text = text;
    this.at = 0;
    this.plain = "";
    /** @type {Frame[]} */
    this.frames = [{ mark: "", children: [] }];
    // A bracket that no "](" follows cannot become a link.
    this.lastLink = text.lastIndexOf("](");
    /** Marks that are known to have no second half further on: without this, many of them cost quadratic time. */
    this.lonely = new Set();
  }

  run() {
    while (this.at < this.text.length) this.step();
    return this.collapse(0);
  }

  step() {
    const char = this.text[this.at];
    switch (char) {
      case "\\":
        return this.escape();
      case "\n":
        this.plain = this.plain.replace(/[ \t]+$/, "");
        this.push({ type: "break" });
        return this.skip(1);
      case "`":
        return this.code();
      case "$":
        return this.dollar();
      case "*":
      case "_":
      case "~":
        return this.emphasis(char);
      case "!":
        return this.text[this.at + 1] === "[" ? this.bracket("![") : this.take(1);
      case "[":
        return this.bracket("[");
      case "]":
        return this.closeBracket();
      case "&":
        return this.entity();
      case "<":
        return this.angle();
      case "h":
      case "H":
        return this.bareAddress();
      default:
        return this.take(1);
    }
  }

  /** @param {number} count */
  skip(count) {
    this.at += count;
  }

  /** Read `count` characters as they are. @param {number} count */
  take(count) {
    this.plain += this.text.slice(this.at, this.at + count);
    this.at += count;
  }

  /** @param {Inline} node */
  push(node) {
    const { children } = this.frames[this.frames.length - 1];
    if (this.plain) children.push({ type: "text", text: this.plain });
    this.plain = "";
    children.push(node);
  }

  /** @param {string} mark */
  open(mark) {
    const { children } = this.frames[this.frames.length - 1];
    if (this.plain) children.push({ type: "text", text: this.plain });
    this.plain = "";
    this.frames.push({ mark, children: [] });
  }

  /** What frames from `depth` on contain, whose marks turn out to be text after all. @param {number} depth */
  collapse(depth) {
    const [first, ...rest] = this.frames.splice(depth);
    for (const frame of rest) {
      first.children.push({ type: "text", text: frame.mark }, ...frame.children);
    }
    if (this.plain) first.children.push({ type: "text", text: this.plain });
    this.plain = "";
    return first.children;
  }

  escape() {
    const next = this.text[this.at + 1] ?? "";
    if (next === "(" && this.math("\\(", "\\)")) return;
    if (next === "[" && this.math("\\[", "\\]")) return;
    if (!PUNCTUATION.test(next)) return this.take(1);
    this.skip(1);
    this.take(1);
  }

  code() {
    const fence = /`+/y;
    fence.lastIndex = this.at;
    const run = fence.exec(this.text)?.[0] ?? "`";
    const end = this.find(run, (at) => this.text[at - 1] !== "`" && this.text[at + run.length] !== "`");
    if (end < 0) return this.take(run.length);
    const inside = this.text.slice(this.at + run.length, end).replace(/\n/g, " ");
    // "If the resulting string both begins and ends with a space character, but does not consist entirely of space
    // characters, a single space character is removed from the front and back." (CommonMark 6.1)
    const padded = inside.startsWith(" ") && inside.endsWith(" ") && inside.trim() !== "";
    this.push({ type: "code", text: padded ? inside.slice(1, -1) : inside });
    this.at = end + run.length;
  }

  dollar() {
    if (this.text.startsWith("$$", this.at)) {
      if (!this.math("$$", "$$")) this.take(2);
      return;
    }
    // As in Pandoc: "The opening $ must have a non-space character immediately to its right, while the closing $ must have
    // a non-space character immediately to its left, and must not be followed immediately by a digit."
    const after = this.text[this.at + 1] ?? " ";
    const end = /\s/.test(after)
      ? -1
      : this.find("$", (at) => !/[\s\\]/.test(this.text[at - 1]) && !/\d/.test(this.text[at + 1] ?? ""));
    const inside = this.text.slice(this.at, end + 1);
    if (end < 0 || inside.includes("\n")) return this.take(1);
    this.push({ type: "math", text: inside });
    this.at = end + 1;
  }

  /** @param {string} start @param {string} stop */
  math(start, stop) {
    const end = this.find(stop, () => true, start.length);
    if (end < 0) return false;
    this.push({ type: "math", text: this.text.slice(this.at, end + stop.length) });
    this.at = end + stop.length;
    return true;
  }

  /**
   * Where `mark` closes what begins here, or -1.
   * @param {string} mark
   * @param {(at: number) => boolean} closes
   */
  find(mark, closes, length = mark.length) {
    if (this.lonely.has(mark)) return -1;
    let at = this.text.indexOf(mark, this.at + length);
    while (at >= 0 && !closes(at)) at = this.text.indexOf(mark, at + 1);
    if (at < 0) this.lonely.add(mark);
    return at;
  }

  /** @param {string} char */
  emphasis(char) {
    let run = 1;
    while (this.text[this.at + run] === char) run += 1;
    const before = this.text[this.at - 1] ?? " ";
    const after = this.text[this.at + run] ?? " ";
    if (run > 3 || (char === "~" && run !== 2)) return this.take(run);
    let opens = !/\s/.test(after);
    let closes = !/\s/.test(before);
    if (char === "_") {
      // snake_case is not emphasis.
      opens &&= !WORD.test(before);
      closes &&= !WORD.test(after);
    }
    this.skip(run);
    let left = run;
    while (closes && left > 0) {
      const closed = this.closeEmphasis(char, left);
      if (closed === 0) break;
      left -= closed;
    }
    if (left === 0) return;
    if (opens && this.frames.length < MAX_DEPTH) {
      if (left === 3) this.open(char.repeat(2));
      this.open(char.repeat(left === 3 ? 1 : left));
    } else this.plain += char.repeat(left);
  }

  /** How many of the `left` marks found their other half. @param {string} char @param {number} left */
  closeEmphasis(char, left) {
    let best = 0;
    for (let depth = this.frames.length - 1; depth > 0; depth -= 1) {
      const { mark } = this.frames[depth];
      if (mark.endsWith("[")) break;
      if (mark[0] !== char || mark.length > left) continue;
      best ||= depth;
      if (mark.length === left) {
        best = depth;
        break;
      }
    }
    if (best === 0) return 0;
    const { mark } = this.frames[best];
    const children = this.collapse(best);
    this.push({ type: char === "~" ? "del" : mark.length === 2 ? "strong" : "em", children });
    return mark.length;
  }

  /** @param {string} mark */
  bracket(mark) {
    if (this.lastLink < this.at || this.frames.length >= MAX_DEPTH) return this.take(mark.length);
    this.skip(mark.length);
    this.open(mark);
  }

  closeBracket() {
    let depth = this.frames.length - 1;
    while (depth > 0 && !this.frames[depth].mark.endsWith("[")) depth -= 1;
    if (depth === 0) return this.take(1);
    const { mark } = this.frames[depth];
    const target = this.text[this.at + 1] === "(" ? this.destination(this.at + 2) : null;
    const children = this.collapse(depth);
    const href = target && safeHref(target.address);
    if (target && href) {
      this.push({ type: "link", href, image: mark === "![", children });
      this.at = target.end;
      return;
    }
    const parent = this.frames[depth - 1].children;
    parent.push({ type: "text", text: mark }, ...children);
    this.take(1);
  }

  /**
   * The address in `(address "title")`, read from behind the parenthesis.
   * @param {number} at
   */
  destination(at) {
    const start = at;
    let depth = 1;
    let end = -1;
    let gap = -1;
    for (; at < this.text.length && at - start < MAX_ADDRESS; at += 1) {
      const char = this.text[at];
      if (char === "\n") break;
      if (/\s/.test(char) && gap < 0 && at > start) gap = at;
      if (char === "\\") at += 1;
      else if (char === "(") depth += 1;
      else if (char === ")" && (depth -= 1) === 0) {
        end = at;
        break;
      }
    }
    if (end < 0) return null;
    const address = this.text.slice(start, gap < 0 ? end : gap).replace(/^<|>$/g, "");
    return { address, end: end + 1 };
  }

  entity() {
    ENTITY.lastIndex = this.at;
    const found = ENTITY.exec(this.text);
    if (!found) return this.take(1);
    this.plain += ENTITIES[/** @type {keyof typeof ENTITIES} */ (found[1])];
    this.skip(found[0].length);
  }

  angle() {
    BREAK.lastIndex = ANGLE.lastIndex = this.at;
    const broken = BREAK.exec(this.text);
    if (broken) {
      this.push({ type: "break" });
      return this.skip(broken[0].length);
    }
    const found = ANGLE.exec(this.text);
    const href = found && safeHref(found[1]);
    if (!found || !href) return this.take(1);
    this.link(href, found[1].replace(/^mailto:/i, ""));
    this.skip(found[0].length);
  }

  bareAddress() {
    BARE.lastIndex = this.at;
    const found = WORD.test(this.text[this.at - 1] ?? " ") ? null : BARE.exec(this.text);
    const inLink = this.frames.some((frame) => frame.mark.endsWith("["));
    if (!found || inLink || found[0].length > MAX_ADDRESS) return this.take(found ? found[0].length : 1);
    let address = found[0].replace(/[.,;:!?'*_~]+$/, "");
    while (address.endsWith(")") && count(address, ")") > count(address, "(")) {
      address = address.slice(0, -1).replace(/[.,;:!?'*_~]+$/, "");
    }
    const href = safeHref(address);
    if (!href) return this.take(1);
    this.link(href, address);
    this.skip(address.length);
  }

  /** @param {string} href @param {string} text */
  link(href, text) {
    this.push({ type: "link", href, image: false, children: [{ type: "text", text }] });
  }
}

/** @param {string} text @param {string} char */
function count(text, char) {
  return text.split(char).length - 1;
}
