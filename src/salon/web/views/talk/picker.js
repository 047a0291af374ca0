/** Who answers: an agent of this server, or a model by its own name. */

import { t, worded } from "../../i18n/i18n.js";
import { h } from "../../ui/dom.js";
import { icon } from "../../ui/icons.js";
import { openMenu } from "../../ui/menu.js";

/** @typedef {import("../../page.js").Page} Page */

/** How a model is called where people read it. @param {string} name @param {string} [title] */
export function modelName(name, title = "") {
  if (name.startsWith("demo:")) return t("demo");
  return title || name;
}

/** Who answers the open conversation. @param {Page} page */
export function answererName(page) {
  const { model } = page.conversation.meta;
  if (page.agent) return worded(page.agent.title);
  return modelName(model, page.config.models.find(({ name }) => name === model)?.title);
}

/** @param {Page} page */
export function buildPicker(page) {
  const title = answererName(page);
  const label = `${t("answered by")}: ${title}`;
  return h(
    "button",
    {
      type: "button",
      class: "picker",
      "aria-label": label,
      title: label,
      "aria-haspopup": "menu",
      "aria-expanded": "false",
      onclick: (/** @type {Event} */ event) =>
        openMenu(/** @type {HTMLElement} */ (event.currentTarget), lines(page), t("answered by")),
    },
    h("span", null, title),
    icon("chevron"),
  );
}

/** @param {Page} page @returns {import("../../ui/menu.js").MenuLine[]} */
function lines(page) {
  const { agents, models } = page.config;
  const { model: chosen } = page.conversation.meta;
  /** @type {import("../../ui/menu.js").MenuLine[]} */
  const all = [{ heading: t("agents") }];
  for (const { name, title, description, llm } of agents) {
    all.push({ label: worded(title), detail: worded(description) || modelName(llm), checked: name === chosen, run: () => page.choose(name) });
  }
  if (models.length) all.push({ heading: t("models") });
  for (const { name, title } of models) {
    const label = modelName(name, title);
    all.push({ label, detail: label === name ? undefined : name, checked: name === chosen, run: () => page.choose(name) });
  }
  return all;
}
