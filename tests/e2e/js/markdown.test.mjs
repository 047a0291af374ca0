import assert from "node:assert/strict";
import { test } from "node:test";
import { parseBlocks } from "../../../src/salon/web/markdown/blocks.js";
import { parseInline } from "../../../src/salon/web/markdown/inline.js";
import { safeHref } from "../../../src/salon/web/markdown/links.js";
import { mend } from "../../../src/salon/web/markdown/mend.js";
import { tint } from "../../../src/salon/web/markdown/tint.js";

/** A tree in one line: what is a parent is a name with its children in parentheses. */
function inline(text) {
  const show = (node) => {
    if (node.type === "text") return node.text;
    if (node.type === "break") return "/";
    if (node.type === "link") return `${node.image ? "image" : "link"}<${node.href}>(${node.children.map(show).join("")})`;
    return `${node.type}(${node.children ? node.children.map(show).join("") : node.text})`;
  };
  return parseInline(text).map(show).join("");
}

function blocks(text) {
  const show = (block) => {
    switch (block.type) {
      case "list": {
        const items = block.items.map(
          ({ checked, children }) => `${checked === null ? "" : checked ? "[x]" : "[ ]"}${children.map(show).join(",")}`,
        );
        return `${block.ordered ? `ol${block.first}` : "ul"}(${items.join("|")})`;
      }
      case "quote":
        return `quote(${block.children.map(show).join(",")})`;
      case "table":
        return `table(${[block.head, ...block.rows].map((row) => row.join("&")).join("|")})`;
      case "code":
        return `code:${block.language}(${block.text})${block.closed ? "" : "…"}`;
      case "heading":
        return `h${block.level}(${block.text})`;
      case "rule":
        return "rule";
      default:
        return block.type === "paragraph" ? block.text : `${block.type}(${block.text})`;
    }
  };
  return parseBlocks(text).map(show).join(" ");
}

for (const [text, wanted] of [
  ["*a* **b** ***c*** ~~d~~ `e`", "em(a) strong(b) strong(em(c)) del(d) code(e)"],
  ["**“粗体”**之后", "strong(“粗体”)之后"],
  ["**a *b** c*", "strong(a *b) c*"],
  ["snake_case_name 2 * 3 * 4", "snake_case_name 2 * 3 * 4"],
  ["`` a`b `` `open", "code(a`b) `open"],
  ["a\nb<br>c", "a/b/c"],
  ["\\*a\\* \\a", "*a* \\a"],
  ["$x_1 * y_1$ costs $5 and $6", "math($x_1 * y_1$) costs $5 and $6"],
  ["\\(a*b*c\\)", "math(\\(a*b*c\\))"],
  ["[a **b**](https://c.d/e_(f) \"g\")", "link<https://c.d/e_(f)>(a strong(b))"],
  ["![a](https://b.c/d.png)", "image<https://b.c/d.png>(a)"],
  ["[a](javascript:b) [c](/d)", "[a](javascript:b) [c](/d)"],
  ["见 https://a.b/c。之后", "见 link<https://a.b/c>(https://a.b/c)。之后"],
  ["(https://a.b/c).", "(link<https://a.b/c>(https://a.b/c))."],
  ["<https://a.b> <script>", "link<https://a.b/>(https://a.b) <script>"],
  ["&lt;b&gt; &copy;", "<b> &copy;"],
]) {
  test(`inline: ${text}`, () => assert.equal(inline(text), wanted));
}

for (const [text, wanted] of [
  ["# a #\n## b\n#c", "h1(a) h2(b) #c"],
  ["a\nb\n\nc", "a\nb c"],
  ["- a\n- b\n  - c\n  - d\n- e", "ul(a|b,ul(c|d)|e)"],
  ["1. a\n  - b\n2. c", "ol1(a,ul(b)|c)"],
  ["3) a\n\n   b\n4) c", "ol3(a,b|c)"],
  ["- [x] a\n- [ ] b\n- [y] c", "ul([x]a|[ ]b|[y] c)"],
  ["* a\n- b", "ul(a) ul(b)"],
  ["> a\n> - b\n\nc", "quote(a,ul(b)) c"],
  ["```js\n  a\n\nb\n```\nc", "code:js(  a\n\nb) c"],
  ["```\na", "code:(a)…"],
  ["- a\n  ```\n  b\n  ```", "ul(a,code:(b))"],
  ["| a | b |\n|---|:-:|\n| 1 | `x|y` |\n| 2 |\nc", "table(a&b|1&`x|y`|2&) c"],
  ["a | b\nc", "a | b\nc"],
  ["a\n---\nb\n***", "a rule b rule"],
  ["$$\na\n$$", "math($$\na\n$$)"],
  ["a\n2. b", "a\n2. b"],
  ["", ""],
]) {
  test(`blocks: ${JSON.stringify(text)}`, () => assert.equal(blocks(text), wanted));
}

test("blocks cover the text: what lies before the last one never changes", () => {
  const text = "# a\n\nb\n\n- c\n  - d\n\n```\ne\n```\nf";
  for (let length = 1; length < text.length; length += 1) {
    const before = parseBlocks(text.slice(0, length)).slice(0, -1);
    const after = parseBlocks(text);
    assert.deepEqual(after.slice(0, before.length), before);
  }
});

for (const [address, wanted] of [
  ["https://a.b/c d", "https://a.b/cd"],
  ["mailto:a@b.c", "mailto:a@b.c"],
  ["java\nscript:alert(1)", null],
  ["JAVASCRIPT:alert(1)", null],
  ["data:text/html,a", null],
  ["//a.b", null],
  ["a.b", null],
]) {
  test(`address: ${JSON.stringify(address)}`, () => assert.equal(safeHref(address), wanted));
}

for (const [text, wanted] of [
  ["a **b", "a **b**"],
  ["a **b**", "a **b**"],
  ["a `b", "a `b`"],
  ["a [b](https://c", "a b"],
  ["a [b", "a b"],
  ["a *", "a"],
]) {
  test(`half: ${text}`, () => assert.equal(mend(text), wanted));
}

test("tinted code is the code", () => {
  const code = 'const a = "b"; // c\nreturn 0x1F';
  const pieces = tint(code, "js");
  assert.equal(pieces.map(({ text }) => text).join(""), code);
  assert.deepEqual(
    pieces.filter(({ kind }) => kind).map(({ kind, text }) => `${kind} ${text}`),
    ["word const", 'string "b"', "comment // c", "word return", "number 0x1F"],
  );
  assert.deepEqual(tint(code, "cobol"), [{ kind: "", text: code }]);
});

test("hostile text is read in time", () => {
  const started = performance.now();
  for (const piece of ["*a*_b_**c", "[a](", "`a``b", "http://a)", "- ", "\\[\n", "$a$1", "> ", "* a\n", "[[[[", "|a|\n|-|\n"]) {
    const text = piece.repeat(20_000 / piece.length);
    for (const block of parseBlocks(text)) if ("text" in block) parseInline(block.text);
    parseInline(text);
  }
  assert.ok(performance.now() - started < 10_000);
});
