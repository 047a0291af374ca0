/** The list of conversations: new, search, rename, delete. */

import { t } from "../../i18n/i18n.js";
import { askText } from "../../ui/dialog.js";
import { h, put } from "../../ui/dom.js";
import { icon } from "../../ui/icons.js";
import { MOD } from "../../ui/keys.js";
import { openMenu } from "../../ui/menu.js";

/** @typedef {import("../../page.js").Page} Page */
/** @typedef {import("../../model/types.js").Meta} Meta */

const DAY_MS = 24 * 60 * 60 * 1000;

/** @param {Page} page @param {AbortSignal} signal */
export function buildSidebar(page, signal) {
  const list = h("div", { class: "conversations" });
  const search = h("input", {
    type: "search",
    class: "field",
    placeholder: t("search"),
    "aria-label": t("search"),
    oninput: () => show(),
  });
  /** @type {Set<string>} */
  let connected = new Set();

  function show() {
    const metas = page.library.list(search.value);
    put(list, ...(metas.length ? groups(metas) : [h("p", { class: "faint none" }, t(search.value ? "none found" : "none yet"))]));
  }

  /** @param {Meta[]} metas */
  function groups(metas) {
    /** @type {Map<import("../../i18n/i18n.js").Key, Meta[]>} */
    const byAge = new Map();
    for (const meta of metas) {
      const age = ageOf(meta.updated);
      byAge.set(age, [...(byAge.get(age) ?? []), meta]);
    }
    return [...byAge].flatMap(([age, some]) => [h("h3", null, t(age)), h("ul", null, ...some.map(line))]);
  }

  /** @param {Meta} meta */
  function line(meta) {
    const shown = meta.id === page.conversation.id;
    const answering = connected.has(meta.id) && !shown;
    return h(
      "li",
      { class: shown ? "conversation shown" : "conversation" },
      h(
        "a",
        { href: `#/${page.view}/${meta.id}`, "aria-current": shown ? "true" : null, title: meta.title, onclick: () => page.frame.emit("sidebar", false) },
        meta.title || t("untitled"),
        answering && h("span", { class: "answering", role: "img", "aria-label": t("answering") }),
      ),
      h(
        "button",
        {
          type: "button",
          class: "icon-button",
          "aria-label": t("more of", { title: meta.title }),
          "aria-haspopup": "menu",
          "aria-expanded": "false",
          onclick: (/** @type {Event} */ event) =>
            openMenu(/** @type {HTMLElement} */ (event.currentTarget), conversationMenu(page, meta), meta.title),
        },
        icon("more"),
      ),
    );
  }

  page.library.on("list", show, signal);
  page.on("opened", show, signal);
  page.sessions.on(
    "background",
    (ids) => {
      connected = ids;
      show();
    },
    signal,
  );
  show();

  return h(
    "aside",
    { class: "sidebar", "aria-label": t("conversations") },
    h(
      "div",
      { class: "sidebar-head" },
      h("h2", null, page.config.name),
      h(
        "button",
        { type: "button", class: "icon-button only-phone", "aria-label": t("close"), onclick: () => page.frame.emit("sidebar", false) },
        icon("close"),
      ),
    ),
    h(
      "button",
      { type: "button", class: "button new", title: `${MOD} K`, onclick: () => (page.begin(), page.frame.emit("sidebar", false)) },
      icon("plus"),
      t("new conversation"),
    ),
    h("div", { class: "searching" }, icon("search"), search),
    h("nav", { class: "sidebar-list", "aria-label": t("conversations"), tabindex: -1 }, list),
  );
}

/** @param {number} time @returns {import("../../i18n/i18n.js").Key} */
function ageOf(time) {
  const midnight = new Date().setHours(0, 0, 0, 0);
  if (time >= midnight) return "today";
  if (time >= midnight - DAY_MS) return "yesterday";
  return time >= midnight - 7 * DAY_MS ? "last week" : "earlier";
}

/**
 * What can be done to a conversation.
 * @param {Page} page
 * @param {Meta} meta
 * @returns {import("../../ui/menu.js").MenuEntry[]}
 */
export function conversationMenu(page, meta) {
  return [
    {
      label: t("rename"),
      icon: "edit",
      run: () =>
        askText({
          title: t("rename title"),
          label: t("title"),
          value: meta.title,
          action: t("rename"),
          onanswer: (title) => void page.library.rename(meta.id, title),
        }),
    },
    { label: t("delete"), icon: "trash", danger: true, run: () => void remove(page, meta) },
  ];
}

/** @param {Page} page @param {Meta} meta */
async function remove(page, meta) {
  const shown = meta.id === page.conversation.id;
  if (shown) await page.conversation.save();
  await page.library.remove(meta.id);
  if (shown) page.go("");
  page.sessions.end(meta.id);
  page.toasts.show(t("deleted", { title: meta.title }), {
    label: t("undo"),
    run: () => void page.library.restore(meta.id).then(() => shown && page.go(meta.id)),
  });
}
