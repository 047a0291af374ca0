/** Which addresses a model's text may link to. */

const SAFE = new Set(["http:", "https:", "mailto:"]);
// Browsers drop these inside an address, so "java\tscript:" would be read as "javascript:".
const IGNORED = /[\u0000-\u0020\u007f-\u009f\u00ad\u200b-\u200f\u2028\u2029\ufeff]/g;

/**
 * The address in its normal form, or null where it is not one of http, https or mailto. Relative addresses are refused:
 * they would point into this page.
 *
 * @param {string} address
 * @returns {string | null}
 */
export function safeHref(address) {
  try {
    const url = new URL(address.replace(IGNORED, ""));
    return SAFE.has(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}
