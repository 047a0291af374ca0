/** The keys of a call: Esc interrupts, the space bar and Enter are held to talk. */

import { isComposing } from "../../ui/keys.js";

/** Where a key is what somebody writes. @param {EventTarget | null} target */
function writes(target) {
  return target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
}

/**
 * @param {import("../../page.js").Page} page
 * @param {import("../../voice/voice.js").Voice} voice
 * @param {HTMLButtonElement} push
 * @param {AbortSignal} signal
 */
export function holdKeys(page, voice, push, signal) {
  /** @param {KeyboardEvent} event @param {boolean} down */
  function hold(event, down) {
    const { target, repeat } = event;
    const own = target === push;
    if (!voice.active || !voice.settings.pushToTalk || writes(target)) return;
    // Elsewhere Enter and the space bar press what has the focus.
    if (!own && (event.key === "Enter" || (target instanceof Element && target.closest("button, a, summary")))) return;
    if (!repeat) down ? voice.press() : voice.release();
    event.preventDefault();
  }

  /** @param {KeyboardEvent} event */
  function escape(event) {
    // Who writes a message interrupts as well; a search is emptied, an edit is left.
    if (event.defaultPrevented || isComposing(event) || (writes(event.target) && /** @type {HTMLElement} */ (event.target).id !== "composer")) return;
    if (voice.active) voice.interrupt();
    else page.session.stop();
  }

  for (const name of /** @type {const} */ (["keydown", "keyup"])) {
    addEventListener(name, (event) => {
      const down = name === "keydown";
      if (document.querySelector("dialog[open]")) return;
      if (event.key === "Escape" && down) escape(event);
      else if (event.code === "Space" || event.key === "Enter") hold(event, down);
    }, { signal });
  }
  push.addEventListener("pointerdown", (event) => (push.setPointerCapture(event.pointerId), voice.press()), { signal });
  for (const name of /** @type {const} */ (["pointerup", "pointercancel", "blur"])) push.addEventListener(name, () => voice.release(), { signal });
  addEventListener("blur", () => voice.release(), { signal });
}
