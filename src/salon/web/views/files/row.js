/** One transfer: what, how far, how fast, and what one can do about it. */

import { Outgoing } from "../../files/outgoing.js";
import { t } from "../../i18n/i18n.js";
import { h, put } from "../../ui/dom.js";
import { icon } from "../../ui/icons.js";
import { again, fromInput } from "./pick.js";
import { saveAll, saveOne } from "./save.js";
import { isToSave, placeText, sizeText, stateText } from "./words.js";

/** @typedef {import("../../frame.js").Frame} Frame */
/** @typedef {import("../../files/transfer.js").Transfer} Transfer */
/** @typedef {import("../../files/transfers.js").Transfers} Transfers */
/** @typedef {import("../../i18n/i18n.js").Key} Key */

const MOST_LISTED = 200;
/** Why it would come to nothing again. */
const FINAL = ["there already", "too much", "unreadable"];

/** @param {Frame} frame @param {Transfers} transfers @param {Transfer} transfer @param {AbortSignal} signal */
export function transferRow(frame, transfers, transfer, signal) {
  const title = h("strong", { class: "transfer-title" });
  const who = h("span", { class: "faint" });
  const bar = h("progress", { max: 1, value: 0 });
  const state = h("span", { class: "transfer-state" });
  const amount = h("span", { class: "transfer-amount" });
  const path = h("p", { class: "faint transfer-path" });
  const actions = h("div", { class: "transfer-actions" });
  const list = h("ul", { class: "transfer-files" });
  const row = h(
    "li",
    { class: "transfer" },
    h("span", { class: "transfer-way" }, icon(transfer.way === "out" ? "send" : "download")),
    h("div", { class: "transfer-what" }, title, who),
    actions,
    bar,
    h("div", { class: "transfer-line" }, state, amount),
    path,
    list,
  );
  let drawn = "";
  let listed = false;

  function show() {
    const { count, names, total, moved, way, name, other, code } = transfer;
    row.dataset.state = transfer.state;
    const first = names[0]?.split("/").pop() ?? "";
    title.textContent = count === 1 ? first : t("files title", { name: first, count: count - 1 });
    who.textContent = [t(way === "out" ? "files to" : "files from", { who: name || other }), placeText(transfer)].filter(Boolean).join(" · ");
    bar.value = total ? moved / total : transfer.state === "done" ? 1 : 0;
    bar.setAttribute("aria-label", title.textContent);
    bar.hidden = transfer.isOver;
    state.textContent = stateText(transfer);
    amount.textContent = transfer.state === "done" ? sizeText(total) : `${sizeText(moved)} / ${sizeText(total)}`;
    const ways = { "": "", direct: t("files direct"), turn: t("files turn"), server: t("files server") };
    path.textContent = transfer.isOver ? "" : [ways[transfer.path], code && t("files code", { code })].filter(Boolean).join(" · ");
    path.hidden = !path.textContent;
    const wanted = `${transfer.state} ${transfer.paused.here}`;
    if (wanted === drawn) return;
    drawn = wanted;
    put(actions, ...buttons());
    if (transfer.state === "done" && isToSave(transfer) && count > 1 && !listed) {
      listed = true;
      put(list, ...transfer.entries.slice(0, MOST_LISTED).map((entry, file) => h("li", null, h("span", null, entry.path), h("span", { class: "faint" }, sizeText(entry.size)), small("download", "files save", () => save(file), entry.path))));
    }
  }

  function buttons() {
    const { state: now, count } = transfer;
    const moving = now === "running" || now === "paused";
    return [
      now === "kept" && transfer instanceof Outgoing && resumeButton(transfer),
      now === "over" && transfer instanceof Outgoing && transfer.files.length > 0 && !FINAL.includes(transfer.reason) && h("button", { type: "button", class: "button small", onclick: () => void transfers.again(transfer) }, icon("retry"), t("try again")),
      moving && !transfer.paused.here && small("pause", "files pause", () => transfer.pause(true)),
      moving && transfer.paused.here && small("play", "files go on", () => transfer.pause(false)),
      now === "done" && isToSave(transfer) && h("button", { type: "button", class: "button small primary", onclick: () => save(count === 1 ? 0 : -1) }, icon("download"), t(count === 1 ? "files save" : "files save all")),
      transfer.isOver || now === "kept" ? small("trash", "files remove", () => void transfers.forget(transfer)) : small("close", "files cancel", () => transfer.cancel()),
    ];
  }

  /** @param {Outgoing} outgoing */
  function resumeButton(outgoing) {
    const { entries, files, handles } = outgoing;
    const input = h("input", { type: "file", multiple: true, webkitdirectory: entries.some(({ path: each }) => each.includes("/")), hidden: true, "aria-hidden": "true", tabindex: -1 });
    input.addEventListener("change", () => take(fromInput(input.files)));
    /** @param {import("./pick.js").Picked | null} picked */
    const take = (picked) => {
      if (picked && !transfers.resume(outgoing, picked)) frame.toasts.show(t("files other"));
    };
    const go = async () => {
      try {
        if (files.length) take({ entries, files: /** @type {File[]} */ (files), handles });
        else if (handles.length) take(await again(handles));
        else input.click();
      } catch {
        // It was moved or removed.
        frame.toasts.show(t("files other"));
      }
    };
    const known = files.length || handles.length;
    return h("span", null, h("button", { type: "button", class: "button small primary", onclick: () => void go() }, icon(known ? "play" : "file"), t(known ? "files resume" : "files again")), input);
  }

  /** @param {number} file -1 for all */
  async function save(file) {
    try {
      const { store } = /** @type {import("../../files/incoming.js").Incoming} */ (transfer);
      await (file < 0 ? saveAll(store, transfer) : saveOne(store, transfer, file));
    } catch (error) {
      if (!(error instanceof DOMException && error.name === "AbortError")) frame.toasts.show(t("files not saved"));
    }
  }

  transfer.on("changed", show, signal);
  show();
  return row;
}

/** @param {string} name @param {Key} label @param {() => void} run @param {string} [of] */
function small(name, label, run, of = "") {
  return h("button", { type: "button", class: "icon-button", "aria-label": of ? `${t(label)} ${of}` : t(label), title: t(label), onclick: run }, icon(name));
}
