/** A service worker: answers an address that a page has told it of with what the page sends. */

/** @typedef {{ name: string, size: number, stream: ReadableStream }} Known */

/** @type {Map<string, Known>} */
const known = new Map();
const MOST_KNOWN = 100;
const here = /** @type {any} */ (self);

here.addEventListener("install", () => here.skipWaiting());
here.addEventListener("activate", (/** @type {any} */ event) => event.waitUntil(here.clients.claim()));

here.addEventListener("message", (/** @type {MessageEvent} */ { data }) => {
  // A word now and then keeps it awake.
  if (typeof data !== "object" || known.size >= MOST_KNOWN) return;
  const { id, name, size, port } = data;
  let ended = false;
  const stream = new ReadableStream(
    {
      start(controller) {
        port.onmessage = (/** @type {MessageEvent} */ message) => {
          if (ended) return;
          if (message.data instanceof Uint8Array) return controller.enqueue(message.data);
          ended = true;
          if (message.data === "end") controller.close();
          else controller.error(new Error("given up"));
        };
      },
      pull() {
        port.postMessage("more");
      },
      cancel() {
        ended = true;
        port.postMessage("gone");
      },
    },
    { highWaterMark: 0 },
  );
  known.set(id, { name, size, stream });
  port.postMessage("ready");
});

here.addEventListener("fetch", (/** @type {any} */ event) => {
  const id = new URL(event.request.url).pathname.split("/").pop() ?? "";
  const found = known.get(id);
  if (!found) return;
  known.delete(id);
  event.respondWith(
    new Response(found.stream, {
      headers: {
        "Content-Type": "application/octet-stream",
        "Content-Length": String(found.size),
        // RFC 6266 section 4.3, RFC 8187 section 3.2.
        "Content-Disposition": `attachment; filename*=UTF-8''${encodeURIComponent(found.name).replace(/['()*]/g, (letter) => `%${letter.charCodeAt(0).toString(16)}`)}`,
        "X-Content-Type-Options": "nosniff",
      },
    }),
  );
});
