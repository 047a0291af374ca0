"""The `openai` package at a server of OpenAI's audio endpoints: ``openai_python.py URL WAV``. Prints one JSON object."""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path
from typing import Any

from openai import OpenAI, OpenAIError

url, wav = sys.argv[1], Path(sys.argv[2])
client = OpenAI(api_key="sk-secret-key", base_url=url, max_retries=0)


def streamed() -> list[Any]:
    events = client.audio.transcriptions.create(model="gpt-4o-mini-transcribe", file=wav, stream=True)
    return [event.model_dump() for event in events]


def spoken() -> str:
    with client.audio.speech.with_streaming_response.create(
        model="gpt-4o-mini-tts", voice="alloy", input="你好，world", response_format="pcm", instructions="calm"
    ) as response:
        return base64.b64encode(b"".join(response.iter_bytes())).decode()


def refused() -> str:
    try:
        OpenAI(api_key="sk-wrong", base_url=url, max_retries=0).audio.transcriptions.create(model="whisper-1", file=wav)
    except OpenAIError as error:
        return type(error).__name__
    return "nothing"


seen = {
    "streamed": streamed(),
    "whole": client.audio.transcriptions.create(model="whisper-1", file=wav).text,
    "spoken": spoken(),
    "refused": refused(),
}
print("SEEN" + json.dumps(seen, ensure_ascii=False))
