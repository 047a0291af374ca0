/** What was answered: thoughts, words and tool calls in their order, then what it took and what can be done. */

import { number, seconds, t } from "../../i18n/i18n.js";
import { MarkdownStream } from "../../markdown/stream.js";
import { textOf } from "../../realtime/answers.js";
import { heardLength, spokenParts, unheardText } from "../../realtime/heard.js";
import { copyFrom } from "../../ui/clipboard.js";
import { h, put } from "../../ui/dom.js";
import { icon } from "../../ui/icons.js";
import { modelName } from "./picker.js";
import { problemCard } from "./problem.js";
import { ToolView } from "./tool.js";
import { waterfall } from "./waterfall.js";

/** @typedef {import("../../model/types.js").Answer} Answer */
/** @typedef {import("../../model/types.js").Reference} Reference */
/** @typedef {{ root: HTMLElement, update: (running: boolean) => void }} PartView */

export class AnswerView {
  /**
   * @param {Answer} answer
   * @param {{ retry: () => void }} actions
   * @param {import("../../page.js").Page} page
   */
  constructor(answer, actions, page) {
    this.answer = answer;
    this.actions = actions;
    this.page = page;
    /** @type {Map<string, PartView>} */
    this.parts = new Map();
    this.thinking = h("details", { class: "thinking", hidden: true });
    this.thought = h("div", { class: "thought" });
    this.summary = h("span");
    this.thinking.append(h("summary", null, icon("think"), this.summary, icon("chevron", "turn")), this.thought);
    this.body = h("div", { class: "answer-body" });
    this.wait = h("div", { class: "wait" }, h("i"), h("i"), h("i"), h("span"));
    this.foot = h("div", { class: "answer-foot" });
    this.root = h(
      "article",
      { class: "answer", "aria-label": t("answer") },
      h("h2", { class: "visually-hidden" }, t("answer")),
      this.thinking,
      this.body,
      this.wait,
      this.foot,
    );
    this.footKey = "";
    this.update();
  }

  update() {
    const { answer } = this;
    const running = answer.status === "waiting" || answer.status === "running";
    this.root.dataset.status = answer.status;
    this.root.setAttribute("aria-busy", String(running));
    this.think(running);
    for (const part of answer.parts) {
      let view = this.parts.get(part.itemId);
      if (!view) {
        view = part.kind === "call" ? new ToolView(part) : new TextView(part);
        this.parts.set(part.itemId, view);
        this.body.append(view.root);
      }
      view.update(running);
    }
    const last = answer.parts[answer.parts.length - 1];
    const silent = running && !(last?.kind === "text" && last.text) && !(last?.kind === "call" && last.state === "running");
    this.wait.hidden = !silent;
    const held = silent && this.page.session.state !== "open" && this.page.session.state !== "connecting";
    put(/** @type {Element} */ (this.wait.lastElementChild), held ? t("sent later") : "");
    this.root.classList.toggle("writing", running && last?.kind === "text" && last.text !== "");
    this.finish(running);
  }

  /** @param {boolean} running */
  think(running) {
    const { reasoning, parts } = this.answer;
    this.thinking.hidden = !reasoning;
    if (!reasoning) return;
    if (this.thought.textContent !== reasoning) put(this.thought, reasoning);
    put(this.summary, t(running && !parts.length ? "thinking" : "thought"));
  }

  /** What stands below the words changes rarely, and not while they come. @param {boolean} running */
  finish(running) {
    const { answer } = this;
    const sounds = spokenParts(answer).map((part) => [part.sound.over, unheardText(part) !== ""]);
    const key = JSON.stringify([running, answer.status, answer.problem, answer.figures, sounds]);
    if (key === this.footKey) return;
    this.footKey = key;
    if (running) return put(this.foot);
    const references = answer.parts.flatMap((part) => (part.kind === "text" ? part.references : []));
    put(
      this.foot,
      problemCard(answer, this.page, this.actions.retry),
      references.length > 0 && sources(references),
      spokenParts(answer).some(unheardText) && h("p", { class: "faint cut-here" }, t("voice interrupted here")),
      answer.waterfall && waterfall(answer.waterfall),
      h("div", { class: "actions" }, ...this.buttons(), figures(answer)),
    );
  }

  buttons() {
    const text = textOf(this.answer);
    const copy = h(
      "button",
      { type: "button", class: "icon-button", "aria-label": t("copy"), title: t("copy"), onclick: () => void copyFrom(copy, text) },
      icon("copy"),
    );
    const retry = h(
      "button",
      { type: "button", class: "icon-button", "aria-label": t("retry"), title: t("retry"), onclick: this.actions.retry },
      icon("retry"),
    );
    return text ? [copy, retry] : [retry];
  }
}

class TextView {
  /** @param {import("../../model/types.js").TextPart} part */
  constructor(part) {
    this.part = part;
    this.stream = new MarkdownStream({ copy: t("copy"), copied: t("copied"), code: t("code"), table: t("table") });
    this.heard = h("span", { class: "heard" });
    this.unheard = h("span", { class: "unheard" });
    this.said = h("p", { class: "said", hidden: true }, this.heard, this.unheard);
    this.root = h("div", { class: "message" }, this.stream.root, this.said);
    this.drawn = "";
  }

  /** @param {boolean} running */
  update(running) {
    const { text, sound } = this.part;
    if (!sound) return this.stream.update(text, !running);
    // It lights up word by word as it is heard; then it is read as any other, and what was not heard stands behind it.
    const length = heardLength(this.part);
    const drawn = `${text.length} ${length} ${sound.over}`;
    if (drawn === this.drawn) return undefined;
    this.drawn = drawn;
    this.said.classList.toggle("cut", sound.cut);
    if (sound.over) this.stream.update(text.slice(0, length), true);
    put(this.heard, sound.over ? "" : text.slice(0, length));
    const rest = sound.over ? unheardText(this.part) : text.slice(length);
    put(this.unheard, rest);
    this.said.hidden = sound.over && !rest;
    return undefined;
  }
}

/** @param {Reference[]} references */
function sources(references) {
  const links = references.filter(({ url }) => /^https?:/.test(url));
  return h(
    "details",
    { class: "sources" },
    h("summary", null, icon("globe"), t("sources", { count: links.length }), icon("chevron", "turn")),
    h(
      "ol",
      null,
      ...links.map(({ index, url, title }) =>
        h(
          "li",
          { value: index || null },
          h("a", { href: url, target: "_blank", rel: "noopener noreferrer nofollow" }, title || url),
          h("small", null, hostOf(url)),
        ),
      ),
    ),
  );
}

/** @param {string} url */
function hostOf(url) {
  try {
    return new URL(url).host;
  } catch {
    return "";
  }
}

/** @param {Answer} answer */
function figures(answer) {
  const { figures: found, status } = answer;
  const spoken = spokenParts(answer).length > 0;
  const said = [];
  if (spoken) said.push(t("voice spoken"));
  if (status === "stopped") said.push(t("stopped"));
  if (found?.firstMs != null) said.push(t("first word", { time: seconds(found.firstMs) }));
  if (found?.durationMs != null) said.push(t("in all", { time: seconds(found.durationMs) }));
  if (found?.output) said.push(t("tokens", { input: number(found.input), output: number(found.output) }));
  if (found?.model) said.push(modelName(found.model));
  return h("span", { class: "figures" }, said.join(" · "));
}
