/** Keyboard shortcuts of the whole page. */

export const isApple = /Mac|iPhone|iPad/.test(navigator.platform);
/** The key that stands for Ctrl on this machine. */
export const MOD = isApple ? "⌘" : "Ctrl";

/** @param {KeyboardEvent} event */
export function hasMod(event) {
  return isApple ? event.metaKey : event.ctrlKey;
}

/** Whether the key belongs to an input method, in which Enter chooses a candidate. @param {KeyboardEvent} event */
export function isComposing(event) {
  return event.isComposing || event.keyCode === 229;
}

/** Whether the key sends what is written. @param {KeyboardEvent} event @param {string} sendKey as it is in the preferences */
export function sends(event, sendKey) {
  if (event.key !== "Enter" || isComposing(event)) return false;
  return hasMod(event) || (sendKey === "enter" && !event.shiftKey && !isTouch());
}

/** Be ready to write, but on a phone: it would bring up the keyboard. @param {HTMLElement} field */
export function focusToWrite(field) {
  if (!isTouch() && !document.querySelector("dialog[open]")) queueMicrotask(() => field.focus());
}

/** Whether Enter should make a new line, as on every phone: there the button sends. */
export function isTouch() {
  return matchMedia("(pointer: coarse) and (hover: none)").matches;
}
