/** Sizes, speeds and times, as people say them. */

import { Incoming } from "../../files/incoming.js";
import { isKey, t } from "../../i18n/i18n.js";

/** @typedef {import("../../files/transfer.js").Transfer} Transfer */

const UNITS = ["B", "kB", "MB", "GB", "TB"];

/** @param {number} bytes */
export function sizeText(bytes) {
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 100 ? 0 : 1;
  return `${value.toLocaleString(document.documentElement.lang, { maximumFractionDigits: digits, minimumFractionDigits: digits })} ${UNITS[unit]}`;
}

/** @param {number | null} seconds */
export function leftText(seconds) {
  if (seconds === null) return "";
  if (seconds < 60) return t("files seconds", { count: seconds });
  if (seconds < 3600) return t("files minutes", { count: Math.ceil(seconds / 60) });
  return t("files hours", { count: (seconds / 3600).toFixed(1) });
}

/** Where what comes is put. @param {Transfer} transfer */
export function placeText(transfer) {
  if (!(transfer instanceof Incoming)) return "";
  const { place, name } = transfer.store;
  return t(`files in ${place}`, { name });
}

/** Whether what has come is here, and not yet where its user wants it. @param {Transfer} transfer @returns {transfer is Incoming} */
export function isToSave(transfer) {
  return transfer instanceof Incoming && ["storage", "memory"].includes(transfer.store.place);
}

/** How a transfer stands. @param {Transfer} transfer */
export function stateText(transfer) {
  const { state, reason, way, paused, speed, left } = transfer;
  if (state === "over") {
    const key = `files over ${reason}`;
    return t(isKey(key) ? key : "files over lost");
  }
  if (state === "running") return [speed > 0 && `${sizeText(speed)}/s`, leftText(left)].filter(Boolean).join(" · ") || t("files state running");
  if (state === "paused") return t(paused.here ? "files state paused" : "files state paused there");
  if (state === "done") return t(way === "out" ? "files state sent" : isToSave(transfer) ? "files state received" : "files state saved");
  if (state === "kept" && way === "out") return t("files state kept out");
  return t(/** @type {import("../../i18n/i18n.js").Key} */ (`files state ${state}`));
}
