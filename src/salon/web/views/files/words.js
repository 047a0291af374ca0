/** Sizes, speeds and times, as people say them. */

import { isKey, t } from "../../i18n/i18n.js";

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

/** How a transfer stands. @param {import("../../files/transfer.js").Transfer} transfer */
export function stateText({ state, reason, way, paused, speed, left }) {
  if (state === "over") {
    const key = `files over ${reason}`;
    return t(isKey(key) ? key : "files over lost");
  }
  if (state === "running") return [speed > 0 && `${sizeText(speed)}/s`, leftText(left)].filter(Boolean).join(" · ") || t("files state running");
  if (state === "paused") return t(paused.here ? "files state paused" : "files state paused there");
  if (state === "done") return t(way === "in" ? "files state received" : "files state sent");
  return t(/** @type {import("../../i18n/i18n.js").Key} */ (`files state ${state}`));
}
