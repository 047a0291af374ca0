/** Before the first word: the scenes to talk in, how the chosen one begins, and what one could say. */

import { language, t, worded } from "../../i18n/i18n.js";
import { h } from "../../ui/dom.js";
import { icon } from "../../ui/icons.js";
import { answererName } from "../talk/picker.js";

/** @typedef {import("../../page.js").Page} Page */

const MOST_SAMPLES = 3;

/** @param {Page} page @param {(model: string) => void} choose @param {(text: string) => void} ask */
export function buildScenes(page, choose, ask) {
  const { agent, config } = page;
  const samples = agent?.suggestions[language()] ?? agent?.suggestions.en ?? [];
  const welcome = agent && worded(agent.welcome);
  return h(
    "div",
    { class: "welcome scenes-frame" },
    h("p", { class: "welcome-title" }, t("voice scenes")),
    h("p", { class: "welcome-about" }, t("voice about")),
    config.agents.length > 1 &&
      h(
        "div",
        { class: "scenes", role: "radiogroup", "aria-label": t("voice scenes") },
        ...config.agents.map((each) => {
          const chosen = each === agent;
          return h(
            "button",
            { type: "button", class: "scene", role: "radio", "aria-checked": String(chosen), tabindex: chosen || (!agent && each === config.agents[0]) ? 0 : -1, onclick: () => choose(each.name), onkeydown: step },
            h("strong", null, worded(each.title)),
            h("span", null, worded(each.description)),
          );
        }),
      ),
    h(
      "div",
      { class: "scene-chosen" },
      h("p", null, h("strong", null, answererName(page)), welcome && `: “${welcome}”`),
      samples.length > 0 && h("p", { class: "faint" }, t("voice samples")),
      samples.length > 0 &&
        h("ul", { class: "suggestions" }, ...samples.slice(0, MOST_SAMPLES).map((text) => h("li", null, h("button", { type: "button", onclick: () => ask(text) }, h("span", null, text), icon("send"))))),
      config.demo && h("p", { class: "scene-demo" }, icon("info"), h("span", null, t("voice demo"))),
    ),
  );
}

/** Arrow keys choose the one before or after, as in any group of radio buttons. @param {KeyboardEvent} event */
function step(event) {
  const way = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  if (!way || !(event.target instanceof HTMLElement)) return;
  event.preventDefault();
  const all = [.../** @type {HTMLElement} */ (event.target.parentElement).querySelectorAll("button")];
  const next = all[(all.indexOf(/** @type {HTMLButtonElement} */ (event.target)) + way + all.length) % all.length];
  next.focus();
  next.click();
}
