/** Keyboard shortcuts of the whole page. */

export const isApple = /Mac|iPhone|iPad/.test(navigator.platform);
/** The key that stands for Ctrl on this machine. */
export const MOD = isApple ? "⌘" : "Ctrl";

/** @param {KeyboardEvent} event */
export function hasMod(event) {
  return isApple ? event.metaKey : event.ctrlKey;
}

/** Whether Enter should make a new line, as on every phone: there the button sends. */
export function isTouch() {
  return matchMedia("(pointer: coarse) and (hover: none)").matches;
}
