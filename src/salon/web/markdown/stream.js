/**
 * Markdown that is still being written. What is settled is not looked at again, so a long answer costs no more per word than a
 * short one; of a long list or of long code only the end is made anew. Updates are gathered per animation frame.
 */

import { h } from "../ui/dom.js";
import { parseBlocks } from "./blocks.js";
import { mend } from "./mend.js";
import { fillCode, renderBlock, renderItem } from "./render.js";

/** @typedef {import("./blocks.js").Block} Block */
/** @typedef {{ block: Block, node: HTMLElement, final: boolean }} Shown */

// What a block is, and so where the one before it ends, is decided by its first two lines: a table needs both.
const DECIDED_LINES = 2;

export class MarkdownStream {
  /** @param {import("./render.js").Labels} labels */
  constructor(labels) {
    this.root = h("div", { class: "markdown" });
    this.labels = labels;
    this.text = "";
    this.done = false;
    /** The blocks that may still change. @type {Shown[]} */
    this.open = [];
    /** Where the first of them begins. */
    this.tail = 0;
    this.frame = 0;
  }

  /**
   * The whole text so far. A text that does not continue the one before is shown from the start.
   * @param {string} text
   * @param {boolean} done whether it is whole
   */
  update(text, done) {
    if (text === this.text && done === this.done) return;
    if (!text.startsWith(this.text)) this.reset();
    this.text = text;
    this.done = done;
    if (done) this.flush();
    else this.frame ||= requestAnimationFrame(() => this.flush());
  }

  reset() {
    this.root.replaceChildren();
    this.open = [];
    this.tail = 0;
  }

  flush() {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    const text = this.text.slice(this.tail);
    const blocks = parseBlocks(text);
    for (const { node } of this.open.splice(blocks.length)) node.remove();
    for (const [index, block] of blocks.entries()) {
      const final = this.done || index < blocks.length - 1;
      if (this.open[index]) this.replace(this.open[index], block, final);
      else this.append(block, final);
    }
    this.settle(text, blocks);
  }

  /** Let go of what cannot change any more. @param {string} text @param {Block[]} blocks */
  settle(text, blocks) {
    const first = blocks.findLastIndex(({ start }) => text.slice(start).split("\n", DECIDED_LINES + 1).length > DECIDED_LINES);
    if (first <= 0) return;
    this.open.splice(0, first);
    this.tail += blocks[first].start;
  }

  /** @param {Block} block @param {boolean} final */
  append(block, final) {
    const node = renderBlock(this.ready(block, final), this.labels);
    this.root.append(node);
    this.open.push({ block, node, final });
  }

  /** @param {Shown} shown @param {Block} block @param {boolean} final */
  replace(shown, block, final) {
    const { block: old, node } = shown;
    if (old.raw === block.raw && shown.final === final) return;
    shown.block = block;
    shown.final = final;
    if (old.type === "code" && block.type === "code" && old.language === block.language) {
      const code = /** @type {HTMLElement} */ (node.querySelector("code"));
      const text = code.firstChild;
      if (!old.closed && !block.closed && text instanceof Text && block.text.startsWith(text.data)) {
        text.appendData(block.text.slice(text.data.length));
      } else fillCode(code, block);
    } else if (old.type === "list" && block.type === "list" && sameKind(old, block)) {
      this.replaceItems(node, old, block);
    } else {
      shown.node = renderBlock(this.ready(block, final), this.labels);
      node.replaceWith(shown.node);
    }
  }

  /**
   * @param {HTMLElement} node
   * @param {Extract<Block, { type: "list" }>} old
   * @param {Extract<Block, { type: "list" }>} list
   */
  replaceItems(node, old, list) {
    for (const [index, item] of list.items.entries()) {
      if (old.items[index]?.raw === item.raw) continue;
      const next = renderItem(item, list.loose, this.labels);
      if (node.children[index]) node.children[index].replaceWith(next);
      else node.append(next);
    }
    while (node.children.length > list.items.length) node.lastElementChild?.remove();
  }

  /** @param {Block} block @param {boolean} final @returns {Block} */
  ready(block, final) {
    if (final || (block.type !== "paragraph" && block.type !== "heading")) return block;
    return { ...block, text: mend(block.text) };
  }
}

/** @param {Extract<Block, { type: "list" }>} a @param {Extract<Block, { type: "list" }>} b */
function sameKind(a, b) {
  return a.loose === b.loose && a.ordered === b.ordered && a.first === b.first;
}
