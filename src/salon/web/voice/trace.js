/** What happened on a spoken conversation's line: over a WebSocket as `Recorder` sees it, over WebRTC from the offer to the goodbye. */

import { Recorder } from "../realtime/recorder.js";

/** @typedef {import("../realtime/recorder.js").Row} Row */

export class VoiceTrace extends Recorder {
  /**
   * @param {Row["phase"]} phase
   * @param {Row["way"]} way
   * @param {string} type
   * @param {unknown} [data]
   * @param {boolean} [bad]
   */
  note(phase, way, type, data = null, bad = false) {
    if (phase === "offer" && way === "up") this.connections += 1;
    this.add({ connection: this.connections, phase, way, kind: bad && way === "none" ? "lost" : "frame", type, data: bad && way === "none" ? { code: type } : data, bytes: 0, bad });
  }

  /** One event of the data channel. @param {"up" | "down"} way @param {string} text */
  event(way, text) {
    this.frame(this.connections, way, text);
  }
}
