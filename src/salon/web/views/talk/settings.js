/** What this conversation does differently from its agent: instructions, how long to think, whether to search. */

import { t } from "../../i18n/i18n.js";
import { showDialog } from "../../ui/dialog.js";
import { h } from "../../ui/dom.js";

/** @typedef {import("../../page.js").Page} Page */

/** @type {import("../../model/types.js").Effort[]} */
const EFFORTS = ["", "none", "minimal", "low", "medium", "high", "xhigh"];
const SEARCH = { "": null, yes: true, no: false };

/** @param {Page} page */
export function showSettings(page) {
  const { conversation, session } = page;
  const { settings } = conversation.meta;
  const instructions = h(
    "textarea",
    { class: "field", rows: 8, maxlength: 50_000, placeholder: t("instructions hint") },
    settings.instructions,
  );
  const effort = h(
    "select",
    { class: "field" },
    ...EFFORTS.map((value) => h("option", { value, selected: value === settings.effort }, t(`effort ${value || "default"}`))),
  );
  const search = h(
    "select",
    { class: "field" },
    ...Object.entries(SEARCH).map(([value, wanted]) =>
      h("option", { value, selected: wanted === settings.search }, t(`search ${/** @type {"yes" | "no"} */ (value) || "default"}`)),
    ),
  );
  const tools = page.agent?.tools ?? [];

  showDialog({
    title: t("settings"),
    place: "side",
    onclose: () => {
      const next = {
        instructions: instructions.value.trim(),
        effort: /** @type {import("../../model/types.js").Effort} */ (effort.value),
        search: SEARCH[/** @type {keyof typeof SEARCH} */ (search.value)],
      };
      if (JSON.stringify(next) === JSON.stringify(settings)) return;
      conversation.meta.settings = next;
      conversation.touch();
      void conversation.save();
      session.update();
      page.toasts.show(t("settings saved"));
    },
    content: (close) => [
      h("label", { class: "labelled" }, h("span", null, t("instructions")), instructions),
      h("p", { class: "faint" }, t("instructions about")),
      h("label", { class: "labelled" }, h("span", null, t("effort")), effort),
      h("label", { class: "labelled" }, h("span", null, t("web search")), search),
      h("p", { class: "faint" }, t("settings about")),
      tools.length > 0 && h("h3", null, t("tools")),
      tools.length > 0 && h("ul", { class: "chips" }, ...tools.map((name) => h("li", null, name))),
      h("div", { class: "dialog-actions" }, h("button", { type: "button", class: "button primary", onclick: close }, t("done"))),
    ],
  });
}
