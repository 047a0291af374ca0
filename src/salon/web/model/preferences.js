/** What this browser prefers, and the API key. The key is kept for the tab only, unless the user asks for more. */

import { Emitter } from "../emitter.js";

/**
 * @typedef {object} Values
 * @property {"auto" | "light" | "dark"} theme
 * @property {"auto" | "en" | "zh"} language
 * @property {"enter" | "mod-enter"} sendKey
 * @property {string} model who answered last
 * @property {boolean} demoSeen the notice about the demo model was put away
 */

const NAME = "salon.preferences";
const KEY = "salon.key";

/** @type {Values} */
const DEFAULTS = { theme: "auto", language: "auto", sendKey: "enter", model: "", demoSeen: false };

/** @extends {Emitter<{ changed: keyof Values }>} */
export class Preferences extends Emitter {
  constructor() {
    super();
    /** @type {Values} */
    this.values = { ...DEFAULTS, ...read(NAME) };
  }

  /**
   * @template {keyof Values} Name
   * @param {Name} name
   * @param {Values[Name]} value
   */
  set(name, value) {
    if (this.values[name] === value) return;
    this.values[name] = value;
    attempt(() => localStorage.setItem(NAME, JSON.stringify(this.values)));
    this.emit("changed", name);
  }
}

export const credential = {
  /** @returns {string} empty where none is set */
  get() {
    return attempt(() => sessionStorage.getItem(KEY) ?? localStorage.getItem(KEY)) ?? "";
  },

  /** @param {string} key @param {boolean} remember beyond this tab */
  set(key, remember) {
    credential.forget();
    attempt(() => (remember ? localStorage : sessionStorage).setItem(KEY, key));
  },

  forget() {
    attempt(() => sessionStorage.removeItem(KEY));
    attempt(() => localStorage.removeItem(KEY));
  },
};

/** @param {string} name @returns {object} */
function read(name) {
  return attempt(() => JSON.parse(localStorage.getItem(name) ?? "{}")) ?? {};
}

/** Storage may be forbidden or full; the page works without. @template T @param {() => T} work @returns {T | undefined} */
function attempt(work) {
  try {
    return work();
  } catch {
    return undefined;
  }
}
