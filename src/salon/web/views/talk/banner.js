/** How the connection is, where that matters: one line above the composer, with what can be done. */

import { t } from "../../i18n/i18n.js";
import { h, put } from "../../ui/dom.js";
import { icon } from "../../ui/icons.js";

/** @typedef {import("../../page.js").Page} Page */

// A connection that comes back within this time is nobody's business.
const QUIET_MS = 700;

/** @param {Page} page @param {AbortSignal} signal */
export function buildBanner(page, signal) {
  const banner = h("div", { class: "banner", role: "status", hidden: true });
  const { session } = page;
  let timer = 0;
  let everOpen = session.state === "open";

  function changed() {
    clearTimeout(timer);
    const { state } = session;
    everOpen ||= state === "open";
    if (state === "waiting" || state === "connecting") timer = setTimeout(show, banner.hidden ? QUIET_MS : 0);
    else show();
  }

  function show() {
    const { state } = session;
    const content = contentFor(state);
    banner.hidden = content.length === 0;
    banner.dataset.state = state;
    put(banner, ...content);
  }

  /** @param {import("../../realtime/connection.js").State} state @returns {import("../../ui/dom.js").Child[]} */
  function contentFor(state) {
    switch (state) {
      case "connecting":
      case "waiting":
        return [
          h("span", { class: "spinner" }),
          h("span", null, t(everOpen ? "reconnecting" : "connecting")),
          state === "waiting" && action("try now", () => session.connection.hurry()),
        ];
      case "offline":
        return [icon("alert"), h("span", null, t("offline"))];
      case "taken":
        return [icon("info"), h("span", null, t("taken")), action("continue here", () => void page.takeOver())];
      case "unauthorized":
        return [icon("key"), h("span", null, t("unauthorized")), action("key give", () => page.askKey())];
      case "refused":
        return [icon("alert"), h("span", null, t("refused")), action("try again", () => page.restart("tried again"))];
      default:
        return [];
    }
  }

  session.on("state", changed, signal);
  session.on("problem", ({ message }) => page.toasts.show(message), signal);
  signal.addEventListener("abort", () => clearTimeout(timer), { once: true });
  changed();
  return banner;
}

/** @param {import("../../i18n/i18n.js").Key} label @param {() => void} run */
function action(label, run) {
  return h("button", { type: "button", class: "link", onclick: run }, t(label));
}
