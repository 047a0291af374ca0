"""Each answer's silence, and where it went."""

from __future__ import annotations

from salon.base.events import Response
from salon.ports.observer import Observer
from salon.session.timing import Timing
from tests.fakes.clock import FakeClock


class Kept(Observer):
    def __init__(self) -> None:
        self.turns: list[tuple[dict[str, int], int]] = []

    def voice_turn(self, parts: dict[str, int], total: int) -> None:
        self.turns.append((parts, total))


def response(modality: str = "audio") -> Response:
    return Response(id="r", status="completed", conversation_id="c", output_modalities=(modality,))  # type: ignore[arg-type]


def test_the_parts_of_a_turn() -> None:
    clock, kept = FakeClock(), Kept()
    timing = Timing(clock, kept)
    timing.paused(clock.now() - 220, 30)
    clock.pass_ms(60)
    timing.mark("transcript")
    clock.pass_ms(120)
    timing.over(clock.now() - 400)
    timing.began("r")
    clock.pass_ms(30)
    timing.mark("first_token")
    clock.pass_ms(50)
    timing.sounded("r")
    clock.pass_ms(20)
    timing.sent("r", 40)
    timing.sent("r", 90)
    parts = {
        "uplink": 30, "vad": 220, "end_of_turn": 180, "transcript": 0, "first_token": 30, "first_audio": 50,
        "first_packet": 20, "downlink": 40,
    }  # fmt: skip
    assert kept.turns == [(parts, 570)]
    assert timing.done(response()).waterfall == {**parts, "total": 570}


def test_an_answer_in_text_or_to_no_turn_has_none() -> None:
    timing = Timing(FakeClock(), Kept())
    timing.began("r")
    timing.sent("r")
    assert timing.done(response()).waterfall is None
    timing.over(0)
    timing.began("r")
    assert timing.done(response("text")).waterfall is None


def test_a_pause_that_was_no_end_is_forgotten() -> None:
    clock, kept = FakeClock(), Kept()
    timing = Timing(clock, kept)
    timing.paused(clock.now() - 220)
    clock.pass_ms(1000)
    timing.paused(clock.now() - 220)
    timing.over(clock.now())
    timing.began("r")
    timing.sent("r")
    assert kept.turns[0][1] == 220
