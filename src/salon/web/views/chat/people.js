/** Who is in the room: people, their devices, agents. */

import { t } from "../../i18n/i18n.js";
import { showDialog } from "../../ui/dialog.js";
import { h, put } from "../../ui/dom.js";
import { avatar } from "./avatar.js";

/** @param {import("../../chat/room.js").ChatRoom} room */
export function showPeople(room) {
  const list = h("ul", { class: "chat-people-list" });
  const closed = new AbortController();
  const show = () => put(list, ...room.people.map(line));

  /** @param {import("../../chat/room.js").Person} person */
  function line(person) {
    const about = [
      person.user === room.me().user && t("chat you"),
      person.agent && t("chat agent"),
      person.away && t("chat away"),
      person.devices > 1 && t("chat devices", { count: person.devices }),
    ].filter(Boolean);
    return h("li", { class: person.away ? "away" : null }, avatar(person.user, person.name, person.agent), h("span", { class: "chat-person" }, person.name), h("span", { class: "faint" }, about.join(" · ")));
  }

  room.on("people", show, closed.signal);
  show();
  showDialog({ title: t("chat people"), content: () => [list], onclose: () => closed.abort() });
}
