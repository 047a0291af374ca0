/** What only one page of this browser may have at a time, and has until it goes. */

/** @type {Set<string>} */
const held = new Set();

/**
 * Whether it is this page's from now on. `patience` milliseconds are waited for a page that is going, such as the one before a reload. Where the
 * browser has no locks, in pages that are not secure for one, nobody is kept out.
 *
 * @param {string} name
 * @param {number} patience
 * @returns {Promise<boolean>}
 */
export function hold(name, patience) {
  if (held.has(name) || !navigator.locks) return Promise.resolve(true);
  const options = patience ? { signal: AbortSignal.timeout(patience) } : { ifAvailable: true };
  return new Promise((resolve) => {
    const taken = (/** @type {Lock | null} */ lock) => {
      resolve(lock !== null);
      if (!lock) return undefined;
      held.add(name);
      // Until the page goes.
      return new Promise(() => {});
    };
    navigator.locks.request(`salon ${name}`, options, taken).catch(() => resolve(false));
  });
}
