"""What ``bench.voice`` calls: Salon with a recogniser, a model and a synthesiser that answer at once.

python -m bench.voice_server PORT ANSWER [FILE]

``|`` in the answer parts what the model says in one piece from the next. All packets are written into the file.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bench import packets
from salon import Agent, Salon
from salon.base.speech import AsrOptions
from tests.fakes.instant_speech import InstantAsr, InstantAsrSession, InstantTts
from tests.fakes.scripted_llm import ScriptedLlm, says


class Forgetful(InstantAsr):
    """Keeps nothing of what it heard."""

    @asynccontextmanager
    async def session(self, options: AsrOptions = AsrOptions()) -> AsyncIterator[InstantAsrSession]:
        async with super().session(options) as session:
            self.sessions.clear()
            yield session


def main(port: int, answer: str) -> None:
    agent = Agent(
        "host",
        llm=ScriptedLlm(says(*answer.split("|"))),
        asr=Forgetful("What can you do?"),
        tts=InstantTts(),
    )
    # How far it goes is what is measured: nobody is turned away.
    salon = Salon(agents=[agent], port=port, log_level="warning", media_load_limit=1000)
    salon.run(lambda urls: print(f"ready {urls[0]}", flush=True))


if __name__ == "__main__":
    if len(sys.argv) > 3:
        packets.record(sys.argv[3])
    main(int(sys.argv[1]), sys.argv[2])
