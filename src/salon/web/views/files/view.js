/** The Files view, as the frame opens it. */

import { MOST_FILES, totalOf } from "../../files/manifest.js";
import { t } from "../../i18n/i18n.js";
import { isId } from "../../peer/peer.js";
import { h, put } from "../../ui/dom.js";
import { icon } from "../../ui/icons.js";
import { idIn, shareCard } from "../calls/share.js";
import { inspectButton, viewHead } from "../head.js";
import { buildInspector } from "../inspector/inspector.js";
import { meeting } from "../meeting.js";
import { NOTHING, fromDialog, fromDrop, fromInput } from "./pick.js";
import { transferRow } from "./row.js";
import { sizeText } from "./words.js";

/** @typedef {import("../../frame.js").Frame} Frame */
/** @typedef {import("../../files/transfers.js").Transfers} Transfers */
/** @typedef {import("./pick.js").Picked} Picked */

/** @param {Frame} frame @param {AbortSignal} signal @returns {Promise<import("../registry.js").Built>} */
export async function build(frame, signal) {
  const { peer, transfers } = await meeting(frame);
  const dot = h("span", { class: "dot" });
  const showState = () => (dot.dataset.state = peer.state === "taken" ? "offline" : peer.state);
  peer.on("state", showState, signal);
  peer.open();
  showState();
  return {
    main: h(
      "main",
      { class: "files" },
      viewHead(frame, t("view files"), inspectButton(frame, signal, dot)),
      h(
        "div",
        { class: "files-content" },
        h(
          "div",
          { class: "lobby" },
          !isSecureContext && h("p", { class: "lobby-notice", role: "alert" }, icon("alert"), t("peer insecure")),
          sendCard(frame, transfers, signal),
          shareCard(peer, "files", signal),
          transferList(frame, transfers, signal),
        ),
      ),
    ),
    inspector: buildInspector(
      frame,
      { recorder: peer.trace, title: t("calls inspector"), lanes: [t("lane page"), t("lane signaling"), t("lane other")], file: "salon-files.json" },
      signal,
    ),
    focus: () => document.getElementById("files-id")?.focus(),
  };
}

/** @param {Frame} frame @param {Transfers} transfers @param {AbortSignal} signal */
function sendCard(frame, transfers, signal) {
  /** @type {Picked} */
  let picked = NOTHING;
  const hide = h("input", { type: "checkbox", id: "files-hide" });
  const id = h("input", { type: "text", class: "field", id: "files-id", value: frame.place.path, placeholder: t("calls id hint"), autocomplete: "off", spellcheck: "false", autocapitalize: "none" });
  const problem = h("p", { class: "problem-text", role: "alert" });
  const chosen = h("p", { class: "drop-chosen", role: "status" });
  const one = h("input", { type: "file", multiple: true, hidden: true, "aria-hidden": "true", tabindex: -1 });
  const many = h("input", { type: "file", webkitdirectory: true, hidden: true, "aria-hidden": "true", tabindex: -1 });
  for (const input of [one, many]) {
    input.addEventListener("change", () => {
      choose(fromInput(input.files));
      input.value = "";
    });
  }
  const zone = h(
    "div",
    { class: "drop-zone" },
    icon("clip"),
    h("p", null, t("files drop")),
    h(
      "div",
      { class: "card-actions" },
      h("button", { type: "button", class: "button small", onclick: () => void dialog(false) }, icon("file"), t("files choose")),
      h("button", { type: "button", class: "button small", onclick: () => void dialog(true) }, icon("folder"), t("files choose folder")),
    ),
    chosen,
    one,
    many,
  );
  zone.addEventListener("dragover", (event) => {
    event.preventDefault();
    zone.classList.add("over");
  });
  zone.addEventListener("dragleave", () => zone.classList.remove("over"));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    zone.classList.remove("over");
    if (event.dataTransfer) void fromDrop(event.dataTransfer).then(choose);
  });

  /** @param {boolean} folder */
  async function dialog(folder) {
    try {
      const next = await fromDialog(folder, folder ? many : one);
      if (next) choose(next);
    } catch {
      problem.textContent = t("files over unreadable");
    }
  }

  /** @param {Picked} next */
  function choose(next) {
    if (next.entries.length > MOST_FILES) {
      problem.textContent = t("files too many", { most: MOST_FILES });
      return;
    }
    problem.textContent = "";
    picked = next;
    const { length } = next.entries;
    const size = sizeText(totalOf(next.entries));
    chosen.textContent = !length ? "" : length === 1 ? `${next.entries[0].path} · ${size}` : t("files chosen", { count: length, size });
  }

  /** @param {Event} event */
  function send(event) {
    event.preventDefault();
    const other = idIn(id.value);
    problem.textContent = !isId(other) ? t("calls no id") : other === transfers.peer.id ? t("calls own id") : !picked.entries.length ? t("files none chosen") : "";
    if (problem.textContent) return;
    void transfers.send(other, picked, { server: hide.checked });
    choose(NOTHING);
  }

  frame.on("place", ({ view, path }) => view === "files" && path && (id.value = path), signal);
  return h(
    "section",
    { class: "card" },
    h("h2", null, t("files send")),
    h("p", { class: "faint" }, t("files send about")),
    h("form", { onsubmit: send }, h("label", { class: "labelled" }, h("span", null, t("files id")), id), zone, h("label", { class: "checked" }, hide, h("span", null, t("files hide"))), problem, h("button", { type: "submit", class: "button primary" }, icon("send"), t("files send button"))),
  );
}

/** @param {Frame} frame @param {Transfers} transfers @param {AbortSignal} signal */
function transferList(frame, transfers, signal) {
  const list = h("ul", { class: "transfers" });
  const section = h("section", { class: "transfer-section", "aria-label": t("files list") }, h("h2", null, t("files list")), list);
  /** @type {Map<import("../../files/transfer.js").Transfer, HTMLElement>} */
  const rows = new Map();

  function show() {
    const all = [...transfers.all].reverse();
    section.hidden = all.length === 0;
    if (all.length === rows.size && all.every((transfer) => rows.has(transfer))) return;
    for (const transfer of rows.keys()) if (!transfers.all.includes(transfer)) rows.delete(transfer);
    for (const transfer of all) if (!rows.has(transfer)) rows.set(transfer, transferRow(frame, transfers, transfer, signal));
    put(list, ...all.map((transfer) => /** @type {HTMLElement} */ (rows.get(transfer))));
    // On a phone it is below what it was begun with.
    if (all.length && !all[0].isOver) requestAnimationFrame(() => list.firstElementChild?.scrollIntoView({ block: "nearest" }));
  }

  transfers.on("changed", show, signal);
  show();
  return section;
}
