/** Where this tab can be reached: the id and the link to share, for calls and for files. */

import { t } from "../../i18n/i18n.js";
import { ownName } from "../../peer/identity.js";
import { copyFrom } from "../../ui/clipboard.js";
import { h, put } from "../../ui/dom.js";
import { icon } from "../../ui/icons.js";
import { qrCode } from "../../ui/qr.js";

/** @typedef {import("../../peer/peer.js").Peer} Peer */

/** @param {Peer} peer @param {"calls" | "files"} view @param {AbortSignal} signal */
export function shareCard(peer, view, signal) {
  const place = h("div", { class: "share-id" });

  function show() {
    if (peer.state === "taken" || peer.state === "refused") {
      const why = peer.state === "taken" ? t("peer taken") : peer.signaling.why === "403" ? t("peer no token") : t("peer refused", { why: peer.signaling.why });
      return put(
        place,
        h("p", { class: "problem-text", role: "alert" }, why),
        h("button", { type: "button", class: "button small", onclick: () => peer.reopen() }, t("try again")),
      );
    }
    if (!peer.id || peer.state !== "open") return put(place, h("p", { class: "faint", role: "status" }, h("span", { class: "spinner" }), ` ${t("peer connecting")}`));
    const link = linkTo(view, peer.id);
    const copyId = copyButton(peer.id);
    const copyLink = h("button", { type: "button", class: "button small", onclick: () => void copyFrom(copyLink, link).then(() => setTimeout(fill, 1700)) });
    const fill = () => put(copyLink, icon("link"), t("peer copy link"));
    fill();
    const renew = !peer.signaling.identity?.fixed && h("button", { type: "button", class: "icon-button", "aria-label": t("peer renew"), title: t("peer renew"), onclick: () => peer.signaling.renew() }, icon("retry"));
    put(place, h("div", { class: "share-line" }, h("code", { class: "own-id" }, peer.id), copyId), h("div", { class: "share-line" }, copyLink, renew), qrCode(link, "share-qr", t("peer qr")));
  }

  peer.on("state", show, signal);
  show();
  const name = h("input", { type: "text", class: "field", value: ownName.get(), maxlength: 60, placeholder: t("peer name hint"), autocomplete: "name" });
  name.addEventListener("change", () => ownName.set(name.value));
  return h(
    "section",
    { class: "card" },
    h("h2", null, t(view === "calls" ? "calls your id" : "files your id")),
    h("p", { class: "faint" }, t(view === "calls" ? "calls your id about" : "files your id about")),
    place,
    h("label", { class: "labelled" }, h("span", null, t("peer name")), name),
  );
}

/** @param {"calls" | "files"} view @param {string} id */
export function linkTo(view, id) {
  return new URL(`#/${view}/${encodeURIComponent(id)}`, document.baseURI).href;
}

/** @param {string} text */
function copyButton(text) {
  const button = h("button", { type: "button", class: "icon-button", "aria-label": t("copy"), title: t("copy"), onclick: () => void copyFrom(button, text) }, icon("copy"));
  return button;
}

/** The id in what somebody pasted: an id, or a link with one. @param {string} text */
export function idIn(text) {
  const found = /#\/(?:calls|files)\/([^/?#\s]+)/.exec(text)?.[1];
  try {
    return found ? decodeURIComponent(found) : text.trim();
  } catch {
    return text.trim();
  }
}
