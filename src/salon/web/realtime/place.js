/** Where this page's server is. All addresses are relative to the page, so it may be mounted below any path. */

/** @param {string} path @param {string} [base] */
export function httpUrl(path, base = document.baseURI) {
  return new URL(path, base).href;
}

/**
 * @param {Record<string, string>} query
 * @param {string} [base]
 */
export function realtimeUrl(query, base = document.baseURI) {
  const url = new URL("v1/realtime", base);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  url.hash = "";
  url.search = new URLSearchParams(query).toString();
  return url.href;
}
