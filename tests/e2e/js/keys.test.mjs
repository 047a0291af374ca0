import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";

globalThis.navigator ??= { platform: "" };
const { isComposing, sends } = await import("../../../src/salon/web/ui/keys.js");
const WEB = new URL("../../../src/salon/web/", import.meta.url);

test("a key belongs to an input method by its flag, and in Safari by its code", () => {
  const enter = { key: "Enter", isComposing: false, keyCode: 13 };
  assert.deepEqual([enter, { ...enter, isComposing: true }, { ...enter, keyCode: 229 }].map(isComposing), [false, true, true]);
  assert.equal(sends({ ...enter, keyCode: 229 }, "enter"), false);
});

test("whether a key belongs to an input method is asked in one place", () => {
  const asking = readdirSync(WEB, { recursive: true }).filter((name) => name.endsWith(".js") && /\.isComposing|229/.test(readFileSync(new URL(name, WEB), "utf8")));
  assert.deepEqual(asking, ["ui/keys.js"]);
});
