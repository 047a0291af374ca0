/** Where one writes. The text is kept as a draft; Enter or Ctrl+Enter sends it; pictures can be pasted and dropped. */

import { t } from "../../i18n/i18n.js";
import { toPicture } from "../../model/pictures.js";
import { h, put } from "../../ui/dom.js";
import { icon } from "../../ui/icons.js";
import { MOD, hasMod, isTouch } from "../../ui/keys.js";
import { answererName } from "./picker.js";
import { fillShelf } from "../shelf.js";

/** @typedef {import("../../page.js").Page} Page */
/** @typedef {import("../../model/types.js").Picture} Picture */

const MOST_PICTURES = 4;
const TALLEST = 260;
/** Room in a frame for what stands around the text. */
const OVERHEAD = 4_096;

/** @param {Page} page @param {AbortSignal} signal */
export function buildComposer(page, signal) {
  const { conversation, preferences } = page;
  /** @type {Picture[]} */
  let pictures = [];

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
  const shelf = h("div", { class: "shelf", hidden: true });
  const chooser = h("input", { type: "file", accept: "image/*", multiple: true, hidden: true, tabindex: -1, "aria-hidden": "true" });
  const clip = h(
    "button",
    { type: "button", class: "icon-button attach", onclick: () => (page.sees ? chooser.click() : void attach([])) },
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
    shelf,
    h("div", { class: "composer-row" }, clip, chooser, field, main),
  );

  function resize() {
    field.style.height = "auto";
    field.style.height = `${Math.min(field.scrollHeight, TALLEST)}px`;
  }

  /** Whether the button stops the answer rather than sending. */
  function stops() {
    return conversation.busy && !(page.session.interruptible && (field.value.trim() || pictures.length));
  }

  function show() {
    const busy = stops();
    const label = t(busy ? "stop" : "send");
    put(main, icon(busy ? "stop" : "send"));
    main.classList.toggle("stops", busy);
    main.setAttribute("aria-label", label);
    main.title = label;
    main.disabled = !busy && !field.value.trim() && !pictures.length;
  }

  function showHint() {
    const { sendKey } = preferences.values;
    put(hint, isTouch() ? t("hint touch") : t(sendKey === "enter" ? "hint enter" : "hint mod", { mod: MOD }));
  }

  function showPictures() {
    fillShelf(shelf, pictures, (picture) => {
      pictures = pictures.filter((each) => each !== picture);
      showPictures();
      field.focus();
    });
    show();
  }

  /** @param {Iterable<File>} files */
  async function attach(files) {
    if (!page.sees) return page.toasts.show(t("blind"));
    for (const file of files) {
      if (pictures.length >= MOST_PICTURES) return page.toasts.show(t("most pictures", { count: MOST_PICTURES }));
      try {
        pictures = [...pictures, await toPicture(file)];
      } catch {
        page.toasts.show(t("no picture", { name: file.name }));
      }
    }
    showPictures();
    field.focus();
  }

  /** What is said here while another tab has the conversation would be lost. */
  function isAway() {
    if (conversation.away) page.toasts.show(t("taken"), { label: t("continue here"), run: () => void page.takeOver() });
    return conversation.away;
  }

  function send() {
    if (stops() || isAway()) return;
    const text = field.value.trim();
    if (!text && !pictures.length) return;
    const size = new Blob([text, ...pictures.map(({ url }) => url)]).size + OVERHEAD;
    // All of a message is one frame.
    if (size > page.config.limits.max_frame_bytes) return page.toasts.show(t("too long"));
    const sent = pictures;
    pictures = [];
    field.value = "";
    conversation.meta.draft = "";
    resize();
    showPictures();
    page.session.ask(text, sent);
  }

  field.addEventListener("input", () => {
    conversation.meta.draft = field.value;
    conversation.touch(true);
    resize();
    show();
  });
  field.addEventListener("keydown", (event) => {
    // While an input method is composing, Enter chooses a candidate.
    if (event.key !== "Enter" || event.isComposing || event.keyCode === 229) return;
    const sends = hasMod(event) || (preferences.values.sendKey === "enter" && !event.shiftKey && !isTouch());
    if (!sends) return;
    event.preventDefault();
    send();
  });
  field.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])].filter(isPicture);
    if (!files.length) return;
    event.preventDefault();
    void attach(files);
  });
  chooser.addEventListener("change", () => {
    void attach([...(chooser.files ?? [])]);
    chooser.value = "";
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
    attach,
    /** @param {string} text */
    ask: (text) => {
      if (!conversation.busy || page.session.interruptible) page.session.ask(text, []);
    },
    focus: () => {
      // On a phone this would bring up the keyboard.
      if (!isTouch() && !document.querySelector("dialog[open]")) queueMicrotask(() => field.focus());
    },
  };
}

/** @param {File} file */
export function isPicture(file) {
  return file.type.startsWith("image/");
}
