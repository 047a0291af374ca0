/** The Monitor view: one feed at a time, its table, one key in full, and figures of what was skipped. */

import { Alarms } from "../../board/alarms.js";
import { Board, changeOf, nameOf } from "../../board/board.js";
import { Feed } from "../../board/feed.js";
import { language, number, seconds, t } from "../../i18n/i18n.js";
import { credential } from "../../model/preferences.js";
import { Recorder } from "../../realtime/recorder.js";
import { RoomsClient } from "../../rooms/client.js";
import { h, put } from "../../ui/dom.js";
import { icon } from "../../ui/icons.js";
import { inspectButton, viewHead } from "../head.js";
import { buildInspector } from "../inspector/inspector.js";
import { buildDetail } from "./detail.js";
import { ROOMS, buildNone } from "./none.js";
import { groupName, valueText } from "./numbers.js";
import { RATES, Settings, showSettings } from "./settings.js";
import { buildTable } from "./table.js";

/** @typedef {import("../../frame.js").Frame} Frame */
/** @typedef {import("../../board/board.js").Row} Row */
/** @typedef {import("../../board/board.js").Order} Order */

const FIRST_ROOM = "market";
const FIGURES_MS = 1000;
/** The order is kept still for so long, so that rows can be read while their values change. */
const ARRANGE_MS = 2000;

/** @param {Frame} frame @param {AbortSignal} signal @returns {import("../registry.js").Built} */
export function build(frame, signal) {
  const { client, recorder } = frame.keep("monitor", () => connect(frame));
  client.connect();
  signal.addEventListener("abort", () => client.disconnect("view left"), { once: true });
  const settings = new Settings();
  const holder = h("div", { class: "monitor-body" });
  let open = new AbortController();

  function show() {
    open.abort();
    open = new AbortController();
    signal.addEventListener("abort", () => open.abort(), { once: true, signal: open.signal });
    const room = frame.place.path.split("/")[0] || FIRST_ROOM;
    frame.entitle(`${t("view monitor")} · ${room}`);
    put(holder, ...buildBoard(frame, client, settings, room, open.signal));
  }

  frame.on("place", () => frame.place.view === "monitor" && show(), signal);
  show();
  return {
    main: h(
      "main",
      { class: "monitor" },
      viewHead(
        frame,
        t("view monitor"),
        h(
          "button",
          {
            type: "button",
            class: "icon-button",
            "aria-label": t("monitor settings"),
            title: t("monitor settings"),
            onclick: () => showSettings(settings, show),
          },
          icon("sliders"),
        ),
        inspectButton(frame, signal),
      ),
      holder,
    ),
    inspector: buildInspector(
      frame,
      { recorder, title: t("inspector"), lanes: [t("lane page"), t("lane server")], file: "salon-monitor.json" },
      signal,
    ),
  };
}

/** @param {Frame} frame */
function connect(frame) {
  const recorder = new Recorder();
  const client = new RoomsClient({ token: credential.get, tap: recorder });
  frame.on("rekeyed", () => client.connect());
  return { client, recorder };
}

/**
 * @param {Frame} frame
 * @param {RoomsClient} client
 * @param {Settings} settings
 * @param {string} room
 * @param {AbortSignal} signal
 */
