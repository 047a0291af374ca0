"""The `openai` package, unmodified, proves the server that OpenAI's speech is tested with."""

from __future__ import annotations

import asyncio
import base64
import json
from pathlib import Path
from typing import Any

import pytest

from salon.wire.openai_audio import wav
from tests.conformance.environments import python_env
from tests.fakes.openai_audio_server import audio_server
from tests.fakes.uttered import understood, uttered

pytestmark = pytest.mark.conformance

CLIENT = Path(__file__).parent / "clients" / "openai_python.py"


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    said = tmp_path_factory.mktemp("audio") / "said.wav"
    said.write_bytes(wav(uttered("你好，世界"), 16_000))
    python = python_env("openai-audio", ["openai==3.54.0"])

    async def run() -> bytes:
        async with audio_server() as server:
            process = await asyncio.create_subprocess_exec(
                str(python),
                str(CLIENT),
                server.url,
                str(said),
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
            out, err = await process.communicate()
            assert process.returncode == 0, err.decode()
            return out

    out = asyncio.run(run()).decode()
    found: dict[str, Any] = json.loads(out[out.index("SEEN") + 4 :])
    return found


def test_a_transcript_is_read_in_pieces_and_whole(seen: dict[str, Any]) -> None:
    deltas = [event["delta"] for event in seen["streamed"] if event["type"] == "transcript.text.delta"]
    assert len(deltas) > 1
    assert "".join(deltas) == seen["streamed"][-1]["text"] == seen["whole"] == "你好，世界"
    assert seen["streamed"][-1]["usage"]["output_tokens"] == 3


def test_speech_is_read(seen: dict[str, Any]) -> None:
    assert understood(base64.b64decode(seen["spoken"])) == "你好，world"


def test_a_wrong_key_is_understood_as_such(seen: dict[str, Any]) -> None:
    assert seen["refused"] == "AuthenticationError"
