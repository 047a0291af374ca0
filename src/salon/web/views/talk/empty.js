/** Before the first word: who is there, and what one could ask. */

import { language, t, worded } from "../../i18n/i18n.js";
import { h } from "../../ui/dom.js";
import { icon, mark } from "../../ui/icons.js";
import { answererName } from "./picker.js";

/** @typedef {import("../../page.js").Page} Page */

/** @param {Page} page @param {(text: string) => void} ask */
export function buildWelcome(page, ask) {
  const { agent, config } = page;
  const suggestions = agent?.suggestions[language()] ?? agent?.suggestions.en ?? [];
  return h(
    "div",
    { class: "welcome" },
    mark(),
    h("p", { class: "welcome-title" }, t("welcome")),
    h("p", { class: "welcome-about" }, (agent && worded(agent.description)) || t("welcome about", { model: answererName(page) })),
    suggestions.length > 0 &&
      h(
        "ul",
        { class: "suggestions", "aria-label": t("suggestions") },
        ...suggestions
          .slice(0, 4)
          .map((text) => h("li", null, h("button", { type: "button", onclick: () => ask(text) }, h("span", null, text), icon("send")))),
      ),
    config.demo && demoNotice(page),
  );
}

/** @param {Page} page */
function demoNotice(page) {
  const { preferences } = page;
  const notice = h(
    "details",
    { class: "demo", open: !preferences.values.demoSeen },
    h("summary", null, icon("info"), h("span", null, t("demo title")), icon("chevron", "turn")),
    h(
      "div",
      null,
      h("p", null, t("demo text")),
      h(
        "ol",
        null,
        way("demo spark", "SPARK_APP_ID SPARK_API_KEY SPARK_API_SECRET"),
        way("demo openai", "OPENAI_API_KEY OPENAI_BASE_URL"),
        way("demo local", "ollama pull qwen3\nsalon serve --llm ollama:qwen3"),
      ),
    ),
  );
  notice.addEventListener("toggle", () => preferences.set("demoSeen", !notice.open));
  return notice;
}

/** @param {import("../../i18n/i18n.js").Key} text @param {string} command */
function way(text, command) {
  return h("li", null, h("span", null, t(text)), h("code", null, command));
}
