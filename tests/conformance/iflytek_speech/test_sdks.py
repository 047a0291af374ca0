"""iFlytek's own SDKs prove the server that iFlytek's speech is tested with: ``xfyunsdkspeech`` and ``xfyunsdkspark``, unmodified.

What they can read of it, our providers read too; what they send, it takes.
"""

from __future__ import annotations

import asyncio
import base64
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from salon.wire.iflytek_speech import Sentence, Transcript
from tests.conformance.environments import python_env
from tests.fakes.iflytek_server import iflytek_server
from tests.fakes.uttered import understood, uttered

pytestmark = pytest.mark.conformance

CLIENT = Path(__file__).parent / "clients" / "sdk.py"
SDKS = (
    "xfyunsdkspeech==0.0.4",
    "xfyunsdkspark==0.0.3",
    "xfyunsdkcore==0.0.3",
    "websocket-client==1.8.0",
    "typing-extensions",
)


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    pcm = tmp_path_factory.mktemp("sdk") / "said.pcm"
    pcm.write_bytes(uttered("你好，世界"))
    python = python_env("iflytek-speech", SDKS)

    async def run() -> bytes:
        async with iflytek_server() as server:
            process = await asyncio.create_subprocess_exec(
                str(python),
                str(CLIENT),
                server.url,
                str(pcm),
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
            out, err = await process.communicate()
            assert process.returncode == 0, err.decode()
            return out

    out = asyncio.run(run()).decode()
    found: dict[str, Any] = json.loads(out[out.index("SEEN") + 4 :])
    return found


def text_of(results: list[Any]) -> str:
    transcript = Transcript()
    for each in results:
        transcript.put(msgspec.convert(each, Sentence))
    return transcript.text


def test_xfyunsdkspeech_iat(seen: dict[str, Any]) -> None:
    assert isinstance(seen["iat"], list), seen["iat"]
    assert text_of(seen["iat"]) == "你好，世界"
    assert {each.get("pgs") for each in seen["iat"]} == {"apd", "rpl"}


def test_xfyunsdkspark_spark_iat(seen: dict[str, Any]) -> None:
    assert isinstance(seen["spark_iat"], list), seen["spark_iat"]
    assert text_of(seen["spark_iat"]) == "你好，世界"


@pytest.mark.parametrize("client", ["tts", "oral"])
def test_the_synthesisers(seen: dict[str, Any], client: str) -> None:
    assert isinstance(seen[client], list), seen[client]
    assert understood(b"".join(base64.b64decode(each) for each in seen[client])) == "你好，world"


def test_errors_are_understood_as_such(seen: dict[str, Any]) -> None:
    assert "401" in seen["wrong secret"]
    assert "10313" in seen["wrong app"]
