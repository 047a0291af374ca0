/** Markdown's tree as elements. Text goes into text nodes and addresses have been checked, so nothing here can run. */

import { copyText } from "../ui/clipboard.js";
import { h, put } from "../ui/dom.js";
import { icon } from "../ui/icons.js";
import { parseInline } from "./inline.js";
import { tint } from "./tint.js";

/** @typedef {import("./inline.js").Inline} Inline */
/** @typedef {import("./blocks.js").Block} Block */
/** What is said around the text. @typedef {{ copy: string, copied: string, code: string, table: string }} Labels */

const COPIED_MS = 1600;

/**
 * @param {Block} block
 * @param {Labels} labels
 * @returns {HTMLElement}
 */
export function renderBlock(block, labels) {
  switch (block.type) {
    case "heading": {
      // An answer's first level comes below the page's own two.
      const name = /** @type {"h3"} */ (`h${Math.min(block.level + 2, 6)}`);
      return h(name, { class: `md-h${block.level}` }, ...renderInline(block.text));
    }
    case "paragraph":
      return h("p", null, ...renderInline(block.text));
    case "math":
      return h("div", { class: "math-block" }, block.text);
    case "rule":
      return h("hr");
    case "quote":
      return h("blockquote", null, ...block.children.map((child) => renderBlock(child, labels)));
    case "list":
      return renderList(block, labels);
    case "table":
      return renderTable(block, labels);
    case "code":
      return renderCode(block, labels);
  }
}

/**
 * @param {string | Inline[]} source
 * @returns {Node[]}
 */
export function renderInline(source) {
  const nodes = typeof source === "string" ? parseInline(source) : source;
  return nodes.map((node) => {
    switch (node.type) {
      case "text":
        return document.createTextNode(node.text);
      case "code":
        return h("code", null, node.text);
      case "math":
        return h("span", { class: "math" }, node.text);
      case "break":
        return h("br");
      case "link":
        return renderLink(node);
      default:
        return h(node.type, null, ...renderInline(node.children));
    }
  });
}

/** @param {Extract<Inline, { type: "link" }>} link */
function renderLink({ href, image, children }) {
  const inside = renderInline(children);
  // An image is not fetched: its address would tell somebody that, and when, this answer was read.
  if (image) inside.unshift(icon("image"), document.createTextNode(inside.length ? " " : href));
  return h("a", { href, target: "_blank", rel: "noopener noreferrer nofollow" }, ...inside);
}

/** @param {Extract<Block, { type: "list" }>} list @param {Labels} labels */
function renderList(list, labels) {
  const items = list.items.map((item) => renderItem(item, list.loose, labels));
  if (!list.ordered) return h("ul", null, ...items);
  return h("ol", { start: list.first === 1 ? null : list.first }, ...items);
}

/** @param {import("./blocks.js").ListItem} item @param {boolean} loose @param {Labels} labels */
export function renderItem(item, loose, labels) {
  const inside = item.children.flatMap((child) => {
    if (child.type === "paragraph" && !loose) return renderInline(child.text);
    return [renderBlock(child, labels)];
  });
  if (item.checked === null) return h("li", null, ...inside);
  const state = item.checked ? "☑" : "☐";
  const box = h("span", { class: item.checked ? "task done" : "task", role: "img", "aria-label": state });
  if (item.checked) box.append(icon("check"));
  return h("li", { class: "task-item" }, box, h("div", null, ...inside));
}

/** @param {Extract<Block, { type: "table" }>} table @param {Labels} labels */
function renderTable({ head, align, rows }, labels) {
  /** @param {"th" | "td"} name @param {string[]} row */
  const cells = (name, row) =>
    row.map((text, index) =>
      h(name, { class: align[index] ? `to-${align[index]}` : null, scope: name === "th" ? "col" : null }, ...renderInline(text)),
    );
  // What scrolls must be reachable by keyboard.
  return h(
    "div",
    { class: "table", role: "region", tabindex: 0, "aria-label": labels.table },
    h(
      "table",
      null,
      h("thead", null, h("tr", null, ...cells("th", head))),
      h("tbody", null, ...rows.map((row) => h("tr", null, ...cells("td", row)))),
    ),
  );
}

/** @param {Extract<Block, { type: "code" }>} block @param {Labels} labels */
function renderCode(block, labels) {
  const code = h("code", null);
  fillCode(code, block);
  const label = h("span", null, labels.copy);
  const copy = h("button", { class: "code-copy", type: "button", onclick: () => void copyCode() }, icon("copy"), label);

  async function copyCode() {
    await copyText(code.textContent ?? "");
    put(label, labels.copied);
    setTimeout(() => put(label, labels.copy), COPIED_MS);
  }

  return h(
    "div",
    { class: "code" },
    h("div", { class: "code-head" }, h("span", { class: "code-language" }, block.language || labels.code), copy),
    h("pre", { tabindex: 0, role: "region", "aria-label": block.language || labels.code }, code),
  );
}

/** @param {HTMLElement} code @param {Extract<Block, { type: "code" }>} block */
export function fillCode(code, block) {
  // Tinted once it is whole: a comment that is not closed yet would colour all that follows.
  const pieces = block.closed ? tint(block.text, block.language) : [{ kind: "", text: block.text }];
  put(code, ...pieces.map(({ kind, text }) => (kind ? h("span", { class: `t-${kind}` }, text) : text)));
}
