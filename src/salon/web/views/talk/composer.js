/** Where one writes. The text is kept as a draft; Enter or Ctrl+Enter sends it; pictures can be pasted and dropped. */

import { t } from "../../i18n/i18n.js";
import { h, put } from "../../ui/dom.js";
import { icon } from "../../ui/icons.js";
import { MOD, focusToWrite, isTouch, sends } from "../../ui/keys.js";
import { answererName } from "./picker.js";
import { Shelf } from "../shelf.js";

/** @typedef {import("../../page.js").Page} Page */

const MOST_PICTURES = 4;
const TALLEST = 260;
/** Room in a frame for what stands around the text. */
const OVERHEAD = 4_096;

/** @param {Page} page @param {AbortSignal} signal */
export function buildComposer(page, signal) {
  const { conversation, preferences } = page;
  const field = h("textarea", {
    id: "composer",
    rows: 1,
    placeholder: t("message to", { model: answererName(page) }),
    "aria-label": t("message"),
    "aria-describedby": "composer-hint",
    enterkeyhint: isTouch() ? "enter" : "send",
    dir: "auto",
  });
  field.value = conversation.meta.draft;
  const refused = () => (page.sees ? "" : t("blind"));
  const shelf = new Shelf(field, { most: MOST_PICTURES, toasts: page.toasts, changed: () => show(), refused });
  const clip = h(
    "button",
    { type: "button", class: "icon-button attach", onclick: () => (page.sees ? shelf.chooser.click() : void shelf.attach([])) },
    icon("clip"),
  );
  const clipLabel = t(page.sees ? "attach" : "blind");
  clip.setAttribute("aria-label", clipLabel);
  clip.title = clipLabel;
  if (!page.sees) clip.setAttribute("aria-disabled", "true");
  const main = h("button", { type: "submit", class: "send" });
  const hint = h("p", { id: "composer-hint", class: "hint" });
  const form = h(
    "form",
    { class: "composer" },
    shelf.root,
    h("div", { class: "composer-row" }, clip, shelf.chooser, field, main),
  );

  function resize() {
    field.style.height = "auto";
    field.style.height = `${Math.min(field.scrollHeight, TALLEST)}px`;
  }

  /** Whether the button stops the answer rather than sending. */
  function stops() {
    return conversation.busy && !(page.session.interruptible && (field.value.trim() || shelf.pictures.length));
  }

  function show() {
    const busy = stops();
    const label = t(busy ? "stop" : "send");
    put(main, icon(busy ? "stop" : "send"));
    main.classList.toggle("stops", busy);
    main.setAttribute("aria-label", label);
    main.title = label;
    main.disabled = !busy && !field.value.trim() && !shelf.pictures.length;
  }

  function showHint() {
    const { sendKey } = preferences.values;
    put(hint, isTouch() ? t("hint touch") : t(sendKey === "enter" ? "hint enter" : "hint mod", { mod: MOD }));
  }

  /** What is said here while another tab has the conversation would be lost. */
  function isAway() {
    if (conversation.away) page.toasts.show(t("taken"), { label: t("continue here"), run: () => void page.takeOver() });
    return conversation.away;
  }

  function send() {
    if (stops() || isAway()) return;
    const text = field.value.trim();
    const { pictures } = shelf;
    if (!text && !pictures.length) return;
    const size = new Blob([text, ...pictures.map(({ url }) => url)]).size + OVERHEAD;
    // All of a message is one frame.
    if (size > page.config.limits.max_frame_bytes) return page.toasts.show(t("too long"));
    field.value = "";
    conversation.meta.draft = "";
    resize();
    page.session.ask(text, shelf.take());
  }

  field.addEventListener("input", () => {
    conversation.meta.draft = field.value;
    conversation.touch(true);
    resize();
    show();
  });
  field.addEventListener("keydown", (event) => {
    if (!sends(event, preferences.values.sendKey)) return;
    event.preventDefault();
    send();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (stops()) page.session.stop();
    else send();
  });
  form.addEventListener("pointerdown", (event) => {
    if (event.target instanceof Element && !event.target.closest("button, textarea, figure")) {
      event.preventDefault();
      field.focus();
    }
  });
  conversation.on("entries", show, signal);
  conversation.on("entry", show, signal);
  preferences.on("changed", showHint, signal);
  show();
  showHint();
  queueMicrotask(resize);

  return {
    root: h("div", { class: "composer-frame" }, form, hint),
    attach: (/** @type {Iterable<File>} */ files) => shelf.attach(files),
    /** @param {string} text */
    ask: (text) => {
      if (!conversation.busy || page.session.interruptible) page.session.ask(text, []);
    },
    focus: () => focusToWrite(field),
  };
}
