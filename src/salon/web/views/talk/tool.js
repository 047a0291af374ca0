/** A tool at work: its name, what it was asked, what it gave. */

import { t } from "../../i18n/i18n.js";
import { h, put } from "../../ui/dom.js";
import { icon } from "../../ui/icons.js";

/** @typedef {import("../../model/types.js").CallPart} CallPart */

export class ToolView {
  /** @param {CallPart} part */
  constructor(part) {
    this.part = part;
    this.state = h("span", { class: "tool-state" });
    this.asked = h("pre", { tabindex: 0, role: "region", "aria-label": t("tool arguments") });
    this.gave = h("pre", { tabindex: 0, role: "region", "aria-label": t("tool result") });
    this.result = h("div", { hidden: true }, h("h3", null, t("tool result")), this.gave);
    this.root = h(
      "details",
      { class: "tool" },
      h("summary", null, icon("tool"), h("span", { class: "tool-name" }, part.name), this.state, icon("chevron", "turn")),
      h("div", { class: "tool-body" }, h("h3", null, t("tool arguments")), this.asked, this.result),
    );
    this.shown = "";
  }

  update() {
    const { part } = this;
    const key = `${part.state} ${part.arguments.length} ${part.output?.length ?? -1}`;
    if (key === this.shown) return;
    this.shown = key;
    this.root.dataset.state = part.state;
    put(this.state, t(`tool ${part.state}`));
    put(this.asked, pretty(part.arguments) || "{}");
    this.result.hidden = part.output === null;
    put(this.gave, pretty(part.output ?? ""));
  }
}

/** @param {string} text */
function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
