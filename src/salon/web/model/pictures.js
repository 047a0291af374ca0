/** Pictures made small enough to send: a frame is 1 MiB at most, and models look at about 1568 pixels. */

/** @typedef {import("./types.js").Picture} Picture */

const LONGEST_SIDE = 1568;
/** Characters of a `data:` address. */
const LARGEST = 700_000;
const QUALITIES = [0.88, 0.78, 0.66, 0.5];

/**
 * @param {Blob & { name?: string }} file
 * @param {number} [largest] characters of the `data:` address
 * @returns {Promise<Picture>} rejects what no browser can show
 */
export async function toPicture(file, largest = LARGEST) {
  const bitmap = await createImageBitmap(file);
  try {
    let scale = Math.min(1, LONGEST_SIDE / Math.max(bitmap.width, bitmap.height));
    for (;;) {
      const canvas = draw(bitmap, scale, file.type === "image/png");
      const url = await encode(canvas, file.type === "image/png", largest);
      if (url) return { url, name: file.name || "image", width: canvas.width, height: canvas.height };
      scale *= 0.7;
    }
  } finally {
    bitmap.close();
  }
}

/** @param {ImageBitmap} bitmap @param {number} scale @param {boolean} clear */
function draw(bitmap, scale, clear) {
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  if (!clear) {
    // JPEG knows no transparency and would make it black.
    context.fillStyle = "#fff";
    context.fillRect(0, 0, canvas.width, canvas.height);
  }
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return canvas;
}

/** A `data:` address that is small enough, or null. @param {HTMLCanvasElement} canvas @param {boolean} png @param {number} largest @returns {Promise<string | null>} */
async function encode(canvas, png, largest) {
  if (png) {
    const url = canvas.toDataURL("image/png");
    if (url.length <= largest) return url;
  }
  for (const quality of QUALITIES) {
    const url = canvas.toDataURL("image/jpeg", quality);
    if (url.length <= largest) return url;
  }
  return null;
}

/** The same picture in fewer characters. @param {Picture} picture @param {number} largest @returns {Promise<Picture>} */
export async function smaller(picture, largest) {
  const text = atob(picture.url.slice(picture.url.indexOf(",") + 1));
  const bytes = Uint8Array.from(text, (letter) => letter.charCodeAt(0));
  return { ...(await toPicture(new Blob([bytes], { type: "image/jpeg" }), largest)), name: picture.name };
}
