/**
 * QR codes (ISO/IEC 18004) of short texts: byte mode, error correction level M, versions 1 to 10. That is 213 bytes, more than an
 * address needs.
 */

// Per version: codewords in all, error correction codewords in a block, blocks (ISO/IEC 18004, table 9, level M).
const VERSIONS = [
  [26, 10, 1],
  [44, 16, 1],
  [70, 26, 1],
  [100, 18, 2],
  [134, 24, 2],
  [172, 16, 4],
  [196, 18, 4],
  [242, 22, 4],
  [292, 22, 5],
  [346, 26, 5],
];
// Annex E: the centres of alignment patterns.
const ALIGNMENT = [[], [6, 18], [6, 22], [6, 26], [6, 30], [6, 34], [6, 22, 38], [6, 24, 42], [6, 26, 46], [6, 28, 50]];
const LEVEL_M = 0b00;

/** @type {((row: number, column: number) => boolean)[]} */
const MASKS = [
  (row, column) => (row + column) % 2 === 0,
  (row) => row % 2 === 0,
  (_, column) => column % 3 === 0,
  (row, column) => (row + column) % 3 === 0,
  (row, column) => (Math.floor(row / 2) + Math.floor(column / 3)) % 2 === 0,
  (row, column) => ((row * column) % 2) + ((row * column) % 3) === 0,
  (row, column) => (((row * column) % 2) + ((row * column) % 3)) % 2 === 0,
  (row, column) => (((row + column) % 2) + ((row * column) % 3)) % 2 === 0,
];

/**
 * The modules, row by row; true is dark. The quiet zone around it is left to whoever draws it.
 *
 * @param {string} text
 * @returns {boolean[][] | null} null if the text is too long
 */
export function encode(text) {
  const bytes = new TextEncoder().encode(text);
  const version = VERSIONS.findIndex((_, at) => bytes.length <= roomIn(at + 1)) + 1;
  if (version === 0) return null;
  const bits = spread(withCorrection(dataOf(bytes, version), version));
  const drawings = MASKS.map((_, mask) => draw(bits, version, mask));
  const penalties = drawings.map(penalty);
  return drawings[penalties.indexOf(Math.min(...penalties))];
}

/** Bytes of text that a version holds. @param {number} version */
function roomIn(version) {
  const [all, correction, blocks] = VERSIONS[version - 1];
  return all - correction * blocks - (version < 10 ? 2 : 3);
}

/** @param {Uint8Array} bytes @param {number} version @returns {number[]} codewords, filled up */
function dataOf(bytes, version) {
  const [all, correction, blocks] = VERSIONS[version - 1];
  const length = version < 10 ? 8 : 16;
  const bits = [...number(0b0100, 4), ...number(bytes.length, length)];
  for (const byte of bytes) bits.push(...number(byte, 8));
  // Section 7.4.9: a terminator of four zeros, then zeros up to a whole codeword, then 11101100 and 00010001 by turns.
  bits.push(0, 0, 0, 0);
  const words = [];
  for (let at = 0; at < bits.length; at += 8) words.push(parseInt(bits.slice(at, at + 8).join("").padEnd(8, "0"), 2));
  const wanted = all - correction * blocks;
  for (let pad = 0xec; words.length < wanted; pad ^= 0xec ^ 0x11) words.push(pad);
  return words.slice(0, wanted);
}

/** Section 7.6: blocks, each with its error correction, interleaved. @param {number[]} words @param {number} version */
function withCorrection(words, version) {
  const [, correction, count] = VERSIONS[version - 1];
  const short = Math.floor(words.length / count);
  const long = words.length % count;
  const blocks = [];
  for (let at = 0, block = 0; block < count; block += 1) {
    const size = block < count - long ? short : short + 1;
    blocks.push(words.slice(at, at + size));
    at += size;
  }
  const checks = blocks.map((block) => remainder(block, correction));
  return [...interleave(blocks), ...interleave(checks)];
}

/** @param {number[][]} blocks */
function interleave(blocks) {
  const woven = [];
  for (let at = 0; at < Math.max(...blocks.map(({ length }) => length)); at += 1) {
    for (const block of blocks) if (at < block.length) woven.push(block[at]);
  }
  return woven;
}

/** Reed-Solomon over GF(256) with x^8 + x^4 + x^3 + x^2 + 1. @param {number[]} data @param {number} degree */
function remainder(data, degree) {
  let divisor = [1];
  for (let power = 0, root = 1; power < degree; power += 1, root = times(root, 2)) {
    const next = [...divisor, 0];
    for (const [at, coefficient] of divisor.entries()) next[at + 1] ^= times(coefficient, root);
    divisor = next;
  }
  const rest = [...data, ...new Array(degree).fill(0)];
  for (let at = 0; at < data.length; at += 1) {
    const factor = rest[at];
    for (const [offset, coefficient] of divisor.entries()) rest[at + offset] ^= times(coefficient, factor);
  }
  return rest.slice(data.length);
}

/** @param {number} one @param {number} other */
function times(one, other) {
  let product = 0;
  for (let bit = 7; bit >= 0; bit -= 1) {
    product = (product << 1) ^ ((product >> 7) * 0x11d);
    product ^= ((other >> bit) & 1) * one;
  }
  return product;
}

/** @param {number[]} words */
function spread(words) {
  return words.flatMap((word) => number(word, 8));
}

/** @param {number} value @param {number} width @returns {number[]} bits, the highest first */
function number(value, width) {
  return Array.from({ length: width }, (_, at) => (value >> (width - 1 - at)) & 1);
}

