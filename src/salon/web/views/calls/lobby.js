/** No call yet: how to be called, and whom to call. */

import { t } from "../../i18n/i18n.js";
import { isId } from "../../peer/peer.js";
import { h } from "../../ui/dom.js";
import { icon } from "../../ui/icons.js";
import { idIn, shareCard } from "./share.js";

/** @typedef {import("../../frame.js").Frame} Frame */
/** @typedef {import("../../peer/calls.js").Calls} Calls */

/** @param {Frame} frame @param {Calls} calls @param {string} notice what happened to the last call @param {AbortSignal} signal */
export function buildLobby(frame, calls, notice, signal) {
  const { peer } = calls;
  const problem = h("p", { class: "problem-text", role: "alert" });
  const input = h("input", { type: "text", class: "field", id: "calls-id", value: frame.place.path || calls.called, placeholder: t("calls id hint"), autocomplete: "off", spellcheck: "false", autocapitalize: "none" });

  /** @param {boolean} video */
  function start(video) {
    const id = idIn(input.value);
    problem.textContent = !isId(id) ? t("calls no id") : id === peer.id ? t("calls own id") : "";
    if (problem.textContent) return input.focus();
    void calls.start(id, video);
  }

  frame.on("place", ({ view, path }) => view === "calls" && path && (input.value = path), signal);
  return h(
    "div",
    { class: "lobby" },
    notice && h("p", { class: "lobby-notice", role: "status" }, icon("info"), notice),
    !isSecureContext && h("p", { class: "lobby-notice", role: "alert" }, icon("alert"), t("peer insecure")),
    h(
      "section",
      { class: "card" },
      h("h2", null, t("calls somebody")),
      h("p", { class: "faint" }, t("calls somebody about")),
      h(
        "form",
        {
          onsubmit: (/** @type {Event} */ event) => {
            event.preventDefault();
            start(true);
          },
        },
        h("label", { class: "labelled" }, h("span", null, t("calls id")), input),
        problem,
        h(
          "div",
          { class: "card-actions" },
          h("button", { type: "submit", class: "button primary" }, icon("video"), t("calls video")),
          h("button", { type: "button", class: "button", onclick: () => start(false) }, icon("phone"), t("calls voice")),
        ),
      ),
    ),
    shareCard(peer, "calls", signal),
  );
}
