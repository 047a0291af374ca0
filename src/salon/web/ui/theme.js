/** Light and dark: as the system says, or as the user says. */

/** @param {"auto" | "light" | "dark"} theme */
export function applyTheme(theme) {
  const root = document.documentElement;
  if (theme === "auto") delete root.dataset.theme;
  else root.dataset.theme = theme;
}

/**
 * A colour of the theme as a canvas understands it: there, `var()` and `light-dark()` mean nothing.
 *
 * @param {HTMLElement} element any that is shown
 * @param {string} name `--accent`
 */
export function colourOf(element, name) {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  element.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
