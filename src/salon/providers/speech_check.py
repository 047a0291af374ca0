"""``salon check`` for speech: a real utterance through a recogniser, a real sentence through a synthesiser."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from importlib.resources import files

from salon.base.errors import ProviderError
from salon.base.speech import Final, Speech, TtsOptions
from salon.ports.asr import Asr
from salon.ports.llm import CheckStep
from salon.ports.tts import Tts

#: Seconds that a step may take in all.
LIMIT = 30.0
SENTENCE = "你好。Hello."
SAID = "what time is it"


def utterance() -> bytes:
    """Somebody asks what time it is: 16 kHz, a second and a half. The voice is espeak-ng's."""
    return files("salon.providers").joinpath("what-time-is-it.pcm").read_bytes()


async def hear(asr: Asr) -> AsyncGenerator[CheckStep, None]:
    """The step ``hear``: it went well where anything was understood."""
    clock = asyncio.get_running_loop().time
    begun = clock()
    text = ""
    try:
        async with asyncio.timeout(LIMIT), asr.session() as session:
            session.push(utterance())
            session.finish()
            async for heard in session.results():
                if isinstance(heard, Final):
                    text = heard.text
    except TimeoutError:
        yield CheckStep("hear", False, f"nothing within {LIMIT:g} s", "Check the network's way to the service.")
        return
    except ProviderError as error:
        yield CheckStep("hear", False, error.message, error.advice)
        return
    took = f"{(clock() - begun) * 1000:.0f} ms"
    if text:
        yield CheckStep("hear", True, f'"{SAID}" was understood as "{text}", {took}')
    else:
        yield CheckStep(
            "hear", False, f'nothing was understood of "{SAID}", {took}', "Check the language of the recogniser."
        )


async def speak(tts: Tts, options: TtsOptions = TtsOptions()) -> AsyncGenerator[CheckStep, None]:
    """The step ``speak``: it went well where audio came."""
    clock = asyncio.get_running_loop().time
    begun = clock()
    first, seconds = 0.0, 0.0
    try:
        async with asyncio.timeout(LIMIT), tts.session(options) as session:
            session.push(SENTENCE)
            session.finish()
            async for frame in session.frames():
                if isinstance(frame, Speech):
                    first = first or clock() - begun
                    seconds += frame.milliseconds / 1000
    except TimeoutError:
        yield CheckStep("speak", False, f"nothing within {LIMIT:g} s", "Check the network's way to the service.")
        return
    except ProviderError as error:
        yield CheckStep("speak", False, error.message, error.advice)
        return
    if seconds:
        yield CheckStep("speak", True, f"{seconds:.1f} s of speech, the first after {first * 1000:.0f} ms")
    else:
        yield CheckStep("speak", False, "no audio came", "Check the voice.")
