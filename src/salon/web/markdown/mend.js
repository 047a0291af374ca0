/** Text that is still being written, made to look finished: what is open is closed, half a link waits. */

/**
 * Without this, `**bo` shows its stars until the closing ones arrive, and a long address flickers by.
 *
 * @param {string} text the last paragraph so far
 * @returns {string}
 */
export function mend(text) {
  const lastLine = text.slice(text.lastIndexOf("\n") + 1);
  const ticks = (lastLine.match(/`/g) ?? []).length;
  if (ticks % 2 === 1) return lastLine.endsWith("`") ? text.slice(0, -1) : `${text}\``;
  let mended = text.replace(/!?\[[^\]\n]*$/, (half) => half.replace(/^!?\[/, ""));
  mended = mended.replace(/!?\[([^\]\n]*)\](?:\([^)\s]*)?$/, "$1");
  // A mark with nothing behind it yet may open or close; it waits until that is known.
  mended = mended.replace(/(^|[^*_~\\])([*_]{1,3}|~{1,2})$/, "$1");
  mended = mended.trimEnd();
  for (const mark of ["**", "~~"]) {
    if ((mended.split(mark).length - 1) % 2 === 1) mended += mark;
  }
  return mended;
}
