"""The page's QR codes, read by npm ``jsqr``: a reader that others wrote."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from tests.conformance.environments import node_env

pytestmark = pytest.mark.conformance

QR = Path(__file__).parents[2] / "src/salon/web/live/qr.js"
READ = """
const { default: jsqr } = await import("./node_modules/jsqr/dist/jsQR.js");
const { encode } = await import(process.argv[2]);
const SIZE = 6, QUIET = 4;
const read = (text) => {
  const modules = encode(text);
  if (!modules) return null;
  const width = (modules.length + 2 * QUIET) * SIZE;
  const pixels = new Uint8ClampedArray(width * width * 4).fill(255);
  modules.forEach((row, y) => row.forEach((dark, x) => {
    if (!dark) return;
    for (let down = 0; down < SIZE; down += 1) {
      const at = (((y + QUIET) * SIZE + down) * width + (x + QUIET) * SIZE) * 4;
      for (let right = 0; right < SIZE; right += 1) pixels.fill(0, at + 4 * right, at + 4 * right + 3);
    }
  }));
  return jsqr(pixels, width, width)?.data ?? "unreadable";
};
console.log(JSON.stringify(JSON.parse(process.argv[3]).map(read)));
"""


async def test_a_reader_of_others_reads_every_length_and_version() -> None:
    home = await asyncio.to_thread(node_env, "qr", ["jsqr@1.4.0"])
    script = home / "read.mjs"
    await asyncio.to_thread(script.write_text, READ, "utf-8")
    base = "https://salon.example.com/#/live/"
    texts = ["a", "http://127.0.0.1:8000/#/live/studio", *(base + "x" * more for more in range(0, 180, 9)), "直播 é"]
    process = await asyncio.create_subprocess_exec(
        "node", str(script), QR.as_uri(), json.dumps(texts), cwd=home, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()
    assert json.loads(said) == texts
