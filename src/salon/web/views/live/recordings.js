/** What was recorded: to play, to save, to delete. */

import { language, t } from "../../i18n/i18n.js";
import { showDialog } from "../../ui/dialog.js";
import { h, put } from "../../ui/dom.js";
import { icon } from "../../ui/icons.js";

/** @typedef {import("../../live/recordings.js").Recording} Recording */

/** @param {import("../../live/recordings.js").Recordings} recordings @param {AbortSignal} signal */
export function buildRecordings(recordings, signal) {
  const list = h("ul", { class: "live-recordings" });
  const problem = h("p", { class: "problem-text", role: "alert" });
  const section = h("section", { class: "card live-past", hidden: true }, h("h2", null, t("live recordings")), list, problem);

  async function show() {
    const found = await recordings.list().catch(() => null);
    if (signal.aborted || !found) return;
    section.hidden = !found.recordings.length;
    put(list, ...found.recordings.slice(0, 50).map(row));
  }

  /** @param {Recording} recording */
  function row(recording) {
    const { file, room, began, bytes, running } = recording;
    const when = new Intl.DateTimeFormat(language(), { dateStyle: "medium", timeStyle: "short" }).format(new Date(began));
    return h(
      "li",
      { class: "live-recording" },
      h("span", { class: "live-recording-name" }, h("strong", null, room), h("span", { class: "faint" }, running ? t("live recording runs") : `${when} · ${megabytes(bytes)}`)),
      button("play", "live play", () => void play(recordings, file, room)),
      button("trash", "live delete", () => remove(file), running),
    );
  }

  /** @param {string} file */
  function remove(file) {
    showDialog({
      title: t("live delete"),
      content: (close) => [
        h("p", null, t("live delete sure", { file })),
        h(
          "div",
          { class: "dialog-actions" },
          h("button", { type: "button", class: "button", onclick: close }, t("cancel")),
          h("button", { type: "button", class: "button danger", onclick: () => { close(); void recordings.remove(file).catch((error) => (problem.textContent = error.message)).then(show); } }, t("live delete")),
        ),
      ],
    });
  }

  void show();
  return section;
}

/** @param {import("../../live/recordings.js").Recordings} recordings @param {string} file @param {string} room */
async function play(recordings, file, room) {
  const address = await recordings.address(file);
  const video = h("video", { class: "live-film", src: address, controls: true, playsinline: true });
  void video.play().catch(() => undefined);
  showDialog({
    title: room,
    content: () => [video, h("div", { class: "dialog-actions" }, h("a", { class: "button", href: address, download: file }, icon("download"), t("live save")))],
    onclose: () => {
      video.removeAttribute("src");
      video.load();
      if (address.startsWith("blob:")) URL.revokeObjectURL(address);
    },
  });
}

/** @param {string} drawing @param {import("../../i18n/i18n.js").Key} label @param {() => void} run @param {boolean} [off] */
function button(drawing, label, run, off = false) {
  return h("button", { type: "button", class: "icon-button", "aria-label": t(label), title: t(label), onclick: run, disabled: off }, icon(drawing));
}

/** @param {number} bytes */
function megabytes(bytes) {
  return `${(bytes / 1e6).toLocaleString(language(), { maximumFractionDigits: bytes < 1e7 ? 1 : 0 })} MB`;
}
