"""Models that take the time they are told to."""

from __future__ import annotations

import pytest

from salon.base.chat import Finished, TextDelta
from salon.base.errors import Overloaded
from salon.base.speech import Final, Partial, Speech, Spoken
from salon.testing.clock import LoopClock, run
from salon.testing.models import SimulatedAsr, SimulatedLlm, SimulatedTts, Utterance
from salon.testing.sounds import person_frame


def test_a_model_answers_in_pieces_and_in_its_time() -> None:
    async def main() -> None:
        llm = SimulatedLlm(["Hello big world.", "Bye."], first_token_ms=300, delta_ms=50)
        deltas = [delta async for delta in llm.stream(())]
        assert "".join(delta.text for delta in deltas if isinstance(delta, TextDelta)) == "Hello big world."
        assert isinstance(deltas[-1], Finished)
        assert LoopClock().now() == 300 + 50 * (len(deltas) - 1)
        assert isinstance(bye := await anext(llm.stream(())), TextDelta) and bye.text.startswith("Bye")

    run(main())


def test_a_recogniser_hears_what_reached_it() -> None:
    async def main() -> None:
        asr = SimulatedAsr([Utterance("one two three", 600)])
        async with asr.session() as session:
            for frame in range(20):
                session.push(person_frame(0, frame))
            session.finish()
            assert [heard async for heard in session.results()][-1].text == "one two"
        assert asr.open == 0

    run(main())


def test_partials_come_while_it_is_said() -> None:
    async def main() -> None:
        async with SimulatedAsr([Utterance("one two", 400)]).session() as session:
            session.push(person_frame(0, 10))
            results = session.results()
            assert await anext(results) == Partial("one")
            session.push(person_frame(0, 19))
            session.finish()
            final = await anext(results)
            assert isinstance(final, Final) and final.text == "one two"

    run(main())


def test_an_utterance_may_be_an_error() -> None:
    async def main() -> None:
        async with SimulatedAsr([Utterance("one", 400, Overloaded("Busy."))], partials=False).session() as session:
            session.push(person_frame(0, 19))
            session.finish()
            with pytest.raises(Overloaded):
                [heard async for heard in session.results()]

    run(main())


def test_a_synthesiser_speaks_syllable_by_syllable() -> None:
    async def main() -> None:
        tts = SimulatedTts(fails={"never": Overloaded("Busy.")})
        async with tts.session() as session:
            session.push("Hello. ")
            session.finish()
            speech, spoken = [frame async for frame in session.frames()]
        assert isinstance(speech, Speech) and isinstance(spoken, Spoken)
        assert speech.words[0].text == "Hello"
        assert speech.said == 7
        assert tts.texts == ["Hello. "]
        async with tts.session() as session:
            session.push("never")
            with pytest.raises(Overloaded):
                [frame async for frame in session.frames()]

    run(main())
