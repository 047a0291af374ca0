/** One line of the sequence diagram: two lifelines, and an arrow between them for what went across. */

import { language, number, seconds, t } from "../../i18n/i18n.js";
import { h, svg } from "../../ui/dom.js";

/** @typedef {import("../../realtime/recorder.js").Row} Row */

const HEIGHT = 40;
const PAGE = "6%";
const SERVER = "94%";
// With three lifelines the server stands between the two pages.
const MIDDLE = "50%";
const ARROW_Y = 27;

/**
 * @param {Row} row
 * @param {boolean} chosen
 * @param {() => void} onchosen
 * @param {boolean} [three] there is another page beyond the server
 */
export function drawRow(row, chosen, onchosen, three = false) {
  return h(
    "li",
    { class: `wire-row ${row.kind}${row.bad ? " bad" : ""}`, "data-way": row.way },
    h(
      "button",
      { type: "button", "aria-expanded": String(chosen), "aria-label": spoken(row), onclick: onchosen },
      lanes(row, three),
      h(
        "span",
        { class: "wire-label" },
        h("span", { class: "wire-type" }, labelOf(row)),
        row.count > 1 && h("span", { class: "wire-count" }, `× ${number(row.count)}`),
        h("span", { class: "wire-meta" }, [row.bytes ? bytes(row.bytes) : "", time(row.at)].filter(Boolean).join(" · ")),
      ),
    ),
  );
}

/** What a filter looks at. @param {Row} row */
export function summaryOf(row) {
  return `${row.type} ${row.kind} ${labelOf(row)}`;
}

/** The phase that begins with this row, explained; null where it goes on. @param {Row} row @param {Row | null} before */
export function captionFor(row, before) {
  if (before?.phase === row.phase && before.connection === row.connection) return null;
  return h(
    "li",
    { class: "caption" },
    h("strong", null, t(`phase ${row.phase}`), row.phase === "opening" ? ` #${row.connection}` : ""),
    h("span", null, t(`phase ${row.phase} about`)),
  );
}

/** @param {Row} row @param {boolean} three */
function lanes(row, three) {
  const far = three && (!row.via || row.via === "server") ? MIDDLE : SERVER;
  const arrow = row.way === "none" ? broken(row, far) : across(row, far);
  return svg(
    "svg",
    { class: "lane", width: "100%", height: HEIGHT, "aria-hidden": "true" },
    svg("line", { class: "life", x1: PAGE, x2: PAGE, y1: 0, y2: HEIGHT }),
    svg("line", { class: "life", x1: SERVER, x2: SERVER, y1: 0, y2: HEIGHT }),
    three && svg("line", { class: "life", x1: MIDDLE, x2: MIDDLE, y1: 0, y2: HEIGHT }),
    ...arrow,
    row.via === "relayed" && svg("circle", { class: "knot", cx: MIDDLE, cy: ARROW_Y, r: 3.5 }),
  );
}

/** @param {Row} row @param {string} far */
function across({ way, count }, far) {
  const [from, to, head] = way === "up" ? [PAGE, far, "M-7-4 0 0-7 4"] : [far, PAGE, "M7-4 0 0 7 4"];
  const tip = svg("svg", { x: to, y: ARROW_Y, overflow: "visible" }, svg("path", { class: "tip", d: head }));
  const line = svg("line", { class: "arrow", x1: from, x2: to, y1: ARROW_Y, y2: ARROW_Y });
  // Many deltas are drawn as one broad stream.
  if (count > 1) line.classList.add("stream");
  return [line, tip];
}

/** @param {Row} row @param {string} far */
function broken({ kind }, far) {
  return [svg("line", { class: kind === "lost" ? "arrow cut" : "arrow idle", x1: PAGE, x2: far, y1: ARROW_Y, y2: ARROW_Y })];
}

/** @param {Row} row */
function labelOf(row) {
  const data = /** @type {any} */ (row.data);
  switch (row.kind) {
    case "upgrade":
      return row.type.replace(/\?.*/, "");
    case "refused":
      return t("wire refused");
    case "lost":
      return t("wire lost", { code: data.code });
    case "waiting":
      return t("wire waiting", { time: seconds(data.milliseconds), attempt: data.attempt });
    case "close":
      return [t("wire close"), data.code, data.reason].filter(Boolean).join(" ");
    case "closed":
      return `${t("wire closed")} ${data.code}`;
    default:
      return row.type;
  }
}

/** @param {Row} row */
function spoken(row) {
  const way = row.way === "none" ? "" : t(row.way === "up" ? "wire up" : "wire down");
  return [way, labelOf(row), row.count > 1 ? `× ${number(row.count)}` : "", row.bytes ? bytes(row.bytes) : "", time(row.at)].filter(Boolean).join(", ");
}

/** @param {number} count */
function bytes(count) {
  return count < 1024 ? `${count} B` : `${(count / 1024).toFixed(1)} kB`;
}

/** @param {number} at */
function time(at) {
  return new Intl.DateTimeFormat(language(), {
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    fractionalSecondDigits: 1,
    hourCycle: "h23",
  }).format(at);
}
