/** A person's sign: the first letter of the name, on a ground that is always the same for them. */

import { h } from "../../ui/dom.js";
import { icon } from "../../ui/icons.js";

const TONES = 6;

/** @param {string} user @param {string} name @param {boolean} [agent] */
export function avatar(user, name, agent = false) {
  let sum = 0;
  for (const letter of user) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) >>> 0;
  const [first = "?"] = name.trim();
  return h("span", { class: `avatar tone-${sum % TONES}${agent ? " agent" : ""}`, "aria-hidden": "true" }, agent ? icon("spark") : first.toUpperCase());
}
