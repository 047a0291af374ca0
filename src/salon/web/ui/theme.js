/** Light and dark: as the system says, or as the user says. */

/** @param {"auto" | "light" | "dark"} theme */
export function applyTheme(theme) {
  const root = document.documentElement;
  if (theme === "auto") delete root.dataset.theme;
  else root.dataset.theme = theme;
}
