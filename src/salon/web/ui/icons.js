/** Icons, drawn on a grid of 20. They say nothing to a screen reader: the control that holds one has the name. */

import { svg } from "./dom.js";

/** @type {Record<string, string>} */
const PATHS = {
  talk: "M4 4.5h12A1.5 1.5 0 0 1 17.5 6v7a1.5 1.5 0 0 1-1.5 1.5H9l-4 3v-3H4A1.5 1.5 0 0 1 2.5 13V6A1.5 1.5 0 0 1 4 4.5Z",
  plus: "M10 4v12M4 10h12",
  search: "M8.75 14.5a5.75 5.75 0 1 0 0-11.5 5.75 5.75 0 0 0 0 11.5ZM13 13l4 4",
  more: "M4.6 10h.01M10 10h.01M15.4 10h.01",
  edit: "M12.5 4.5l3 3M3.5 16.5l.7-3.2L13.6 3.9a1.4 1.4 0 0 1 2 0l.5.5a1.4 1.4 0 0 1 0 2l-9.4 9.4-3.2.7Z",
  trash: "M3.5 5.5h13M8 5.5v-2h4v2M5 5.5l.7 10.1a1 1 0 0 0 1 .9h6.6a1 1 0 0 0 1-.9L15 5.5M8.4 8.8v4.6M11.6 8.8v4.6",
  copy: "M7.5 7.5h8v8h-8zM12.5 7.5v-3h-8v8h3",
  check: "M4 10.5l4 4 8-9",
  retry: "M4.2 8.2A6.2 6.2 0 1 1 3.8 11M4 3.8v4.4h4.4",
  stop: "M6 6h8v8H6z",
  send: "M10 16.5V4M4.8 9.2 10 4l5.2 5.2",
  clip: "M15.8 9.4l-6 6a3.6 3.6 0 0 1-5.1-5.1l6.5-6.5a2.4 2.4 0 0 1 3.4 3.4l-6.4 6.4a1.2 1.2 0 0 1-1.7-1.7l5.7-5.7",
  close: "M5 5l10 10M15 5 5 15",
  sliders: "M3 6h7M14 6h3M3 14h3M10 14h7M12 8a2 2 0 1 0 0-4 2 2 0 0 0 0 4ZM8 16a2 2 0 1 0 0-4 2 2 0 0 0 0 4Z",
  pulse: "M2.5 10.5h3l2-6 4 11 2.4-7 1.2 2h2.4",
  download: "M10 3.5v9M6.2 9 10 12.7 13.8 9M4 16.5h12",
  sun: "M10 13.2a3.2 3.2 0 1 0 0-6.4 3.2 3.2 0 0 0 0 6.4ZM10 2v1.8M10 16.2V18M2 10h1.8M16.2 10H18M4.3 4.3l1.3 1.3M14.4 14.4l1.3 1.3M15.7 4.3l-1.3 1.3M5.6 14.4l-1.3 1.3",
  moon: "M16.5 11.8A6.8 6.8 0 0 1 8.2 3.5a6.8 6.8 0 1 0 8.3 8.3Z",
  auto: "M10 3a7 7 0 1 0 0 14 7 7 0 0 0 0-14ZM10 3v14M10 6.5h4.5M10 10h7M10 13.5h4.5",
  language: "M10 17a7 7 0 1 0 0-14 7 7 0 0 0 0 14ZM3 10h14M10 3c2 2 3 4.4 3 7s-1 5-3 7c-2-2-3-4.4-3-7s1-5 3-7Z",
  gear: "M10 12.6a2.6 2.6 0 1 0 0-5.2 2.6 2.6 0 0 0 0 5.2ZM8.7 2.8h2.6l.4 2 1.5.8 1.9-.7 1.3 2.2-1.5 1.4v1.8l1.5 1.4-1.3 2.2-1.9-.7-1.5.9-.4 2H8.7l-.4-2-1.5-.9-1.9.7-1.3-2.2 1.5-1.4V8.5L3.6 7.1l1.3-2.2 1.9.7 1.5-.8.4-2Z",
  menu: "M3 6h14M3 10h14M3 14h9",
  down: "M10 4v12M4.8 10.8 10 16l5.2-5.2",
  chevron: "M5.5 8 10 12.5 14.5 8",
  tool: "M12.2 3.2a4.2 4.2 0 0 0-4 5.6l-5 5a1.7 1.7 0 0 0 2.4 2.4l5-5a4.2 4.2 0 0 0 5.4-5.3l-2.5 2.5-2.4-.5-.5-2.4 2.5-2.5a4 4 0 0 0-.9-.1Z",
  think: "M7.5 15.5h5M8.3 17.7h3.4M7.6 13.2c-.2-1-.7-1.6-1.3-2.3a4.9 4.9 0 1 1 7.4 0c-.6.7-1.1 1.3-1.3 2.3H7.6Z",
  alert: "M10 6.6v4M10 13.6h.01M10 2.8l7.6 13.4H2.4L10 2.8Z",
  info: "M10 17a7 7 0 1 0 0-14 7 7 0 0 0 0 14ZM10 9.2v4.3M10 6.5h.01",
  key: "M7 13.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7ZM10.5 10h6.8M14.5 10v2.6M17 10v2",
  pause: "M7 4.5v11M13 4.5v11",
  play: "M6 4.2v11.6L15.5 10 6 4.2Z",
  clear: "M4 4l12 12M10 17a7 7 0 1 0 0-14 7 7 0 0 0 0 14Z",
  image: "M3.5 4.5h13v11h-13zM3.5 13l3.6-3.6 3 3L12.6 10l3.9 3.9M12.8 7.6h.01",
  globe: "M10 17a7 7 0 1 0 0-14 7 7 0 0 0 0 14ZM3 10h14M10 3c2 2 3 4.4 3 7s-1 5-3 7c-2-2-3-4.4-3-7s1-5 3-7Z",
};

/**
 * @param {keyof typeof PATHS} name
 * @param {string} [className]
 */
export function icon(name, className = "") {
  return svg(
    "svg",
    { class: `icon ${className}`.trim(), viewBox: "0 0 20 20", "aria-hidden": "true", focusable: "false" },
    svg("path", { d: PATHS[name], class: name === "more" ? "dots" : null }),
  );
}

/** The mark of the house: two voices. */
export function mark() {
  return svg(
    "svg",
    { class: "mark", viewBox: "0 0 32 32", "aria-hidden": "true", focusable: "false" },
    svg("rect", { width: 32, height: 32, rx: 9, class: "mark-ground" }),
    svg("path", {
      class: "mark-voice",
      d: "M9 10.5h10a3.5 3.5 0 0 1 3.5 3.5v0a3.5 3.5 0 0 1-3.5 3.5h-5.5L9.5 21v-3.6A3.5 3.5 0 0 1 6 14v0a3.5 3.5 0 0 1 3-3.5z",
    }),
    svg("path", { class: "mark-answer", d: "M25.5 15.5v3.6a3 3 0 0 1-1.6 2.6V25l-3.3-2.8h-5" }),
  );
}