/** @param {number[]} bits @param {number} version @param {number} mask */
function draw(bits, version, mask) {
  const size = 17 + 4 * version;
  /** Null: not drawn yet, so it is free for data. @type {(boolean | null)[][]} */
  const grid = Array.from({ length: size }, () => new Array(size).fill(null));
  drawPatterns(grid, version);
  drawFormat(grid, mask);
  if (version >= 7) drawVersion(grid, version);
  drawData(grid, bits, MASKS[mask]);
  return /** @type {boolean[][]} */ (grid);
}

/** @param {(boolean | null)[][]} grid @param {number} version */
function drawPatterns(grid, version) {
  const last = grid.length - 1;
  for (const [row, column] of [[3, 3], [3, last - 3], [last - 3, 3]]) {
    around(grid, row, column, 4, (distance) => distance !== 2 && distance !== 4);
  }
  const centres = ALIGNMENT[version - 1];
  for (const row of centres) {
    for (const column of centres) {
      // Not where a finder pattern is.
      const corner = [row, column].every((at) => at === 6 || at === last - 6) && !(row === last - 6 && column === last - 6);
      if (!corner) around(grid, row, column, 2, (distance) => distance !== 1);
    }
  }
  for (let at = 8; at < last - 7; at += 1) {
    grid[6][at] = at % 2 === 0;
    grid[at][6] = at % 2 === 0;
  }
  // Section 7.9: this module is always dark.
  grid[last - 7][8] = true;
}

/** A square of rings. @param {(boolean | null)[][]} grid @param {number} row @param {number} column @param {number} radius @param {(distance: number) => boolean} dark */
function around(grid, row, column, radius, dark) {
  for (let down = -radius; down <= radius; down += 1) {
    for (let right = -radius; right <= radius; right += 1) {
      if (grid[row + down]?.[column + right] === undefined) continue;
      grid[row + down][column + right] = dark(Math.max(Math.abs(down), Math.abs(right)));
    }
  }
}

/** Section 7.9: level and mask, twice. @param {(boolean | null)[][]} grid @param {number} mask */
function drawFormat(grid, mask) {
  const last = grid.length - 1;
  const data = (LEVEL_M << 3) | mask;
  const bits = ((data << 10) | divided(data << 10, 0x537, 10)) ^ 0x5412;
  for (let at = 0; at < 15; at += 1) {
    const dark = ((bits >> at) & 1) === 1;
    if (at < 6) grid[at][8] = dark;
    else if (at < 8) grid[at + 1][8] = dark;
    else if (at === 8) grid[8][7] = dark;
    else grid[8][14 - at] = dark;
    if (at < 8) grid[8][last - at] = dark;
    else grid[last - 14 + at][8] = dark;
  }
}

/** Section 7.10, twice. @param {(boolean | null)[][]} grid @param {number} version */
function drawVersion(grid, version) {
  const bits = (version << 12) | divided(version << 12, 0x1f25, 12);
  for (let at = 0; at < 18; at += 1) {
    const dark = ((bits >> at) & 1) === 1;
    const near = Math.floor(at / 3);
    const far = grid.length - 11 + (at % 3);
    grid[near][far] = dark;
    grid[far][near] = dark;
  }
}

/** The remainder of polynomials over GF(2). @param {number} value @param {number} divisor @param {number} degree */
function divided(value, divisor, degree) {
  for (let bit = 31 - Math.clz32(value); bit >= degree; bit -= 1) {
    if ((value >> bit) & 1) value ^= divisor << (bit - degree);
  }
  return value;
}

/** Section 7.7.3: columns of two, up and down by turns, from the right. @param {(boolean | null)[][]} grid @param {number[]} bits @param {(row: number, column: number) => boolean} mask */
function drawData(grid, bits, mask) {
  const size = grid.length;
  let next = 0;
  let up = true;
  for (let right = size - 1; right > 0; right -= 2, up = !up) {
    // The column of the timing pattern is left out.
    if (right === 6) right = 5;
    for (let step = 0; step < size; step += 1) {
      const row = up ? size - 1 - step : step;
      for (const column of [right, right - 1]) {
        if (grid[row][column] !== null) continue;
        // The few modules beyond the last codeword are zeros.
        grid[row][column] = (bits[next] === 1) !== mask(row, column);
        next += 1;
      }
    }
  }
}

/** Section 7.8.3: how hard it is to read. @param {boolean[][]} grid */
function penalty(grid) {
  const size = grid.length;
  const columns = grid.map((_, column) => grid.map((row) => row[column]));
  let points = 0;
  for (const line of [...grid, ...columns]) {
    const text = line.map(Number).join("");
    for (const [run] of text.matchAll(/0{5,}|1{5,}/g)) points += run.length - 2;
    // A finder pattern with four light modules at one side of it; each beginning counts.
    for (let at = 0; at + 11 <= size; at += 1) {
      const part = text.slice(at, at + 11);
      if (part === "10111010000" || part === "00001011101") points += 40;
    }
  }
  for (let row = 0; row + 1 < size; row += 1) {
    for (let column = 0; column + 1 < size; column += 1) {
      const dark = grid[row][column];
      if (grid[row][column + 1] === dark && grid[row + 1][column] === dark && grid[row + 1][column + 1] === dark) points += 3;
    }
  }
  const share = (100 * grid.flat().filter(Boolean).length) / (size * size);
  return points + 10 * Math.floor(Math.abs(share - 50) / 5);
}
