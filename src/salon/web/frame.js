/** What all views share: who the server is, what the user prefers, which view is open, and what outlives a view. */

import { Emitter } from "./emitter.js";

/**
 * @typedef {object} Parts
 * @property {import("./model/types.js").Config} config
 * @property {import("./model/preferences.js").Preferences} preferences
 * @property {import("./ui/toast.js").Toasts} toasts
 * @property {() => void} askKey ask for another key; `rekeyed` follows when there is one
 */

/**
 * Where the page is: `#/live/stage` is the view `live` with the path `stage`. Without a view it is Talk.
 * @typedef {{ view: string, path: string }} Place
 */

/** @extends {Emitter<{ place: Place, inspector: boolean, sidebar: boolean, badge: string, rekeyed: null }>} */
export class Frame extends Emitter {
  /** @param {Parts} parts */
  constructor({ config, preferences, toasts, askKey }) {
    super();
    this.config = config;
    this.preferences = preferences;
    this.toasts = toasts;
    this.askKey = askKey;
    this.inspecting = false;
    /** @type {Map<string, any>} */
    this.kept = new Map();
    /** What a view wants to be seen on its button: a count, or "!" where somebody calls. @type {Map<string, string>} */
    this.badges = new Map();
    addEventListener("hashchange", () => this.emit("place", this.place));
  }

  /** @returns {Place} */
  get place() {
    const [, view = "", path = ""] = /^#\/([^/?]*)\/?([^?]*)/.exec(location.hash) ?? [];
    return { view: view || "talk", path: decoded(path) };
  }

  /** Go there; its listeners are told even if the page is there already. @param {string} view @param {string} [path] */
  go(view, path = "") {
    const hash = path ? `#/${view}/${path.split("/").map(encodeURIComponent).join("/")}` : view === "talk" ? "#/" : `#/${view}`;
    if (location.hash === hash) this.emit("place", this.place);
    else location.hash = hash;
  }

  /**
   * What a view made and will find again when it is opened the next time, a call under way for instance.
   *
   * @template T
   * @param {string} name
   * @param {() => T} make
   * @returns {T}
   */
  keep(name, make) {
    if (!this.kept.has(name)) this.kept.set(name, make());
    return this.kept.get(name);
  }

  /** @param {string} view @param {string} text empty for none */
  badge(view, text) {
    if ((this.badges.get(view) ?? "") === text) return;
    this.badges.set(view, text);
    this.emit("badge", view);
  }

  /** Name the window. @param {string} [text] */
  entitle(text) {
    document.title = text ? `${text} · ${this.config.name}` : this.config.name;
  }

  /** @param {boolean} open */
  inspect(open) {
    this.inspecting = open;
    this.emit("inspector", open);
  }
}

/** An address that was cut in the middle of a letter stays as it is. @param {string} path */
function decoded(path) {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
