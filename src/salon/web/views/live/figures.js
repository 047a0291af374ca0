/** A session in numbers, once a second. */

import { language, t } from "../../i18n/i18n.js";
import { figuresOf } from "../../live/stats.js";
import { h, put } from "../../ui/dom.js";

/** @typedef {import("../../live/stats.js").Figures} Figures */

const EVERY_MS = 1000;

/**
 * Read the figures of whatever peer there is, until `signal` is aborted.
 *
 * @param {() => import("../../live/peer.js").LivePeer | null | undefined} peer
 * @param {(figures: Figures) => void} onfigures
 * @param {AbortSignal} signal
 */
export function readFigures(peer, onfigures, signal) {
  /** @type {any[]} */
  let before = [];
  /** @type {RTCPeerConnection | null} */
  let of = null;
  const timer = setInterval(async () => {
    const connection = peer()?.connection;
    if (!connection || connection.connectionState !== "connected") return;
    if (connection !== of) before = [];
    of = connection;
    const now = [...(await connection.getStats()).values()];
    if (signal.aborted) return;
    onfigures(figuresOf(now, before));
    before = now;
  }, EVERY_MS);
  signal.addEventListener("abort", () => clearInterval(timer), { once: true });
}

/** @param {number} bits */
export function bitRate(bits) {
  return bits >= 1_000_000 ? `${digits(bits / 1e6, 1)} Mbit/s` : `${digits(bits / 1e3, 0)} kbit/s`;
}

/** @param {Figures} figures */
export function pictureSize({ width, height, frameRate }) {
  return width ? `${width} × ${height}${frameRate ? `, ${frameRate} fps` : ""}` : "";
}

/** A table that `show` fills. */
export function buildFigures() {
  const list = h("dl", { class: "live-figures" });

  /** @param {Figures} figures @param {boolean} watches */
  function show(figures, watches) {
    const rows = /** @type {[string, string][]} */ (
      [
        [t("live figure rate"), bitRate(figures.bitRate)],
        [t("live figure size"), pictureSize(figures)],
        [t("live figure codecs"), figures.codecs.join(" + ")],
        [t("live figure latency"), watches && figures.latency !== null ? `${figures.latency} ms` : ""],
        [t("live figure rtt"), figures.rtt === null ? "" : `${figures.rtt} ms`],
        [t("live figure loss"), figures.loss === null ? "" : `${digits(100 * figures.loss, 1)} %`],
        [t("live figure jitter"), figures.jitter === null ? "" : `${figures.jitter} ms`],
        [t("live figure layers"), !watches && figures.layers > 1 ? String(figures.layers) : ""],
        [t("live figure dropped"), watches ? String(figures.dropped) : ""],
        [t("live figure transport"), figures.transport],
      ].filter(([, value]) => value)
    );
    put(list, ...rows.map(([name, value]) => h("div", null, h("dt", null, name), h("dd", null, value))));
  }

  return { list, show };
}

/** @param {number} value @param {number} most */
function digits(value, most) {
  return value.toLocaleString(language(), { maximumFractionDigits: most, minimumFractionDigits: most });
}
