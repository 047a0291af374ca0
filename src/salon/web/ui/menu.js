/** A menu that hangs below a button. Arrow keys move, Enter chooses, Escape closes; the focus goes back to the button. */

import { h } from "./dom.js";
import { icon } from "./icons.js";

/**
 * `checked` makes it a choice among others; `heading` is not an entry but what stands above some.
 * @typedef {{ label: string, detail?: string, icon?: string, checked?: boolean, danger?: boolean, run: () => void }} MenuEntry
 * @typedef {MenuEntry | { heading: string }} MenuLine
 */

/**
 * @param {HTMLElement} button
 * @param {MenuLine[]} lines
 * @param {string} label
 */
export function openMenu(button, lines, label) {
  const before = document.querySelector(".menu");
  if (before) return;
  const entries = lines.map(toElement);
  const menu = h("div", { class: "menu", role: "menu", "aria-label": label }, ...entries);
  /** @type {HTMLElement[]} */
  const items = entries.filter((entry) => entry.matches("button"));
  const done = new AbortController();

  /** @param {boolean} refocus */
  function close(refocus) {
    done.abort();
    menu.remove();
    button.setAttribute("aria-expanded", "false");
    if (refocus) button.focus();
  }

  /** @param {MenuLine} line @returns {HTMLElement} */
  function toElement(line) {
    if ("heading" in line) return h("div", { class: "menu-heading", role: "presentation" }, line.heading);
    const role = line.checked === undefined ? "menuitem" : "menuitemradio";
    const run = () => {
      close(true);
      line.run();
    };
    return h(
      "button",
      {
        type: "button",
        role,
        class: line.danger ? "danger" : null,
        tabindex: -1,
        "aria-checked": line.checked === undefined ? null : String(line.checked),
        onclick: run,
      },
      line.icon ? icon(line.icon) : null,
      h("span", { class: "menu-text" }, h("span", null, line.label), line.detail ? h("small", null, line.detail) : null),
      line.checked ? icon("check", "menu-check") : null,
    );
  }

  /** @param {KeyboardEvent} event */
  function steer(event) {
    const at = items.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    const moves = /** @type {Record<string, number>} */ ({ ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 });
    if (event.key in moves) {
      event.preventDefault();
      items.at(moves[event.key] % items.length)?.focus();
    } else if (event.key === "Escape" || event.key === "Tab") {
      event.preventDefault();
      event.stopPropagation();
      close(true);
    }
  }

  menu.addEventListener("keydown", steer);
  document.body.append(menu);
  place(menu, button);
  button.setAttribute("aria-expanded", "true");
  (items.find((item) => item.getAttribute("aria-checked") === "true") ?? items[0])?.focus();
  const outside = (/** @type {Event} */ event) => {
    const target = /** @type {Node} */ (event.target);
    if (!menu.contains(target)) close(false);
  };
  addEventListener("pointerdown", outside, { capture: true, signal: done.signal });
  addEventListener("resize", () => close(false), { signal: done.signal });
}

/** Below the button, and inside the window. @param {HTMLElement} menu @param {HTMLElement} button */
function place(menu, button) {
  const gap = 6;
  const from = button.getBoundingClientRect();
  const { width, height } = menu.getBoundingClientRect();
  const left = Math.max(gap, Math.min(from.left, innerWidth - width - gap));
  const below = from.bottom + gap;
  const top = below + height > innerHeight - gap ? Math.max(gap, from.top - height - gap) : below;
  menu.style.left = `${left}px`;
  menu.style.top = `${top}px`;
}
