/** Trickle ICE fragments (RFC 8840): candidates for the server, and new credentials both ways when ICE restarts. */

export const FRAGMENT = "application/trickle-ice-sdpfrag";

/**
 * What a PATCH sends. All sections travel in one BUNDLE group, so the first section speaks for all.
 *
 * @param {string} sdp the local description
 * @param {string[]} candidates as `RTCIceCandidate.candidate` has them
 * @param {boolean} complete no more will come
 */
export function toFragment(sdp, candidates, complete) {
  const media = /^m=.*$/m.exec(sdp)?.[0].trim() ?? "m=audio 9 UDP/TLS/RTP/SAVPF 0";
  const lines = [
    attribute(sdp, "group"),
    attribute(sdp, "ice-options"),
    attribute(sdp, "ice-ufrag"),
    attribute(sdp, "ice-pwd"),
    media,
    attribute(sdp, "mid"),
    ...candidates.map((candidate) => `a=${candidate}`),
    complete ? "a=end-of-candidates" : "",
  ];
  return lines.filter(Boolean).map((line) => `${line}\r\n`).join("");
}

/**
 * The remote description after an ICE restart: the one before, with the fragment's credentials and candidates in it.
 *
 * @param {string} sdp
 * @param {string} fragment
 * @returns {string} empty if the fragment has no credentials
 */
export function restarted(sdp, fragment) {
  const ufrag = attribute(fragment, "ice-ufrag");
  const pwd = attribute(fragment, "ice-pwd");
  if (!ufrag || !pwd) return "";
  const candidates = all(fragment, "candidate");
  const kept = sdp
    .split(/\r?\n/)
    .filter((line) => line && !(candidates.length && /^a=(?:candidate:|end-of-candidates)/.test(line)))
    .map((line) => (line.startsWith("a=ice-ufrag:") ? ufrag : line.startsWith("a=ice-pwd:") ? pwd : line));
  const first = kept.findIndex((line) => line.startsWith("m="));
  const next = kept.findIndex((line, at) => at > first && line.startsWith("m="));
  kept.splice(next < 0 ? kept.length : next, 0, ...candidates);
  return kept.map((line) => `${line}\r\n`).join("");
}

/**
 * An SDP that may be shown: without the passwords of ICE.
 * @param {string} sdp
 */
export function shownSdp(sdp) {
  return sdp.replace(/^(a=ice-(?:ufrag|pwd):).*$/gm, "$1•••");
}

/** The first `a=` line of that name. @param {string} text @param {string} name */
function attribute(text, name) {
  return all(text, name)[0] ?? "";
}

/** @param {string} text @param {string} name */
function all(text, name) {
  return text.split(/\r?\n/).filter((line) => line.startsWith(`a=${name}:`));
}
