/** A link as a QR code, for a phone's camera. */

import { encode } from "../live/qr.js";
import { svg } from "./dom.js";

// ISO/IEC 18004 section 9.1: four modules of light around it.
const QUIET = 4;

/** Black on white in both themes: phones read nothing else well. Null for what is too long. @param {string} text @param {string} className @param {string} label */
export function qrCode(text, className, label) {
  const modules = encode(text);
  if (!modules) return null;
  const size = modules.length + 2 * QUIET;
  const path = modules.flatMap((row, y) => row.map((dark, x) => (dark ? `M${x + QUIET} ${y + QUIET}h1v1h-1z` : ""))).join("");
  return svg(
    "svg",
    { class: className, viewBox: `0 0 ${size} ${size}`, role: "img", "aria-label": label },
    svg("rect", { class: "qr-light", width: size, height: size }),
    svg("path", { class: "qr-dark", d: path, "shape-rendering": "crispEdges" }),
  );
}
