/** Figures of a session from two readings of `getStats` (https://www.w3.org/TR/webrtc-stats/), one after the other. */

/**
 * Bit rates are bit/s, times milliseconds, shares 0 to 1. Null is what is not known, or not yet.
 * @typedef {object} Figures
 * @property {number} bitRate
 * @property {number} width
 * @property {number} height
 * @property {number} frameRate
 * @property {number | null} rtt
 * @property {number | null} loss of the time between the readings
 * @property {number | null} jitter
 * @property {number} dropped frames, in all
 * @property {string[]} codecs
 * @property {string} transport
 * @property {number} layers how many sizes of the picture are being sent
 * @property {number | null} latency see `latencyOf`
 *
 * @typedef {any} Stat
 */

/**
 * @param {Iterable<Stat>} now
 * @param {Iterable<Stat>} before empty the first time
 * @returns {Figures}
 */
export function figuresOf(now, before) {
  const stats = new Map(Array.from(now, (stat) => [stat.id, stat]));
  const old = new Map(Array.from(before, (stat) => [stat.id, stat]));
  const all = [...stats.values()];
  const streams = all.filter(({ type }) => type === "inbound-rtp" || type === "outbound-rtp");
  const videos = streams.filter(({ kind }) => kind === "video").sort((one, other) => (other.frameWidth ?? 0) - (one.frameWidth ?? 0));
  // What a sender knows of loss and jitter is what the server reports back.
  const reports = all.filter(({ type }) => type === "remote-inbound-rtp" || type === "inbound-rtp");
  const pair = pairOf(all, stats);
  const best = videos[0] ?? {};
  return {
    bitRate: sum(streams, (stream) => rate(stream, old.get(stream.id))),
    width: best.frameWidth ?? 0,
    height: best.frameHeight ?? 0,
    frameRate: Math.round(best.framesPerSecond ?? 0),
    rtt: milliseconds(pair?.currentRoundTripTime),
    loss: lossOf(reports, old),
    jitter: milliseconds(most(reports, ({ jitter }) => jitter)),
    dropped: sum(videos, ({ framesDropped }) => framesDropped ?? 0),
    codecs: [...new Set(streams.map(({ codecId }) => stats.get(codecId)?.mimeType?.split("/")[1]).filter(Boolean))],
    transport: pair ? transportOf(stats.get(pair.localCandidateId)) : "",
    layers: videos.filter((video) => rate(video, old.get(video.id)) > 0).length,
    latency: latencyOf(videos[0], old.get(videos[0]?.id), pair),
  };
}

/**
 * From the server to the screen, estimated: half of the round trip to the server, and what a frame took from its first packet to
 * its picture (`totalProcessingDelay`: waiting in the jitter buffer and decoding), on average since the last reading. The way from
 * the camera to the server is not in it: the clocks of two machines cannot be compared to a few milliseconds.
 *
 * @param {Stat} video @param {Stat} before @param {Stat} pair
 */
function latencyOf(video, before, pair) {
  if (video?.type !== "inbound-rtp" || !before || pair?.currentRoundTripTime === undefined) return null;
  const frames = video.framesDecoded - before.framesDecoded;
  const spent = video.totalProcessingDelay - before.totalProcessingDelay;
  if (!(frames > 0) || !(spent >= 0)) return null;
  return Math.round(1000 * (pair.currentRoundTripTime / 2 + spent / frames));
}

/** @param {Stat[]} reports @param {Map<string, Stat>} old */
function lossOf(reports, old) {
  let lost = 0;
  let sent = 0;
  for (const report of reports) {
    if (report.type === "remote-inbound-rtp") {
      if (report.fractionLost !== undefined) return most(reports, ({ fractionLost }) => fractionLost);
      continue;
    }
    const before = old.get(report.id);
    if (!before) continue;
    // A packet that comes late is taken off those that are lost.
    const missing = Math.max(0, report.packetsLost - before.packetsLost);
    lost += missing;
    sent += missing + report.packetsReceived - before.packetsReceived;
  }
  return sent > 0 ? lost / sent : null;
}

/** The pair of candidates that carries everything. @param {Stat[]} all @param {Map<string, Stat>} stats */
function pairOf(all, stats) {
  const transport = all.find(({ type }) => type === "transport");
  return stats.get(transport?.selectedCandidatePairId) ?? all.find(({ type, nominated, state }) => type === "candidate-pair" && nominated && state === "succeeded");
}

/** @param {Stat} candidate */
function transportOf(candidate) {
  if (!candidate) return "";
  return candidate.relayProtocol ? `TURN ${candidate.relayProtocol.toUpperCase()}` : (candidate.protocol ?? "").toUpperCase();
}

/** @param {Stat} stat @param {Stat} before */
function rate(stat, before) {
  const bytes = (/** @type {Stat} */ each) => each?.bytesSent ?? each?.bytesReceived ?? 0;
  const time = stat.timestamp - before?.timestamp;
  return time > 0 ? Math.max(0, Math.round((8000 * (bytes(stat) - bytes(before))) / time)) : 0;
}

/** @param {number | undefined | null} value in seconds */
function milliseconds(value) {
  return value === undefined || value === null ? null : Math.round(1000 * value);
}

/** @param {Stat[]} stats @param {(stat: Stat) => number} value */
function sum(stats, value) {
  return stats.reduce((whole, stat) => whole + value(stat), 0);
}

/** @param {Stat[]} stats @param {(stat: Stat) => number | undefined} value @returns {number | null} */
function most(stats, value) {
  const known = stats.map(value).filter((each) => each !== undefined);
  return known.length ? Math.max(.../** @type {number[]} */ (known)) : null;
}
