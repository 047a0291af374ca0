/** Samples as the Realtime protocol carries them: 16 bit, little endian, 24 kHz, in base64. */

export const RATE = 24_000;

/** @param {Int16Array} pcm */
export function toBase64(pcm) {
  const bytes = new Uint8Array(pcm.buffer, pcm.byteOffset, pcm.byteLength);
  let text = "";
  for (let index = 0; index < bytes.length; index += 0x2000) text += String.fromCharCode(...bytes.subarray(index, index + 0x2000));
  return btoa(text);
}

/** @param {string} base64 @returns {Int16Array} */
export function fromBase64(base64) {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length & ~1);
  for (let index = 0; index < bytes.length; index += 1) bytes[index] = text.charCodeAt(index);
  return new Int16Array(bytes.buffer);
}

/** @param {number} samples */
export function milliseconds(samples) {
  return Math.round((samples / RATE) * 1000);
}
