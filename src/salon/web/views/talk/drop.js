/** Pictures dropped on the conversation. */

import { t } from "../../i18n/i18n.js";
import { h } from "../../ui/dom.js";
import { icon } from "../../ui/icons.js";
import { isPicture } from "../shelf.js";

/**
 * @param {HTMLElement} target
 * @param {(files: File[]) => unknown} attach
 * @param {AbortSignal} signal
 */
export function acceptDrops(target, attach, signal) {
  const veil = h("div", { class: "veil", hidden: true }, icon("image"), t("drop"));
  // Enter and leave are told for every element passed over.
  let depth = 0;

  /** @param {DragEvent} event */
  const hasFiles = (event) => event.dataTransfer?.types.includes("Files") ?? false;

  /** @param {number} next */
  function hover(next) {
    depth = next;
    veil.hidden = depth === 0;
    if (depth && !veil.isConnected) target.append(veil);
  }

  target.addEventListener("dragenter", (event) => hasFiles(event) && hover(depth + 1), { signal });
  target.addEventListener("dragleave", (event) => hasFiles(event) && hover(Math.max(0, depth - 1)), { signal });
  target.addEventListener("dragover", (event) => hasFiles(event) && event.preventDefault(), { signal });
  target.addEventListener(
    "drop",
    (event) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      hover(0);
      const files = [...(event.dataTransfer?.files ?? [])].filter(isPicture);
      if (files.length) void attach(files);
    },
    { signal },
  );
}
