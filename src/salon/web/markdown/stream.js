/**
 * Markdown that is still being written. All blocks but the last are final, so only the last is parsed and rendered again, and
 * of a long list or of long code only its end. Updates are gathered per animation frame.
 */

import { h } from "../ui/dom.js";
import { parseBlocks } from "./blocks.js";
import { mend } from "./mend.js";
import { fillCode, renderBlock, renderItem } from "./render.js";

/** @typedef {import("./blocks.js").Block} Block */
/** @typedef {{ block: Block, node: HTMLElement }} Shown */

export class MarkdownStream {
  /** @param {import("./render.js").Labels} labels */
  constructor(labels) {
    this.root = h("div", { class: "markdown" });
    this.labels = labels;
    this.text = "";
    this.done = false;
    /** @type {Shown | null} the block that may still change */
    this.last = null;
    /** Where it begins. */
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
    this.last = null;
    this.tail = 0;
  }

  flush() {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    const base = this.tail;
    const blocks = parseBlocks(this.text.slice(base));
    for (const [index, block] of blocks.entries()) {
      const final = this.done || index < blocks.length - 1;
      if (index === 0 && this.last) this.replace(this.last, block, final);
      else this.append(block, final);
      this.tail = base + block.start;
    }
  }

  /** @param {Block} block @param {boolean} final */
  append(block, final) {
    const node = renderBlock(this.ready(block, final), this.labels);
    this.root.append(node);
    this.last = { block, node };
  }

  /** @param {Shown} shown @param {Block} block @param {boolean} final */
  replace(shown, block, final) {
    const { block: old, node } = shown;
    if (old.raw === block.raw && !final) return;
    if (old.type === "code" && block.type === "code" && old.language === block.language) {
      const code = /** @type {HTMLElement} */ (node.querySelector("code"));
      const text = code.firstChild;
      if (!block.closed && text instanceof Text && block.text.startsWith(text.data)) {
        text.appendData(block.text.slice(text.data.length));
      } else fillCode(code, block);
      shown.block = block;
    } else if (old.type === "list" && block.type === "list" && old.loose === block.loose && old.ordered === block.ordered) {
      this.replaceItems(node, old, block);
      shown.block = block;
    } else {
      const next = renderBlock(this.ready(block, final), this.labels);
      node.replaceWith(next);
      this.last = { block, node: next };
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
