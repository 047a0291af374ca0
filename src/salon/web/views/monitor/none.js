/** A feed that has no value yet: how to bring one in, and where there are some. */

import { t } from "../../i18n/i18n.js";
import { credential } from "../../model/preferences.js";
import { httpUrl } from "../../realtime/place.js";
import { copyable } from "../../ui/clipboard.js";
import { h } from "../../ui/dom.js";

/** The two that a server has by itself, where it has keys for nobody. */
export const ROOMS = ["market", "machine"];

/** @param {string} room */
export function buildNone(room) {
  const others = ROOMS.filter((name) => name !== room).map((name) => h("a", { class: "button small", href: `#/monitor/${name}` }, name));
  return [
    h("h2", null, t("monitor none")),
    h("p", { class: "faint" }, t("monitor none about")),
    copyable(commandFor(room)),
    h("p", { class: "faint" }, t("monitor none others")),
    h("div", { class: "monitor-others" }, ...others),
  ];
}

/** For a shell: the page's own key is not put where it could be copied by mistake. @param {string} room */
function commandFor(room) {
  const key = credential.get() ? '\n  -H "X-API-Key: $SALON_API_KEY" \\' : "";
  const data = JSON.stringify({ channel: `${room}/feed`, key: "t1", data: { key: "t1", value: 21.4 } });
  return `curl ${httpUrl("api/publish")} \\${key}\n  -d '${data.replaceAll("'", "'\\''")}'`;
}
