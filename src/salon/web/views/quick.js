/** Language, theme and preferences: the three buttons that are always at hand. */

import { language, t } from "../i18n/i18n.js";
import { credential } from "../model/preferences.js";
import { showDialog } from "../ui/dialog.js";
import { h, put } from "../ui/dom.js";
import { icon } from "../ui/icons.js";
import { MOD } from "../ui/keys.js";

/** @typedef {import("../frame.js").Frame} Frame */

/** @type {("auto" | "light" | "dark")[]} */
const THEMES = ["auto", "light", "dark"];
const THEME_ICONS = { auto: "auto", light: "sun", dark: "moon" };

/** @param {Frame} frame @param {AbortSignal} signal */
export function quickButtons(frame, signal) {
  const { preferences } = frame;
  const theme = h("button", { type: "button", class: "icon-button quick-theme", onclick: nextTheme });
  preferences.on("changed", showTheme, signal);
  showTheme();

  function nextTheme() {
    const { theme: now } = preferences.values;
    preferences.set("theme", THEMES[(THEMES.indexOf(now) + 1) % THEMES.length]);
  }

  function showTheme() {
    const { theme: now } = preferences.values;
    const label = `${t("theme")}: ${t(`theme ${now}`)}`;
    put(theme, icon(THEME_ICONS[now]));
    theme.setAttribute("aria-label", label);
    theme.title = label;
  }

  const other = language() === "zh" ? "en" : "zh";
  return [
    h(
      "button",
      {
        type: "button",
        class: "icon-button quick-language",
        lang: other === "zh" ? "zh-CN" : "en",
        "aria-label": other === "zh" ? "中文" : "English",
        title: other === "zh" ? "中文" : "English",
        onclick: () => preferences.set("language", other),
      },
      other === "zh" ? "中" : "EN",
    ),
    theme,
    h(
      "button",
      {
        type: "button",
        class: "icon-button quick-preferences",
        "aria-label": t("preferences"),
        title: t("preferences"),
        onclick: () => showPreferences(frame),
      },
      icon("gear"),
    ),
  ];
}

/** @param {Frame} frame */
function showPreferences(frame) {
  const { preferences, config } = frame;
  const { values } = preferences;

  /**
   * @param {import("../i18n/i18n.js").Key} label
   * @param {"theme" | "language" | "sendKey"} name
   * @param {[string, string][]} options
   */
  function choice(label, name, options) {
    const select = h(
      "select",
      { class: "field", onchange: () => preferences.set(name, /** @type {any} */ (select.value)) },
      ...options.map(([value, text]) => h("option", { value, selected: values[name] === value }, text)),
    );
    return h("label", { class: "labelled" }, h("span", null, t(label)), select);
  }

  /** @param {string} keys @param {import("../i18n/i18n.js").Key} what */
  const shortcut = (keys, what) =>
    h("tr", null, h("th", { scope: "row" }, ...keys.split(" ").map((key) => h("kbd", null, key))), h("td", null, t(what)));

  showDialog({
    title: t("preferences"),
    content: (close) => [
      choice("language", "language", [
        ["auto", t("as the browser")],
        ["en", "English"],
        ["zh", "中文"],
      ]),
      choice("theme", "theme", [
        ["auto", t("theme auto")],
        ["light", t("theme light")],
        ["dark", t("theme dark")],
      ]),
      choice("send with", "sendKey", [
        ["enter", "Enter"],
        ["mod-enter", `${MOD} + Enter`],
      ]),
      h("h3", null, t("shortcuts")),
      h(
        "table",
        { class: "shortcuts" },
        h(
          "tbody",
          null,
          shortcut(`${MOD} K`, "shortcut new"),
          shortcut("Esc", "shortcut stop"),
          shortcut(values.sendKey === "enter" ? "Enter" : `${MOD} Enter`, "shortcut send"),
          shortcut("Shift Enter", "shortcut line"),
        ),
      ),
      config.auth === "key" &&
        h(
          "div",
          { class: "dialog-row" },
          h("button", { type: "button", class: "button", onclick: () => (close(), frame.askKey()) }, icon("key"), t("key change")),
          h(
            "button",
            {
              type: "button",
              class: "button",
              onclick: () => {
                credential.forget();
                location.reload();
              },
            },
            t("key forget"),
          ),
        ),
      h("p", { class: "faint" }, `${config.name} ${config.version}`),
    ],
  });
}
