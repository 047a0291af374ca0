/** How long a question and its answer take where no media tell: a page may not ping over its WebSocket. */

import { levelOf } from "../peer/quality.js";
import { httpUrl } from "../realtime/place.js";

const EACH_MS = 5_000;
const PATIENCE_MS = 8_000;

/**
 * Until `signal`. A question without an answer makes the line `shaky`, two in a row mean that it is `lost`.
 *
 * @param {import("../emitter.js").Emitter<import("./call.js").LineEvents & Record<string, unknown>>} line
 * @param {AbortSignal} signal
 */
export function followRoundTrip(line, signal) {
  let unanswered = 0;
  async function measure() {
    const asked = performance.now();
    try {
      const answer = await fetch(httpUrl("healthz"), { cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) });
      await answer.arrayBuffer();
    } catch {
      if (signal.aborted) return;
      unanswered += 1;
      if (unanswered === 1) line.emit("shaky", true);
      else line.emit("lost", null);
      return;
    }
    if (signal.aborted) return;
    if (unanswered) line.emit("shaky", false);
    unanswered = 0;
    const rtt = Math.round(performance.now() - asked);
    line.emit("stats", { level: levelOf(rtt, null), rtt, loss: null, lossUp: null, kind: "tcp" });
  }
  const timer = setInterval(() => void measure(), EACH_MS);
  signal.addEventListener("abort", () => clearInterval(timer), { once: true });
  void measure();
}
