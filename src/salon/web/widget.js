/**
 * Customer service on any page, by one tag:
 *
 *     <script src="https://salon.example/web/widget.js" data-title="Help" data-lang="en" data-greeting="…" defer></script>
 *
 * The rest is loaded from beside this file when the page has been. The server has to allow the page's origin ([server] origins).
 */

(() => {
  const script = /** @type {HTMLScriptElement | null} */ (document.currentScript);
  if (!script) return;
  const base = new URL("../", script.src).href;
  const { title = "", lang = "", greeting = "", name = "" } = script.dataset;
  const start = () =>
    void import(new URL("widget/start.js", script.src).href)
      .then((module) => module.start({ base, title, lang, greeting, name }))
      .catch((error) => console.error("Salon's widget could not be loaded. Does [server] origins have this page's origin?", error));
  if (document.readyState === "loading") addEventListener("DOMContentLoaded", start, { once: true });
  else start();
})();
