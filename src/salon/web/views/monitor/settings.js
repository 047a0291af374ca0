/** What this browser prefers of boards: how often, which colours, whom to tell, and its alarms. */

import { Emitter } from "../../emitter.js";
import { language, t } from "../../i18n/i18n.js";
import { showDialog } from "../../ui/dialog.js";
import { h } from "../../ui/dom.js";
import { colourOf } from "../../ui/theme.js";

/** @typedef {import("../../board/alarms.js").Alarm} Alarm */

const NAME = "salon.monitor";
/** Deliveries a second to choose from; null for every change. @type {(number | null)[]} */
export const RATES = [1, 2, 5, 10, 20, null];

/** @extends {Emitter<{ changed: null }>} */
export class Settings extends Emitter {
  constructor() {
    super();
    const kept = read();
    /** @type {number | null} */
    this.kept = RATES.includes(kept.rate) ? kept.rate : 5;
    /** In China red is up. @type {boolean} */
    this.redUp = typeof kept.redUp === "boolean" ? kept.redUp : language() === "zh";
    this.tells = kept.tells === true;
    /** @type {Record<string, Alarm[]>} */
    this.allAlarms = typeof kept.alarms === "object" && kept.alarms ? kept.alarms : {};
    this.dress();
  }

  get rate() {
    return this.kept;
  }

  set rate(rate) {
    this.kept = rate;
    this.keep();
  }

  /** @param {string} room */
  alarms(room) {
    const found = this.allAlarms[room];
    return Array.isArray(found) ? found : [];
  }

  /** @param {string} room @param {Alarm[]} alarms */
  keepAlarms(room, alarms) {
    this.allAlarms = { ...this.allAlarms, [room]: alarms };
    this.keep();
  }

  /** The colours as the theme has them now. @param {HTMLElement} element */
  colours(element) {
    const [rise, fall] = this.redUp ? ["--fall", "--rise"] : ["--rise", "--fall"];
    return {
      up: colourOf(element, rise),
      down: colourOf(element, fall),
      line: colourOf(element, "--ink-soft"),
      faint: colourOf(element, "--line-strong"),
      grid: colourOf(element, "--line"),
      ink: colourOf(element, "--ink-faint"),
      limit: colourOf(element, "--amber"),
    };
  }

  /** Red up or green up, for what the style sheet colours. */
  dress() {
    document.documentElement.classList.toggle("red-up", this.redUp);
  }

  /** Outside of the page, where that is wanted. @param {string} text @param {string} tag */
  notify(text, tag) {
    if (!this.tells || !document.hidden || !("Notification" in globalThis) || Notification.permission !== "granted") return;
    new Notification(text, { tag });
  }

  keep() {
    try {
      const { kept: rate, redUp, tells, allAlarms: alarms } = this;
      localStorage.setItem(NAME, JSON.stringify({ rate, redUp, tells, alarms }));
    } catch {
      // Without a storage they count for this visit.
    }
    this.dress();
    this.emit("changed", null);
  }
}

/** @param {Settings} settings @param {() => void} changed */
export function showSettings(settings, changed) {
  const redUp = h("input", { type: "checkbox", checked: settings.redUp, onchange: () => ((settings.redUp = redUp.checked), settings.keep(), changed()) });
  const tells = h("input", {
    type: "checkbox",
    checked: settings.tells,
    disabled: !("Notification" in globalThis),
    onchange: async () => {
      // Asked for when it is wanted, and not before.
      if (tells.checked && (await Notification.requestPermission()) !== "granted") tells.checked = false;
      settings.tells = tells.checked;
      settings.keep();
    },
  });
  showDialog({
    title: t("monitor settings"),
    content: () => [
      h("label", { class: "check" }, redUp, h("span", null, t("monitor red up"))),
      h("label", { class: "check" }, tells, h("span", null, t("monitor notify"))),
    ],
  });
}

/** @returns {Record<string, any>} */
function read() {
  try {
    const found = JSON.parse(localStorage.getItem(NAME) ?? "{}");
    return typeof found === "object" && found ? found : {};
  } catch {
    return {};
  }
}
