/** One key in full: its chart, its figures, and its alarms. */

import { nameOf } from "../../board/board.js";
import { language, t } from "../../i18n/i18n.js";
import { h, put } from "../../ui/dom.js";
import { icon } from "../../ui/icons.js";
import { buildChart } from "./chart.js";
import { changeText, countText, groupName, timeText, valueText } from "./numbers.js";

/** @typedef {import("../../board/board.js").Row} Row */
/** @typedef {import("../../board/alarms.js").Alarm} Alarm */

/**
 * @typedef {object} Subject
 * @property {() => Row | null} chosen
 * @property {() => void} close
 * @property {() => import("./chart.js").Colours} colours
 * @property {import("../../board/alarms.js").Alarms} alarms
 * @property {(alarm: Alarm) => boolean} addAlarm
 * @property {(alarm: Alarm) => void} removeAlarm
 */

/** @param {Subject} subject @param {AbortSignal} signal */
export function buildDetail(subject, signal) {
  const title = h("h2");
  const under = h("p", { class: "faint" });
  const value = h("span", { class: "detail-value" });
  const change = h("span", { class: "change" });
  const figures = h("dl", { class: "detail-figures" });
  const list = h("ul", { class: "alarms" });
  const limit = h("input", { class: "field", type: "number", step: "any", required: true, "aria-label": t("monitor limit") });
  const side = h("select", { class: "field", "aria-label": t("monitor side") }, h("option", { value: "above" }, t("monitor above")), h("option", { value: "below" }, t("monitor below")));
  const limitsOf = (/** @type {string} */ key) => subject.alarms.alarms.filter((alarm) => alarm.key === key).map((alarm) => alarm.limit);
  const chart = buildChart(subject.chosen, subject.colours, limitsOf, signal);
  const root = h(
    "section",
    { class: "detail", hidden: true, "aria-label": t("monitor detail") },
    h(
      "header",
      null,
      h("div", null, title, under),
      h("button", { type: "button", class: "icon-button", "aria-label": t("close"), title: t("close"), onclick: subject.close }, icon("close")),
    ),
    h("p", { class: "detail-now" }, value, change),
    chart.root,
    figures,
    h("h3", null, t("monitor alarms")),
    list,
    h("form", { class: "alarm-form", onsubmit: add }, side, limit, h("button", { class: "button" }, icon("bell"), t("monitor add alarm"))),
  );
  let shown = "";
  /** @type {Row["about"] | null} */
  let about = null;

  /** @param {Event} event */
  function add(event) {
    event.preventDefault();
    const row = subject.chosen();
    if (!row || !subject.addAlarm({ key: row.key, above: side.value === "above", limit: limit.valueAsNumber })) return;
    limit.value = "";
    showAlarms();
    chart.draw();
  }

  function showAlarms() {
    const row = subject.chosen();
    if (!row) return;
    const own = subject.alarms.alarms.filter(({ key }) => key === row.key);
    put(
      list,
      ...own.map((alarm) => {
        const text = t(alarm.above ? "monitor at least" : "monitor at most", { limit: valueText(alarm.limit, row.about) });
        return h(
          "li",
          { class: subject.alarms.ringing.has(alarm) ? "ringing" : "" },
          icon("bell"),
          h("span", null, text),
          h(
            "button",
            {
              type: "button",
              class: "icon-button",
              "aria-label": t("monitor remove alarm", { text }),
              onclick: () => {
                subject.removeAlarm(alarm);
                showAlarms();
                chart.draw();
              },
            },
            icon("trash"),
          ),
        );
      }),
    );
    if (!own.length) put(list, h("li", { class: "faint" }, t("monitor no alarms")));
  }

  function draw() {
    const row = subject.chosen();
    root.hidden = !row;
    if (!row) return;
    if (shown !== row.key || about !== row.about) {
      if (shown !== row.key) limit.value = "";
      shown = row.key;
      about = row.about;
      put(title, nameOf(row, language()));
      put(under, [row.key, groupName(row.about.group ?? "")].filter(Boolean).join(" · "));
    }
    put(value, valueText(row.value, row.about));
    put(change, changeText(row));
    change.dataset.way = row.open === null || row.value === row.open ? "" : row.value > row.open ? "up" : "down";
    put(
      figures,
      ...figure("monitor open", row.open === null ? "–" : valueText(row.open, row.about)),
      ...(row.volume === null ? [] : figure("monitor volume", countText(row.volume))),
      ...figure("monitor last", row.at ? timeText(row.at) : "–"),
      ...figure("monitor points", countText(row.series.length)),
    );
    showAlarms();
    chart.draw();
  }

  return { root, draw };
}

/** @param {import("../../i18n/i18n.js").Key} label @param {string} text */
function figure(label, text) {
  return [h("dt", null, t(label)), h("dd", null, text)];
}
