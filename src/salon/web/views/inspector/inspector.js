/** The inspector: the life of the connection as a sequence diagram, from what really went over the wire. */

import { t } from "../../i18n/i18n.js";
import { download } from "../../ui/download.js";
import { h, put } from "../../ui/dom.js";
import { icon } from "../../ui/icons.js";
import { isComposing, isTouch } from "../../ui/keys.js";
import { captionFor, drawRow, summaryOf } from "./diagram.js";

/** @typedef {import("../../frame.js").Frame} Frame */
/** @typedef {import("../../realtime/recorder.js").Row} Row */

/**
 * @typedef {object} Subject
 * @property {Pick<import("../../realtime/recorder.js").Recorder, "rows" | "on" | "clear">} recorder what went over the wire
 * @property {string} title
 * @property {[string, string] | [string, string, string]} lanes who is where, from left to right
 * @property {string} file under which it is downloaded
 */

/** @param {Frame} frame @param {Subject} subject @param {AbortSignal} signal */
export function buildInspector(frame, { recorder, title, lanes, file }, signal) {
  const list = h("ol", { class: "wire" });
  const scroller = h("div", { class: "wire-scroll", tabindex: 0, role: "region", "aria-label": t("diagram") }, list);
  const detail = h("div", { class: "wire-detail", hidden: true });
  const filter = h("input", { type: "search", class: "field", placeholder: t("filter"), "aria-label": t("filter"), oninput: () => redraw() });
  const pause = h("button", { type: "button", class: "icon-button", onclick: () => setPaused(!paused) });
  const aside = h(
    "aside",
    { class: "inspector", "aria-label": title, hidden: !frame.inspecting, onkeydown: shortcut },
    h(
      "header",
      { class: "inspector-head" },
      h("h2", null, title),
      pause,
      button("clear", "clear", () => recorder.clear()),
      button("download", "export wire", () => download(file, "application/json", JSON.stringify(recorder.rows, null, 2))),
      button("close", "close", () => frame.inspect(false)),
    ),
    h("div", { class: "inspector-filter" }, filter),
    h("div", { class: "lanes", "aria-hidden": "true" }, ...lanes.map((lane) => h("span", null, lane))),
    scroller,
    detail,
  );
  /** @type {Map<number, HTMLElement>} */
  const drawn = new Map();
  /** @type {Row | null} */
  let last = null;
  let chosen = 0;
  let paused = false;
  let picture = 0;
  /** @type {HTMLElement | null} Who had the focus before. */
  let before = null;
  /** @type {Set<Row>} */
  const waiting = new Set();

  /** @param {Row} row */
  const fits = (row) => summaryOf(row).toLowerCase().includes(filter.value.trim().toLowerCase());

  function redraw() {
    waiting.clear();
    drawn.clear();
    last = null;
    list.replaceChildren();
    for (const row of recorder.rows) waiting.add(row);
    draw();
  }

  /** Many frames may come between two pictures. */
  function draw() {
    picture = 0;
    if (paused || aside.hidden) return;
    const atEnd = scroller.scrollHeight - scroller.clientHeight - scroller.scrollTop < 60;
    for (const row of waiting) {
      const old = drawn.get(row.id);
      if (!old && !fits(row)) continue;
      const element = drawRow(row, row.id === chosen, () => choose(row), lanes.length === 3);
      if (old) old.replaceWith(element);
      else {
        const caption = captionFor(row, last);
        if (caption) list.append(caption);
        list.append(element);
        last = row;
      }
      drawn.set(row.id, element);
      if (row.id === chosen) showDetail(row);
    }
    waiting.clear();
    trim();
    if (!list.childElementCount) put(list, h("li", { class: "faint none" }, t("wire empty")));
    else list.querySelector(".none")?.remove();
    if (atEnd) scroller.scrollTop = scroller.scrollHeight;
  }

  /** Rows that the recorder has let go are let go here too. */
  function trim() {
    const first = recorder.rows[0]?.id ?? 0;
    for (const [id, element] of drawn) {
      if (id >= first) break;
      const caption = element.previousElementSibling;
      if (caption?.classList.contains("caption")) caption.remove();
      element.remove();
      drawn.delete(id);
    }
  }

  /** @param {Row} row */
  function later(row) {
    waiting.add(row);
    if (waiting.size > 2 * 500) waiting.delete(/** @type {Row} */ (waiting.values().next().value));
    picture ||= requestAnimationFrame(draw);
  }

  /** @param {Row} row */
  function choose(row) {
    chosen = chosen === row.id ? 0 : row.id;
    for (const [id, element] of drawn) {
      element.querySelector("button")?.setAttribute("aria-expanded", String(id === chosen));
    }
    if (chosen) showDetail(row);
    else detail.hidden = true;
  }

  /** @param {Row} row */
  function showDetail(row) {
    detail.hidden = false;
    put(
      detail,
      h(
        "header",
        null,
        h("strong", null, row.type),
        button("close", "close", () => choose(row)),
      ),
      h("pre", { tabindex: 0, role: "region", "aria-label": row.type }, JSON.stringify(row.data, null, 2)),
    );
  }

  /** Escape closes what was opened last. In a filter with words it clears them, as browsers do. @param {KeyboardEvent} event */
  function shortcut(event) {
    if (event.key !== "Escape" || isComposing(event) || (event.target === filter && filter.value)) return;
    event.preventDefault();
    const row = detail.hidden ? undefined : recorder.rows.find((each) => each.id === chosen);
    if (row) choose(row);
    else frame.inspect(false);
  }

  /** @param {boolean} next */
  function setPaused(next) {
    paused = next;
    put(pause, icon(paused ? "play" : "pause"));
    pause.setAttribute("aria-label", t(paused ? "go on" : "pause"));
    pause.title = t(paused ? "go on" : "pause");
    pause.setAttribute("aria-pressed", String(paused));
    draw();
  }

  recorder.on("row", later, signal);
  recorder.on("grown", later, signal);
  recorder.on(
    "cleared",
    () => {
      detail.hidden = true;
      redraw();
    },
    signal,
  );
  frame.on(
    "inspector",
    (open) => {
      const held = aside.contains(document.activeElement);
      if (open && !held) before = /** @type {HTMLElement | null} */ (document.activeElement);
      aside.hidden = !open;
      if (!open && held) before?.focus();
      if (open) {
        redraw();
        // A field would bring up the keyboard of a phone.
        (isTouch() ? pause : filter).focus({ preventScroll: true });
      }
    },
    signal,
  );
  signal.addEventListener("abort", () => cancelAnimationFrame(picture), { once: true });
  setPaused(false);
  redraw();
  return aside;
}

/** @param {string} name @param {import("../../i18n/i18n.js").Key} label @param {() => void} run */
function button(name, label, run) {
  return h("button", { type: "button", class: "icon-button", "aria-label": t(label), title: t(label), onclick: run }, icon(name));
}
