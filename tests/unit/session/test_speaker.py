"""Where sound goes, and what was heard of it."""

from __future__ import annotations

import asyncio

import pytest

from salon.base.events import Event, OutputAudioDelta, OutputBufferStarted, OutputBufferStopped
from salon.base.session import AudioFormat
from salon.session.speaker import CallSpeaker, Place, WireSpeaker
from salon.sound.pcm import level, size
from salon.testing.clock import run
from salon.testing.simulation import Loudspeaker
from tests.fakes.clock import FakeClock


def sound(ms: int, response: str = "r", item: str = "i") -> OutputAudioDelta:
    return OutputAudioDelta(response, item, 0, 0, b"\x10\x27" * (size(ms, 24_000) // 2))


def on_wire() -> tuple[WireSpeaker, FakeClock, list[Event]]:
    clock, told = FakeClock(), []
    return WireSpeaker(told.append, clock), clock, told


def test_sound_is_sent_at_once_in_pieces() -> None:
    speaker, _, told = on_wire()
    speaker.play(sound(500))
    assert [len(event.audio) for event in told if isinstance(event, OutputAudioDelta)] == [9600, 9600, 4800]


def test_g711_is_a_byte_for_a_sample_at_8_khz() -> None:
    speaker, _, told = on_wire()
    for kind in ("audio/pcmu", "audio/pcma"):
        told.clear()
        speaker.begin("r", AudioFormat(kind))  # type: ignore[arg-type]
        speaker.play(sound(200))
        (event,) = told
        assert isinstance(event, OutputAudioDelta)
        assert 1580 <= len(event.audio) <= 1600
        speaker.finish("r")


def test_each_answer_has_a_format_of_its_own() -> None:
    speaker, _, told = on_wire()
    speaker.begin("narrow", AudioFormat("audio/pcmu"))
    speaker.begin("wide", AudioFormat())
    for response in ("narrow", "wide", "narrow", "wide"):
        speaker.play(sound(200, response, response))
    lengths = [len(event.audio) for event in told if isinstance(event, OutputAudioDelta)]
    assert lengths[1::2] == [9600, 9600]
    assert sum(lengths[::2]) == pytest.approx(3200, abs=20)


def test_what_was_heard_is_estimated_by_time() -> None:
    speaker, clock, _ = on_wire()
    assert speaker.place is None
    speaker.play(sound(1000))
    clock.pass_ms(300)
    assert speaker.playing
    assert speaker.place == Place("r", "i", 300)
    speaker.play(sound(1000, item="j"))
    clock.pass_ms(900)
    assert speaker.place == Place("r", "j", 200)
    clock.pass_ms(2000)
    assert not speaker.playing
    assert speaker.place == Place("r", "j", 1000)
    assert speaker.stop() is None


def test_a_gap_in_the_sound_is_a_gap_in_the_playback() -> None:
    speaker, clock, _ = on_wire()
    speaker.play(sound(200))
    clock.pass_ms(500)
    speaker.play(sound(200))
    clock.pass_ms(100)
    assert speaker.stop() == Place("r", "i", 300)
    assert not speaker.playing


class Call:
    def __init__(self) -> None:
        self.out = Loudspeaker()
        self.told: list[Event] = []
        self.first: list[tuple[str, int]] = []
        self.speaker = CallSpeaker(self.out, self.told.append, lambda *told: self.first.append(told))

    async def listen(self, ms: int) -> None:
        for _ in range(ms // 20):
            await asyncio.sleep(0.02)
            self.loudness = level(self.out.tick(0))


def test_a_call_is_paced_and_tells_its_beginning_and_end() -> None:
    async def script() -> None:
        call = Call()
        call.speaker.play(sound(1000))
        assert call.told == [OutputBufferStarted("r")]
        assert call.first == [("r", 0)]
        assert call.out.queued_ms <= 80
        await call.listen(500)
        place = call.speaker.place
        assert place is not None and 460 <= place.ms <= 520
        call.speaker.finish("r")
        await call.listen(700)
        assert call.told[-1] == OutputBufferStopped("r")
        assert not call.speaker.playing

    run(script())


def test_a_duck_is_silence_and_goes_on_where_it_is_told() -> None:
    async def script() -> None:
        call = Call()
        call.speaker.play(sound(2000))
        await call.listen(500)
        call.speaker.duck()
        await call.listen(400)
        place = call.speaker.place
        assert place is not None and place.ms <= 700
        call.speaker.unduck(300)
        await call.listen(100)
        again = call.speaker.place
        # What is said again was heard before.
        assert again is not None and again.ms == place.ms
        await call.listen(1000)
        later = call.speaker.place
        assert later is not None and later.ms > place.ms

    run(script())


def test_softened_we_go_on_at_the_same_place() -> None:
    async def script() -> None:
        call = Call()
        call.speaker.play(sound(2000))
        await call.listen(500)
        loud = call.loudness
        call.speaker.soften(True)
        await call.listen(20)
        assert call.loudness < 0.45 * loud, "the next packet that leaves is softer"
        await call.listen(100)
        assert 0.2 * loud < call.loudness < 0.4 * loud
        call.speaker.soften(False)
        await call.listen(100)
        assert call.loudness == loud
        call.speaker.soften(True)
        call.speaker.duck()
        call.speaker.soften(False)
        await call.listen(100)
        assert call.loudness == 0, "a duck is more"
        call.speaker.unduck(0)
        await call.listen(3000)
        assert call.speaker.place == Place("r", "i", 2000)

    run(script())


def test_softened_while_nothing_is_said_the_next_answer_is_as_loud_as_any() -> None:
    async def script() -> None:
        call = Call()
        call.speaker.soften(True)
        call.speaker.play(sound(200))
        await call.listen(100)
        assert call.loudness > 0.3

    run(script())


def test_a_duck_takes_back_what_is_queued_and_loses_nothing() -> None:
    async def script() -> None:
        call = Call()
        call.speaker.play(sound(2000))
        await call.listen(500)
        before = call.speaker.place
        assert before is not None and call.out.queued_ms >= 40
        call.speaker.duck()
        call.speaker.duck()
        await call.listen(300)
        heard = call.speaker.place
        # One packet in which it fades: no word more is said.
        assert heard is not None and heard.ms - before.ms <= 20
        assert not call.out.audible
        call.speaker.unduck(before.ms)
        await call.listen(1700)
        assert call.speaker.place == Place("r", "i", 2000)

    run(script())


def test_a_stop_knows_what_was_heard() -> None:
    async def script() -> None:
        call = Call()
        call.speaker.play(sound(1000))
        call.speaker.play(sound(1000, item="j"))
        await call.listen(1200)
        stopped = call.speaker.stop()
        assert stopped is not None and stopped.item_id == "j" and 140 <= stopped.ms <= 220
        assert not call.speaker.playing
        assert call.speaker.stop() is None
        loud = call.loudness
        await call.listen(20)
        assert 0 < call.loudness < 0.5 * loud, "it fades"
        await call.listen(20)
        assert call.loudness == 0
        call.speaker.play(sound(1000, "s", "k"))
        await call.listen(40)
        assert call.loudness == loud
        again = call.speaker.stop()
        assert again is not None and again.item_id == "k" and again.ms in (20, 40)
        call.speaker.play(sound(1000, "t", "l"))
        call.speaker.duck()
        await call.listen(100)
        assert call.loudness == 0
        assert call.speaker.place == Place("t", "l", 20)
        call.speaker.unduck(0)
        await call.listen(1040)
        assert call.speaker.place == Place("t", "l", 1000)
        call.speaker.close()

    run(script())


def test_a_stop_before_the_first_packet_heard_nothing() -> None:
    async def script() -> None:
        call = Call()
        call.speaker.play(sound(1000))
        assert call.speaker.stop() == Place("r", "i", 0)

    run(script())


def test_who_writes_far_ahead_waits() -> None:
    async def script() -> None:
        call = Call()
        call.speaker.play(sound(25_000))
        room = call.speaker.room()
        assert room is not None
        async with asyncio.TaskGroup() as group:
            listening = group.create_task(call.listen(30_000))
            await room
            listening.cancel()
        call.speaker.stop()
        assert call.speaker.room() is None

    run(script())
