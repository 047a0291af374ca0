/** `Link` headers (RFC 8288), as far as WHIP and WHEP use them: STUN and TURN servers (RFC 9725 section 4.6). */

/**
 * The servers that `rel="ice-server"` names, in the form that `RTCPeerConnection` takes. A browser joins several headers with
 * commas; the commas inside `<…>` and quotes are not such.
 *
 * @param {string | null} header
 * @returns {RTCIceServer[]}
 */
export function iceServersOf(header) {
  const servers = [];
  for (const [, url, rest] of (header ?? "").matchAll(/<([^>]*)>((?:\s*;\s*[\w-]+\s*=\s*(?:"(?:[^"\\]|\\.)*"|[^",;\s]*))*)/g)) {
    const parameters = parametersOf(rest);
    if (!/(?:^|\s)ice-server(?:\s|$)/.test(parameters.rel ?? "")) continue;
    // Section 4.6: "credential-type" is "password" or "oauth"; browsers know only the first.
    if ((parameters["credential-type"] ?? "password") !== "password") continue;
    const { username, credential } = parameters;
    servers.push(username === undefined ? { urls: url } : { urls: url, username, credential: credential ?? "" });
  }
  return servers;
}

/** @param {string} text @returns {Record<string, string>} */
function parametersOf(text) {
  /** @type {Record<string, string>} */
  const found = {};
  for (const [, name, quoted, bare] of text.matchAll(/;\s*([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^",;\s]*))/g)) {
    // RFC 8288 section 3.3: the first counts, others "MUST be ignored".
    found[name.toLowerCase()] ??= quoted === undefined ? bare : quoted.replace(/\\(.)/g, "$1");
  }
  return found;
}
