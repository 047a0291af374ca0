import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import en from "../../../src/salon/web/i18n/en.js";
import zh from "../../../src/salon/web/i18n/zh.js";

const WEB = new URL("../../../src/salon/web/", import.meta.url);
const sources = readdirSync(WEB, { recursive: true })
  .filter((name) => name.endsWith(".js") && !name.startsWith("i18n"))
  .map((name) => readFileSync(new URL(name, WEB), "utf8"))
  .join("\n");

test("both languages have the same keys", () => assert.deepEqual(Object.keys(zh), Object.keys(en)));

test("both languages fill in the same values", () => {
  const values = (text) => (text.match(/\{\w+\}/g) ?? []).sort();
  for (const key of Object.keys(en)) assert.deepEqual(values(zh[key]), values(en[key]), key);
});

test("Chinese has Chinese punctuation", () => {
  for (const text of Object.values(zh)) assert.doesNotMatch(text, /[\u4e00-\u9fff][,:;?!()]/, text);
});

test("the page says 你 to everybody", () => {
  for (const [key, text] of Object.entries(zh)) assert.doesNotMatch(text, /您/, key);
});

test("no text is left that nobody says", () => {
  // A key that begins with one of these is put together where it is said.
  const built = [
    "calls over",
    "calls quality",
    "calls state",
    "effort",
    "files in",
    "files over",
    "files place",
    "files state",
    "live sends",
    "live state",
    "monitor group",
    "phase",
    "problem",
    "search",
    "state",
    "theme",
    "tool",
    "view",
    "voice advice",
    "voice eagerness",
    "voice part",
    "voice slow",
    "voice speech",
    "voice stage",
    "voice state",
    "voice test",
    "voice way",
  ];
  const unused = Object.keys(en).filter((key) => !built.some((words) => key.startsWith(`${words} `)) && !sources.includes(`"${key}"`));
  assert.deepEqual(unused, []);
});
