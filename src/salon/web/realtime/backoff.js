/** How long to wait before connecting again. */

const FIRST_MS = 400;
const LONGEST_MS = 20_000;
const BUSY_MS = 3_000;

/**
 * The wait doubles with each attempt, and half of it is drawn by lot, so that the clients of a server that was restarted do not
 * all come back in the same moment.
 *
 * @param {number} attempt 0 for the first after a connection that worked
 * @param {boolean} busy the server has asked to try later (1013)
 * @param {number} [lot] 0 to 1
 * @returns {number} milliseconds
 */
export function backoff(attempt, busy, lot = Math.random()) {
  const full = Math.min(LONGEST_MS, (busy ? BUSY_MS : FIRST_MS) * 2 ** attempt);
  return Math.round(full / 2 + (full / 2) * lot);
}
