/** The views there are, in the order of the navigation. Each is loaded when it is first opened. */

/**
 * What a view puts into the frame. `inspector` is there for views that have one; `focus` is where the keyboard goes when the
 * view is opened or skipped to.
 *
 * @typedef {object} Built
 * @property {HTMLElement} main a `main` element
 * @property {HTMLElement} [sidebar]
 * @property {HTMLElement} [inspector]
 * @property {() => void} [focus]
 */

/**
 * `build` is called each time the view is opened; `signal` is aborted when it is left. While it is open the view follows
 * `frame.on("place", …)` itself.
 *
 * @typedef {{ build: (frame: import("../frame.js").Frame, signal: AbortSignal) => Built | Promise<Built> }} Module
 */

/**
 * @typedef {object} View
 * @property {string} name also the first part of its address, `#/name`
 * @property {string} icon
 * @property {string[]} styles files in `styles/`, beside those that `index.html` names
 * @property {() => Promise<Module>} load
 */

/** @type {View[]} */
export const VIEWS = [
  { name: "talk", icon: "talk", styles: ["spoken.css"], load: () => import("./talk/view.js") },
  { name: "voice", icon: "mic", styles: ["spoken.css", "quality.css", "voice.css", "scenes.css"], load: () => import("./voice/view.js") },
  { name: "calls", icon: "phone", styles: ["meeting.css", "quality.css", "calls.css"], load: () => import("./calls/view.js") },
  { name: "chat", icon: "chat", styles: ["chat.css", "desk.css"], load: () => import("./chat/view.js") },
  { name: "live", icon: "live", styles: ["meeting.css", "live.css"], load: () => import("./live/view.js") },
  { name: "files", icon: "file", styles: ["meeting.css", "files.css"], load: () => import("./files/view.js") },
  { name: "monitor", icon: "monitor", styles: ["monitor.css"], load: () => import("./monitor/view.js") },
  { name: "game", icon: "game", styles: ["game.css"], load: () => import("./game/view.js") },
];

/** @param {string} name @returns {View} Talk where there is no such view */
export function viewNamed(name) {
  return VIEWS.find((view) => view.name === name) ?? VIEWS[0];
}

/** @type {Map<string, Promise<void>>} */
const loading = new Map();

/** The view's module, once its styles are there too. @param {View} view */
export async function loadView({ styles, load }) {
  const [module] = await Promise.all([load(), ...styles.map(loadStyle)]);
  return module;
}

/** @param {string} name */
function loadStyle(name) {
  const known = loading.get(name);
  if (known) return known;
  const link = document.createElement("link");
  link.rel = "stylesheet";
  link.href = new URL(`../styles/${name}`, import.meta.url).href;
  const loaded = new Promise((/** @type {(value: void) => void} */ resolve, reject) => {
    link.onload = () => resolve();
    link.onerror = () => {
      link.remove();
      loading.delete(name);
      reject(new Error(`${name} could not be loaded`));
    };
  });
  loading.set(name, loaded);
  document.head.append(link);
  return loaded;
}
