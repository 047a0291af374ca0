/** What was said, from the first word to the one being written. */

import { t } from "../../i18n/i18n.js";
import { textOf } from "../../realtime/answers.js";
import { h, put } from "../../ui/dom.js";
import { icon } from "../../ui/icons.js";
import { AnswerView } from "./answer.js";
import { QuestionView } from "./question.js";
import { Follower } from "./scroll.js";

/** @typedef {import("../../page.js").Page} Page */
/** @typedef {import("../../model/types.js").Entry} Entry */

/**
 * @param {Page} page
 * @param {HTMLElement} spoken where finished answers are read out
 * @param {() => Node} welcome what is shown before the first word
 * @param {AbortSignal} signal
 */
export function buildThread(page, spoken, welcome, signal) {
  const { conversation, session } = page;
  const list = h("div", { class: "entries" });
  const scroller = h("section", { class: "thread", "aria-label": t("thread"), tabindex: 0 }, list);
  const jump = h(
    "button",
    { type: "button", class: "jump", hidden: true, "aria-label": t("jump"), title: t("jump"), onclick: () => follower.toEnd() },
    icon("down"),
  );
  const follower = new Follower(scroller, signal, (away) => {
    jump.hidden = !away || conversation.entries.length === 0;
  });
  /** @type {Map<string, AnswerView | QuestionView>} */
  const views = new Map();

  /** @param {Entry} entry */
  function viewOf(entry) {
    const known = views.get(entry.id);
    if (known) return known;
    const actions = {
      retry: () => session.retry(conversation.entries.indexOf(entry)),
      revise: (/** @type {string} */ text) => session.revise(conversation.entries.indexOf(entry), text),
    };
    const view = entry.kind === "question" ? new QuestionView(entry, actions) : new AnswerView(entry, actions, page);
    views.set(entry.id, view);
    return view;
  }

  function show() {
    const { entries } = conversation;
    const present = new Set(entries.map(({ id }) => id));
    for (const [id, view] of views) {
      if (present.has(id)) continue;
      view.root.remove();
      views.delete(id);
    }
    scroller.classList.toggle("empty", entries.length === 0);
    if (!entries.length) return put(list, welcome());
    if (!views.size) put(list);
    for (const [index, entry] of entries.entries()) {
      const { root } = viewOf(entry);
      if (list.children[index] !== root) list.insertBefore(root, list.children[index] ?? null);
    }
    page.settle();
    busy();
  }

  function busy() {
    scroller.classList.toggle("busy", conversation.busy);
    const last = conversation.entries[conversation.entries.length - 1];
    for (const [id, view] of views) view.root.classList.toggle("last", id === last?.id);
  }

  conversation.on(
    "entries",
    () => {
      show();
      if (conversation.entries.length) follower.toEnd();
    },
    signal,
  );
  conversation.on(
    "entry",
    (entry) => {
      views.get(entry.id)?.update();
      busy();
      follower.grown();
    },
    signal,
  );
  session.on("finished", (answer) => put(spoken, textOf(answer)), signal);
  session.on("state", () => conversation.answer && /** @type {AnswerView | undefined} */ (views.get(conversation.answer.id))?.update(), signal);
  show();
  return h("div", { class: "thread-frame" }, scroller, jump);
}
