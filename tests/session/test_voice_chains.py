"""A house fails in the middle of a spoken conversation, and the turn is not lost."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from salon.base.chat import Delta, Message, Options, ToolSpec
from salon.base.errors import BadAnswer, Overloaded
from salon.base.events import OutputBufferStopped, OutputTranscriptDelta, ResponseDone
from salon.base.speech import Frame, TtsOptions
from salon.ports.tts import TtsSession
from salon.providers.fallback import FallbackLlm
from salon.providers.fallback_tts import FallbackTts
from salon.testing import SimulatedLlm, SimulatedTts, Simulation
from tests.session.scripted import LONG, play


class LosesItsConnection(SimulatedTts):
    """Once, behind so many frames."""

    def __init__(self, frames: int) -> None:
        super().__init__()
        self.left: int | None = frames

    @asynccontextmanager
    async def session(self, options: TtsOptions = TtsOptions()) -> AsyncIterator[TtsSession]:
        async with super().session(options) as session:
            yield _Losing(self, session)


class _Losing:
    def __init__(self, tts: LosesItsConnection, session: TtsSession) -> None:
        self._tts = tts
        self._session = session
        self.push, self.finish = session.push, session.finish

    async def frames(self) -> AsyncGenerator[Frame, None]:
        async for frame in self._session.frames():
            if self._tts.left == 0:
                self._tts.left = None
                raise BadAnswer("It closed the connection.")
            if self._tts.left is not None:
                self._tts.left -= 1
            yield frame


@pytest.mark.parametrize("frames", [0, 1, 2])
def test_a_synthesiser_that_loses_its_connection_says_every_word_once(frames: int) -> None:
    async def script(talk: Simulation) -> None:
        await talk.say("Tell me of Paris.")
        await talk.until(OutputBufferStopped)
        assert talk.history[1] == ("assistant", LONG)
        assert "".join(event.delta for event in talk.all(OutputTranscriptDelta)) == LONG
        # The piece that was lost with the connection was given once more, and heard once.
        talk.tts = only
        assert len(only.texts) == 2
        assert "".join("".join(talk.heard).split()) == "".join(LONG.split())

    only = LosesItsConnection(frames)
    play(script, llm=SimulatedLlm([LONG]), tts=FallbackTts([only]))


class DiesInItsAnswer(SimulatedLlm):
    async def stream(
        self, messages: Sequence[Message], tools: Sequence[ToolSpec] = (), options: Options = Options()
    ) -> AsyncGenerator[Delta, None]:
        first = not self.asked
        async for delta in super().stream(messages, tools, options):
            yield delta
            if first and getattr(delta, "text", "").startswith("a"):
                raise Overloaded("Gone.")


def test_a_model_that_dies_before_its_first_word_is_followed_by_the_next() -> None:
    async def script(talk: Simulation) -> None:
        await talk.say("Tell me of Paris.")
        await talk.until(OutputBufferStopped)
        assert talk.history == [("user", "Tell me of Paris."), ("assistant", LONG)]

    play(script, llm=FallbackLlm([SimulatedLlm([Overloaded("Gone.")]), SimulatedLlm([LONG])]))


def test_a_model_that_dies_within_its_answer_leaves_what_was_said_and_the_conversation_goes_on() -> None:
    async def script(talk: Simulation) -> None:
        await talk.say("Tell me of Paris.")
        done = await talk.until(ResponseDone)
        assert done.response.status == "failed"
        await talk.wait(10_000)
        role, said = talk.history[1]
        assert role == "assistant"
        assert said and LONG.startswith(said)
        await talk.say("And what else?")
        await talk.until(ResponseDone, count=2)
        assert talk.history[-1] == ("assistant", LONG)

    play(script, llm=FallbackLlm([DiesInItsAnswer([LONG]), SimulatedLlm(["Never."])]))
