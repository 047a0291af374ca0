/** What may be shown of a message: everything but secrets and the bulk of images and sound. */

const SECRET = /^(?:.*_)?(?:token|key|secret|authorization|password)$|^apikey$/i;
const BULK = 2_000;
const HIDDEN = "•••";

/**
 * A copy that may be shown and exported.
 *
 * @param {unknown} value
 * @param {boolean} [secret] it stands in a field that holds a secret
 * @returns {unknown}
 */
export function redact(value, secret = false) {
  if (typeof value === "string") return secret && value ? HIDDEN : shorten(value);
  if (Array.isArray(value)) return value.map((each) => redact(each, secret));
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, redact(each, secret || SECRET.test(key))]));
  }
  return value;
}

/** @param {string} text */
function shorten(text) {
  const data = /^data:[\w/+.-]+;base64,/.exec(text);
  if (data) return `${data[0]}… (${text.length - data[0].length} characters)`;
  if (text.length <= BULK) return text;
  return `${text.slice(0, BULK)}… (${text.length} characters)`;
}

/**
 * Path and query of an address with what is secret in it hidden.
 * @param {string} address
 */
export function redactUrl(address) {
  const url = new URL(address);
  const secrets = ["resume", "key", "token"];
  for (const name of secrets) {
    const value = url.searchParams.get(name);
    if (value && value !== "new") url.searchParams.set(name, HIDDEN);
  }
  return url.pathname + decodeURIComponent(url.search);
}

/**
 * The subprotocols as offered, the key hidden.
 * @param {string[]} protocols
 */
export function redactProtocols(protocols) {
  return protocols.map((name) => name.replace(/^(openai-insecure-api-key\.).*/, `$1${HIDDEN}`));
}