function buildBoard(frame, client, settings, room, signal) {
  const board = new Board();
  const feed = new Feed(client, room, board, settings.rate);
  signal.addEventListener("abort", () => feed.close(), { once: true });
  const alarms = new Alarms(settings.alarms(room));
  let chosen = frame.place.path.split("/").slice(1).join("/");
  /** @type {Order} */
  let order = "name";
  let descending = false;
  let held = false;
  let arranged = 0;
  let perSecond = 0;

  /** Asked of the style sheet once a picture. @type {ReturnType<Settings["colours"]> | null} */
  let dyed = null;
  const colours = () => {
    if (!dyed) requestAnimationFrame(() => (dyed = null));
    return (dyed ??= settings.colours(table.root));
  };
  /** @param {number} change */
  const lineOf = (change) => (change > 0 ? colours().up : change < 0 ? colours().down : colours().line);
  const chosenRow = () => (chosen ? (board.rows.get(chosen) ?? null) : null);

  const search = h("input", { type: "search", class: "field", placeholder: t("monitor search"), "aria-label": t("monitor search"), oninput: arrange });
  const group = h("select", { class: "field grouping", "aria-label": t("monitor group"), hidden: true, onchange: arrange });
  const rate = h(
    "select",
    { class: "field", "aria-label": t("monitor rate"), onchange: () => void setRate() },
    ...RATES.map((each) => h("option", { value: String(each ?? ""), selected: each === settings.rate }, each ? t("monitor rate of", { count: each }) : t("monitor rate each"))),
  );
  const hold = h("button", { type: "button", class: "icon-button", "aria-pressed": "false", onclick: () => setHeld(!held) });
  const state = h("div", { class: "banner", role: "status", hidden: true });
  const summary = h("p", { class: "visually-hidden", role: "status" });
  const figures = h("footer", { class: "monitor-figures", "aria-label": t("monitor figures") });
  const empty = h("div", { class: "monitor-empty", hidden: true });

  const table = buildTable(
    {
      list: () => board.list({ search: search.value, group: group.value, order, descending, language: language() }),
      sorting: () => ({ order, descending }),
      sort,
      chosen: () => chosen,
      choose,
      alarmed: (key) => alarms.rings(key),
      colours: (row) => ({ line: lineOf(changeOf(row)), faint: colours().faint }),
    },
    signal,
  );
  const detail = buildDetail(
    {
      chosen: chosenRow,
      close: () => choose(""),
      colours: () => ({ ...colours(), line: lineOf(changeOf(/** @type {Row} */ (chosenRow()))) }),
      alarms,
      addAlarm: (alarm) => {
        const added = alarms.add(alarm);
        if (added) settings.keepAlarms(room, alarms.alarms);
        const row = board.rows.get(alarm.key);
        if (added && row) ring([row]);
        return added;
      },
      removeAlarm: (alarm) => {
        alarms.remove(alarm);
        settings.keepAlarms(room, alarms.alarms);
      },
    },
    signal,
  );

  function arrange() {
    arranged = Date.now();
    table.arrange();
    empty.hidden = board.rows.size > 0;
    table.root.hidden = !empty.hidden;
    detail.draw();
  }

  /** @param {Order} wanted */
  function sort(wanted) {
    // A second time turns it round; numbers begin with the highest.
    descending = order === wanted ? !descending : wanted !== "name" && wanted !== "key";
    order = wanted;
    arrange();
  }

  /** @param {string} key */
  function choose(key) {
    chosen = key;
    const path = [room, ...(key ? [key] : [])].map(encodeURIComponent).join("/");
    history.replaceState(null, "", `#/monitor/${path}`);
    table.draw();
    detail.draw();
    if (!key) table.root.focus({ preventScroll: true });
  }

  async function setRate() {
    settings.rate = rate.value ? Number(rate.value) : null;
    await feed.setRate(settings.rate).catch(() => {});
  }

  /** @param {boolean} next */
  function setHeld(next) {
    held = next;
    put(hold, icon(held ? "play" : "pause"));
    hold.setAttribute("aria-pressed", String(held));
    hold.setAttribute("aria-label", t(held ? "monitor go on" : "monitor pause"));
    hold.title = t(held ? "monitor go on" : "monitor pause");
    if (!held) arrange();
  }

  /** @param {Iterable<Row>} rows */
  function ring(rows) {
    for (const { alarm, value } of alarms.check(rows)) {
      const row = /** @type {Row} */ (board.rows.get(alarm.key));
      const text = t(alarm.above ? "monitor rings above" : "monitor rings below", {
        name: nameOf(row, language()),
        value: valueText(value, row.about),
        limit: valueText(alarm.limit, row.about),
      });
      frame.toasts.show(text, { label: t("monitor show"), run: () => choose(alarm.key) });
      settings.notify(text, `${room}/${alarm.key}`);
    }
  }

  function showGroups() {
    const wanted = group.value;
    const names = board.groups();
    group.hidden = names.length < 2;
    put(group, h("option", { value: "" }, t("monitor every group")), ...names.map((name) => h("option", { value: name, selected: name === wanted }, groupName(name))));
  }

  function showState() {
    const texts = { open: "", waiting: t("monitor waiting"), lost: t("monitor lost"), refused: t("monitor refused", { message: feed.refusal }) };
    const text = texts[feed.state];
    state.hidden = !text;
    put(state, text);
  }

  async function showFigures() {
    const received = board.received - perSecond;
    perSecond = board.received;
    const now = Date.now();
    let oldest = 0;
    let up = 0;
    let down = 0;
    for (const row of board.rows.values()) {
      oldest = Math.max(oldest, now - row.heard);
      const change = changeOf(row);
      if (change > 0) up += 1;
      else if (change < 0) down += 1;
    }
    const asked = feed.state === "open" ? await feed.figures().catch(() => null) : null;
    if (signal.aborted) return;
    put(
      figures,
      h("span", null, t("monitor keys", { count: number(board.rows.size) })),
      h("span", null, t("monitor per second", { count: number(received) })),
      asked && h("span", null, t("monitor delivered", { count: number(asked.delivered) })),
      asked && h("span", null, t("monitor conflated", { count: number(asked.conflated) })),
      board.rows.size > 0 && h("span", null, t("monitor age", { time: seconds(oldest) })),
    );
    // For those who hear the page: seldom, and only what it all comes to.
    if (now % 30_000 < FIGURES_MS) put(summary, t("monitor summary", { keys: number(board.rows.size), up: number(up), down: number(down) }));
    if (!held && now - arranged > ARRANGE_MS && order !== "name" && order !== "key") arrange();
    else if (!held) table.draw();
  }

  board.on("keys", () => (showGroups(), held || arrange()), signal);
  board.on(
    "changed",
    (rows) => {
      ring(rows);
      if (held) return;
      table.draw();
      const row = chosenRow();
      if (row && rows.has(row)) detail.draw();
    },
    signal,
  );
  feed.on("state", showState, signal);
  settings.on("changed", () => (table.draw(), detail.draw()), signal);
  const timer = setInterval(() => void showFigures(), FIGURES_MS);
  signal.addEventListener("abort", () => clearInterval(timer), { once: true });

  put(empty, ...buildNone(room));
  setHeld(false);
  showGroups();
  showState();
  arrange();
  void showFigures();
  return [
    h("div", { class: "monitor-tools" }, roomPicker(frame, room), h("div", { class: "searching" }, icon("search"), search), group, rate, hold),
    state,
    h("div", { class: "monitor-split" }, h("div", { class: "monitor-main" }, table.root, empty), detail.root),
    figures,
    summary,
  ];
}

/** @param {Frame} frame @param {string} room */
function roomPicker(frame, room) {
  const field = h("input", {
    class: "field",
    list: "monitor-rooms",
    value: room,
    "aria-label": t("monitor room"),
    title: t("monitor room hint"),
    maxlength: 64,
    onchange: () => field.value.trim() && frame.go("monitor", field.value.trim()),
  });
  return h("div", { class: "monitor-room" }, field, h("datalist", { id: "monitor-rooms" }, ...ROOMS.map((name) => h("option", { value: name }))));
}
