/** The two sides of a call: who answers, and what the answerer may see, the camera or the screen, one picture for each turn. */

import { t } from "../../i18n/i18n.js";
import { h } from "../../ui/dom.js";
import { icon } from "../../ui/icons.js";

const LONGEST = 1024;
/** One picture is looked at for each turn. */
const SLOW = { frameRate: { ideal: 8, max: 15 } };
/** Characters of a `data:` address: it goes through a data channel in one message. */
const LARGEST = 180_000;
const QUALITIES = [0.72, 0.55, 0.4, 0.25];

/** @typedef {"camera" | "screen"} Kind */

/**
 * One of both is large, the other in its corner.
 *
 * @param {HTMLElement} answerer
 * @param {{ ownLarge: boolean }} settings
 * @param {{ changed: () => void, swapped: () => void, refused: (message: string) => void }} actions
 */
export function buildSight(answerer, settings, { changed, swapped, refused }) {
  const video = h("video", { class: "sight", muted: true, playsinline: true, "aria-label": t("voice seen") });
  video.muted = true;
  const swap = button("swap", "voice swap", () => {
    settings.ownLarge = !settings.ownLarge;
    place();
    swapped();
  });
  const buttons = h("div", { class: "sides-buttons", hidden: true }, swap, button("expand", "voice full", () => void fill()));
  const frame = h("figure", { class: "sight-frame", hidden: true }, video);
  const root = h("div", { class: "sides", "data-large": "" }, answerer, frame, buttons);
  const canvas = document.createElement("canvas");
  /** @type {MediaStream | null} */
  let stream = null;
  /** @type {Kind | ""} */
  let kind = "";

  /** The same one again turns it off. @param {Kind} wanted */
  async function toggle(wanted) {
    const off = kind === wanted;
    stop();
    if (off) return;
    try {
      const media = navigator.mediaDevices;
      stream = wanted === "camera" ? await media.getUserMedia({ video: { width: { ideal: 1280 }, ...SLOW } }) : await media.getDisplayMedia({ video: SLOW });
    } catch {
      return refused(t(wanted === "camera" ? "voice no camera" : "voice no screen"));
    }
    kind = wanted;
    stream.getVideoTracks()[0]?.addEventListener("ended", stop);
    video.srcObject = stream;
    frame.hidden = buttons.hidden = false;
    place();
    await video.play().catch(() => {});
    changed();
  }

  function stop() {
    for (const track of stream?.getTracks() ?? []) track.stop();
    stream = null;
    kind = "";
    video.srcObject = null;
    frame.hidden = buttons.hidden = true;
    place();
    if (document.fullscreenElement === root) void document.exitFullscreen();
    changed();
  }

  /** What is to be seen now, as a small JPEG; null where nothing is. @returns {import("../../model/types.js").Picture | null} */
  function picture() {
    const { videoWidth: width, videoHeight: height } = video;
    if (!stream || !width || !height) return null;
    const scale = Math.min(1, LONGEST / Math.max(width, height));
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    canvas.getContext("2d")?.drawImage(video, 0, 0, canvas.width, canvas.height);
    return { url: small(canvas), name: t(kind === "screen" ? "voice screen shown" : "voice camera shown"), width: canvas.width, height: canvas.height };
  }

  function place() {
    root.dataset.large = kind ? (settings.ownLarge ? "own" : "answerer") : "";
    swap.setAttribute("aria-pressed", String(settings.ownLarge));
  }

  async function fill() {
    if (document.fullscreenElement) await document.exitFullscreen();
    else await root.requestFullscreen?.().catch(() => {});
  }

  return { root, toggle, stop, picture, kind: () => kind };
}

/** @param {string} drawing @param {import("../../i18n/i18n.js").Key} name @param {() => void} run */
function button(drawing, name, run) {
  return h("button", { type: "button", class: "icon-button", "aria-label": t(name), title: t(name), onclick: run }, icon(drawing));
}

/** @param {HTMLCanvasElement} canvas */
function small(canvas) {
  let url = "";
  for (const quality of QUALITIES) {
    url = canvas.toDataURL("image/jpeg", quality);
    if (url.length <= LARGEST) break;
  }
  return url;
}
