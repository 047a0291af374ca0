/** The frame around the views: a slim navigation, then what the open view brings: a list, itself, an inspector. */

import { t } from "../i18n/i18n.js";
import { h, put } from "../ui/dom.js";
import { icon, mark } from "../ui/icons.js";
import { quickButtons } from "./quick.js";
import { VIEWS, loadView, viewNamed } from "./registry.js";
import { failedView, loadingView } from "./start.js";

/** @typedef {import("../frame.js").Frame} Frame */
/** @typedef {import("./registry.js").Built} Built */

/**
 * @param {Frame} frame
 * @param {AbortSignal} signal aborted when the page is built again
 */
export function buildShell(frame, signal) {
  const skip = h("a", { class: "skip", href: "#main", onclick: skipTo }, t("skip"));
  const rail = buildRail(frame, signal);
  const scrim = h("div", { class: "scrim", onclick: () => frame.emit("sidebar", false) });
  const shell = h("div", { class: "shell" }, skip, rail, scrim);
  /** @type {Built | null} */
  let built = null;
  let open = "";
  let shown = new AbortController();

  async function show() {
    const view = viewNamed(frame.place.view);
    shell.classList.remove("sidebar-open");
    if (view.name === open) return;
    const first = open === "";
    open = view.name;
    shown.abort();
    const mine = (shown = new AbortController());
    if (signal.aborted) return;
    signal.addEventListener("abort", () => mine.abort(), { once: true, signal: mine.signal });
    if (first) fill({ main: loadingView() });
    try {
      const module = await loadView(view);
      if (mine.signal.aborted) return;
      const made = await module.build(frame, mine.signal);
      if (mine.signal.aborted) return;
      fill(made);
      made.focus?.();
    } catch (error) {
      if (mine.signal.aborted) return;
      console.error(error);
      open = "";
      fill({ main: failedView("", () => void show()) });
    }
  }

  /** @param {Built} next */
  function fill(next) {
    built = next;
    next.main.id = "main";
    next.main.tabIndex = -1;
    put(shell, skip, rail, next.sidebar, scrim, next.main, next.inspector);
    shell.classList.toggle("bare", !next.sidebar);
    shell.classList.toggle("inspecting", frame.inspecting && !!next.inspector);
  }

  /** The address must not change: it names what is open. @param {Event} event */
  function skipTo(event) {
    event.preventDefault();
    if (built?.focus) built.focus();
    else built?.main.focus();
  }

  /** @param {KeyboardEvent} event */
  function shortcut(event) {
    if (event.key !== "Escape" || event.defaultPrevented || document.querySelector("dialog[open]")) return;
    if (!shell.classList.contains("sidebar-open")) return;
    event.preventDefault();
    frame.emit("sidebar", false);
  }

  frame.on("place", () => void show(), signal);
  frame.on(
    "sidebar",
    (open) => {
      shell.classList.toggle("sidebar-open", open);
      if (open) /** @type {HTMLElement | null} */ ((built?.sidebar ?? rail).querySelector("button, a"))?.focus();
    },
    signal,
  );
  frame.on("inspector", (open) => shell.classList.toggle("inspecting", open && !!built?.inspector), signal);
  // Before the views: what closes the navigation does nothing else.
  addEventListener("keydown", shortcut, { signal, capture: true });
  void show();
  return shell;
}

/** @param {Frame} frame @param {AbortSignal} signal */
function buildRail(frame, signal) {
  const links = new Map(VIEWS.map(({ name, icon: drawing }) => [name, railLink(frame, name, drawing)]));

  function showOpen() {
    const open = viewNamed(frame.place.view).name;
    for (const [name, link] of links) {
      if (name === open) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
  }

  /** @param {string} name */
  function showBadge(name) {
    const link = links.get(name);
    const text = frame.badges.get(name);
    link?.querySelector(".badge")?.remove();
    if (text) link?.append(h("span", { class: "badge" }, text));
  }

  frame.on("place", showOpen, signal);
  frame.on("badge", showBadge, signal);
  showOpen();
  for (const name of frame.badges.keys()) showBadge(name);

  return h(
    "nav",
    { class: "rail", "aria-label": t("views") },
    h("span", { class: "rail-mark", title: `${frame.config.name} ${frame.config.version}` }, mark()),
    h("div", { class: "rail-views" }, ...links.values()),
    h("div", { class: "rail-end" }, ...quickButtons(frame, signal)),
  );
}

/** @param {Frame} frame @param {string} name @param {string} drawing */
function railLink(frame, name, drawing) {
  const go = (/** @type {Event} */ event) => {
    // The open view's own link closes the navigation of a phone and leaves the address alone.
    if (viewNamed(frame.place.view).name !== name) return;
    event.preventDefault();
    frame.emit("sidebar", false);
  };
  return h(
    "a",
    { class: "rail-view", href: name === "talk" ? "#/" : `#/${name}`, onclick: go },
    icon(drawing),
    h("span", null, t(/** @type {import("../i18n/i18n.js").Key} */ (`view ${name}`))),
  );
}
