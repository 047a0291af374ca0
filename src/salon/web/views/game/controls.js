/** What the player wants: by keys, by a finger that pulls, or by a game pad. */

/** @typedef {import("../../arena/rules.js").Move} Move */

/** @type {Record<string, [number, number]>} */
const KEYS = {
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  KeyW: [0, -1],
  KeyS: [0, 1],
  KeyA: [-1, 0],
  KeyD: [1, 0],
};
/** Pixels of a pull that are full speed. */
const PULL = 60;
const DEAD = 0.18;

export class Controls {
  /** @param {HTMLElement} stage @param {AbortSignal} signal */
  constructor(stage, signal) {
    /** @type {Set<string>} */
    this.held = new Set();
    this.dashing = false;
    /** Where a finger came down, and where it is. @type {{ id: number, from: [number, number], at: [number, number] } | null} */
    this.pull = null;
    addEventListener("keydown", (event) => this.press(event, true), { signal });
    addEventListener("keyup", (event) => this.press(event, false), { signal });
    addEventListener("blur", () => this.held.clear(), { signal });
    stage.addEventListener("pointerdown", (event) => this.down(event), { signal });
    stage.addEventListener("pointermove", (event) => this.move(event), { signal });
    for (const name of /** @type {const} */ (["pointerup", "pointercancel", "lostpointercapture"])) stage.addEventListener(name, (event) => this.up(event), { signal });
  }

  /** @param {KeyboardEvent} event @param {boolean} down */
  press(event, down) {
    const { target } = event;
    if (target instanceof HTMLInputElement || document.querySelector("dialog[open]") || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.code === "Space" && !(target instanceof HTMLButtonElement)) this.dashing = down;
    else if (KEYS[event.code]) down ? this.held.add(event.code) : this.held.delete(event.code);
    else return;
    event.preventDefault();
  }

  /** @param {PointerEvent} event */
  down(event) {
    const at = /** @type {[number, number]} */ ([event.clientX, event.clientY]);
    if (this.pull) {
      // A second finger dashes.
      this.dashing = true;
      return;
    }
    this.pull = { id: event.pointerId, from: at, at };
    if (event.currentTarget instanceof Element) event.currentTarget.setPointerCapture(event.pointerId);
  }

  /** @param {PointerEvent} event */
  move(event) {
    if (this.pull?.id === event.pointerId) this.pull.at = [event.clientX, event.clientY];
  }

  /** @param {PointerEvent} event */
  up(event) {
    if (this.pull?.id === event.pointerId) this.pull = null;
    else this.dashing = false;
  }

  /** @returns {Move} */
  get wanted() {
    let x = 0;
    let y = 0;
    for (const code of this.held) [x, y] = [x + KEYS[code][0], y + KEYS[code][1]];
    if (this.pull) [x, y] = [(this.pull.at[0] - this.pull.from[0]) / PULL, (this.pull.at[1] - this.pull.from[1]) / PULL];
    let dash = this.dashing;
    const pad = navigator.getGamepads?.().find((each) => each?.connected);
    if (pad && Math.hypot(pad.axes[0], pad.axes[1]) > DEAD) [x, y] = [pad.axes[0], pad.axes[1]];
    if (pad?.buttons[0]?.pressed) dash = true;
    const short = (/** @type {number} */ value) => Math.round(Math.min(Math.max(value, -1), 1) * 100) / 100;
    return { ...(short(x) ? { x: short(x) } : {}), ...(short(y) ? { y: short(y) } : {}), ...(dash ? { dash } : {}) };
  }
}
