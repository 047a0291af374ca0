/** How good a connection is, from two readings of `getStats` (https://www.w3.org/TR/webrtc-stats/), one after the other. */

/**
 * @typedef {object} Quality
 * @property {"good" | "fair" | "poor" | ""} level empty until it is known
 * @property {number | null} rtt milliseconds
 * @property {number | null} loss 0 to 1, of what came in since the last reading
 * @property {boolean} relayed
 * @property {number} bitRate bit/s in
 * @property {number} frames shown, in all
 * @property {Map<string, any>} stats for the next reading
 */

// Speech is good up to about 150 ms one way (ITU-T G.114); a loss of 2 % is heard, of 8 % not understood.
const FAIR = { rtt: 250, loss: 0.02 };
const POOR = { rtt: 500, loss: 0.08 };

/** @param {Iterable<any>} report @param {Map<string, any>} before @returns {Quality} */
export function qualityOf(report, before) {
  const stats = new Map(Array.from(report, (stat) => [stat.id, stat]));
  const all = [...stats.values()];
  const transport = all.find(({ type }) => type === "transport");
  const pair = stats.get(transport?.selectedCandidatePairId) ?? all.find(({ type, nominated }) => type === "candidate-pair" && nominated);
  const rtt = pair?.currentRoundTripTime === undefined ? null : Math.round(1000 * pair.currentRoundTripTime);
  let lost = 0;
  let whole = 0;
  let bytes = 0;
  let frames = 0;
  let spent = 0;
  for (const stat of all) {
    if (stat.type !== "inbound-rtp") continue;
    const old = before.get(stat.id);
    frames += stat.framesDecoded ?? 0;
    if (!old) continue;
    // A packet that comes late is taken off those that are lost.
    const missing = Math.max(0, stat.packetsLost - old.packetsLost);
    lost += missing;
    whole += missing + stat.packetsReceived - old.packetsReceived;
    bytes += stat.bytesReceived - old.bytesReceived;
    spent = Math.max(spent, stat.timestamp - old.timestamp);
  }
  const loss = whole > 0 ? lost / whole : null;
  const relayed = [pair?.localCandidateId, pair?.remoteCandidateId].some((id) => stats.get(id)?.candidateType === "relay");
  return { level: levelOf(rtt, loss), rtt, loss, relayed, bitRate: spent > 0 ? Math.round((8000 * bytes) / spent) : 0, frames, stats };
}

/** @param {number | null} rtt @param {number | null} loss @returns {Quality["level"]} */
export function levelOf(rtt, loss) {
  if (rtt === null && loss === null) return "";
  const over = (/** @type {typeof FAIR} */ bound) => (rtt ?? 0) > bound.rtt || (loss ?? 0) > bound.loss;
  return over(POOR) ? "poor" : over(FAIR) ? "fair" : "good";
}
