"""A person's turn, frame by frame."""

from __future__ import annotations

from typing import Any

import pytest

from salon.base.ids import counting
from salon.base.session import SemanticVad, ServerVad, TurnDetection
from salon.turn.listening import (
    STIRRED_MS,
    WORDS_MS,
    Dropped,
    Duck,
    Interrupted,
    ListeningMachine,
    Outcome,
    Resume,
    SegmentBegan,
    SegmentEnded,
    Soften,
    SpeechStarted,
    SpeechStopped,
    TimedOut,
)

FRAME = 20


class Ear:
    """Says things to a machine and keeps what comes of it, with the times."""

    def __init__(self, detection: TurnDetection, **how: Any) -> None:
        self.machine = ListeningMachine(detection, new_id=counting(), **how)
        self.playing = self.guarded = False
        self.log: list[tuple[int, Outcome]] = []

    def voice(self, ms: int, probability: float = 0.9) -> list[Outcome]:
        found: list[Outcome] = []
        for _ in range(ms // FRAME):
            found += self._keep(self.machine.feed(probability, FRAME, playing=self.playing, guarded=self.guarded))
        return found

    def silence(self, ms: int) -> list[Outcome]:
        return self.voice(ms, 0.0)

    def words(self, text: str, ours: str = "", *, final: bool = False) -> list[Outcome]:
        return self._keep(self.machine.words(self.machine.item_id or "", text, ours, final=final))

    def when(self, kind: type) -> int:
        return next(at for at, outcome in self.log if isinstance(outcome, kind))

    def _keep(self, outcomes: list[Outcome]) -> list[Outcome]:
        self.log += [(self.machine.now, outcome) for outcome in outcomes]
        return outcomes


def test_server_vad_to_the_letter() -> None:
    ear = Ear(ServerVad(prefix_padding_ms=200, silence_duration_ms=400))
    ear.silence(1000)
    assert ear.voice(600) == [SegmentBegan("item_1", 800), SpeechStarted("item_1", 800)]
    assert ear.silence(380) == [SegmentEnded("item_1", 1600)]
    assert ear.silence(40) == [SpeechStopped("item_1", 800, 2000, 1600)]
    assert ear.silence(5000) == []


def test_a_pause_within_a_turn_is_a_new_segment_of_it() -> None:
    ear = Ear(SemanticVad())
    ear.voice(500)
    ear.silence(300)
    ear.words("I went there because", final=True)
    assert ear.silence(1000) == []
    assert ear.voice(400) == [SegmentBegan("item_1", 1500)]
    ear.silence(300)
    ear.words("I went there because I wanted it.", final=True)
    assert ear.silence(600)[-1] == SpeechStopped("item_1", 0, 2580, 2200)


def test_the_end_waits_for_the_words() -> None:
    waits = []
    for text in ("What can you do?", "open the door", "我想要那个"):
        ear = Ear(SemanticVad())
        ear.voice(500)
        ear.silence(240)
        ear.words(text, final=True)
        ear.silence(3000)
        waits.append(ear.when(SpeechStopped) - 500)
    assert waits == [380, 380, 2000]


def test_the_end_waits_for_words_that_are_still_being_recognised() -> None:
    ear = Ear(SemanticVad())
    ear.voice(500)
    ear.words("Is there anything I can do")
    ear.silence(420)
    ear.words("Is there anything I can do about", final=True)
    ear.silence(3000)
    assert ear.when(SpeechStopped) - 500 == 2000


def test_the_end_waits_for_words_no_longer_than_an_answer_is_worth() -> None:
    def end(detection: TurnDetection, *, fails: bool = False, goes_on: bool = False) -> int:
        ear = Ear(detection)
        ear.voice(500)
        if goes_on:
            ear.silence(240)
            ear.words("Open", final=True)
            ear.voice(260)
        ear.words("Open the door")
        if fails:
            ear.silence(240)
            ear.machine.wordless("item_1")
        ear.silence(3000)
        return ear.when(SpeechStopped) - (1000 if goes_on else 500)

    assert end(SemanticVad()) == end(SemanticVad(), goes_on=True) == 380 + WORDS_MS
    assert end(SemanticVad(), fails=True) == end(ServerVad(silence_duration_ms=380)) == 380


def test_semantic_vad_ducks_first_and_tells_nobody() -> None:
    ear = Ear(SemanticVad())
    ear.playing = True
    ear.silence(500)
    assert ear.voice(100) == [Soften(True), SegmentBegan("item_1", 200), Duck()]
    assert ear.when(Soften) - 500 <= 20
    assert ear.when(Duck) - 500 <= 100
    assert ear.voice(400) == []
    assert ear.words("what about") == [SpeechStarted("item_1", 200), Interrupted()]


def test_a_click_softens_us_for_a_moment() -> None:
    ear = Ear(SemanticVad())
    ear.playing = True
    ear.silence(500)
    assert ear.voice(40) == [Soften(True)]
    assert ear.silence(100) == [Soften(False)]
    ear.voice(20)
    ear.playing = False
    assert ear.voice(20) == [Soften(False)], "there is nothing that could be softer"


def test_what_rises_softens_us_before_a_voice_is_seen() -> None:
    machine = ListeningMachine(SemanticVad(), new_id=counting())
    assert machine.feed(0.0, 20, playing=False, rising=True) == []
    assert machine.feed(0.0, 20, playing=True) == []
    assert machine.feed(0.2, 20, playing=True, rising=True) == [Soften(True)]
    assert machine.feed(0.9, 20, playing=True) == []
    assert machine.feed(0.0, 20, playing=True, guarded=True, rising=True) == [Soften(False)]


def test_who_may_not_interrupt_does_not_soften_us_nor_does_an_echo_of_the_greeting() -> None:
    ear = Ear(SemanticVad(interrupt_response=False))
    ear.playing = True
    assert ear.voice(40) == []
    ear = Ear(SemanticVad())
    ear.playing = ear.guarded = True
    assert ear.voice(40) == []


def test_what_is_cleared_leaves_us_as_loud_as_we_were() -> None:
    ear = Ear(SemanticVad())
    ear.playing = True
    ear.voice(40)
    assert ear.machine.clear() == [Soften(False)]


def test_who_plays_what_it_has_is_told_soon() -> None:
    ear = Ear(SemanticVad(), silent=False)
    ear.playing = True
    ear.silence(500)
    assert ear.voice(500)[2:] == [Duck(), SpeechStarted("item_1", 200), Interrupted()]
    assert ear.when(Interrupted) - 500 <= 350


def test_a_turn_is_not_over_while_something_stirs() -> None:
    ear = Ear(SemanticVad())
    ear.voice(500)
    ear.silence(240)
    ear.words("It is late.", final=True)
    ear.silence(120)
    # It would be over after 380 ms. A voice begins, which is not known to be one for the next 60.
    assert ear.voice(20, 0.3) == ear.voice(40, 0.9) == []
    assert ear.voice(60, 0.9) == [SegmentBegan("item_1", 580)]
    ear.silence(240)
    ear.words("It is late. And dark.", final=True)
    assert isinstance(ear.silence(400)[-1], SpeechStopped)


def test_what_stirs_and_is_no_voice_does_not_keep_a_turn_open() -> None:
    ear = Ear(SemanticVad())
    ear.voice(500)
    ear.words("It is late.", final=True)
    ear.voice(1000, 0.3)
    assert ear.when(SpeechStopped) - 500 == 380 + STIRRED_MS


def test_a_nod_is_dropped_and_we_go_on() -> None:
    ear = Ear(SemanticVad())
    ear.playing = True
    ear.voice(240)
    assert ear.silence(240) == [SegmentEnded("item_1", 240)]
    assert ear.words("mhm", "Paris is the capital", final=True) == [Dropped("item_1"), Resume()]
    assert ear.silence(3000) == []


def test_a_cough_without_words_is_dropped_too() -> None:
    ear = Ear(SemanticVad())
    ear.playing = True
    ear.voice(120)
    assert ear.silence(1000)[-2:] == [Dropped("item_1"), Resume()]


def test_words_stop_us_before_time_does() -> None:
    ear = Ear(SemanticVad())
    ear.playing = True
    ear.voice(100)
    assert ear.words("wait") == [SpeechStarted("item_1", 0), Interrupted()]


def test_a_recogniser_that_fails_leaves_it_to_the_length_of_the_voice() -> None:
    ear = Ear(SemanticVad())
    ear.playing = True
    ear.voice(800)
    assert ear.machine.wordless("item_1") == []
    assert ear.machine.wordless("another") == []
    assert ear.voice(20) == [SpeechStarted("item_1", 0), Interrupted()]


def test_what_began_while_we_fell_silent_is_a_turn() -> None:
    ear = Ear(SemanticVad())
    ear.playing = True
    ear.voice(100)
    ear.playing = False
    assert ear.voice(20) == [Resume(), SpeechStarted("item_1", 0)]
    ear.silence(300)
    ear.words("mhm", final=True)
    assert isinstance(ear.silence(1000)[-1], SpeechStopped)


def test_server_vad_interrupts_at_once() -> None:
    ear = Ear(ServerVad())
    ear.playing = True
    began = [SegmentBegan("item_1", 0), SpeechStarted("item_1", 0), Interrupted()]
    assert ear.voice(100) == [Soften(True), *began, Soften(False)]


def test_who_may_not_interrupt_is_heard_all_the_same() -> None:
    ear = Ear(SemanticVad(interrupt_response=False))
    ear.playing = True
    assert ear.voice(500) == [SegmentBegan("item_1", 0), SpeechStarted("item_1", 0)]


def test_the_greeting_is_not_interrupted_by_its_echo() -> None:
    ear = Ear(SemanticVad())
    ear.playing = ear.guarded = True
    ear.voice(600)
    assert ear.words("hello how can I help", "Hello, how can I help you?") == []
    ear.silence(300)
    assert ear.words("hello how can I help you", "Hello, how can I help you?", final=True) == [
        Dropped("item_1"),
        Resume(),
    ]


def test_idleness_counts_from_the_end_of_our_answer() -> None:
    ear = Ear(ServerVad(idle_timeout_ms=5000))
    assert ear.silence(20_000) == []
    ear.playing = True
    ear.silence(1000)
    ear.playing = False
    assert ear.silence(4980) == []
    assert ear.silence(40) == [TimedOut("item_1", 21_020, 26_020)]
    assert ear.silence(20_000) == []


def test_a_voice_ends_idleness() -> None:
    ear = Ear(ServerVad(idle_timeout_ms=5000))
    ear.machine.answered()
    ear.silence(4000)
    ear.voice(200)
    ear.silence(8000)
    assert not [outcome for _, outcome in ear.log if isinstance(outcome, TimedOut)]


def test_clearing_forgets_what_is_being_said() -> None:
    ear = Ear(SemanticVad())
    ear.voice(500)
    assert ear.machine.clear() == [Dropped("item_1")]
    assert ear.silence(3000) == []


def test_settings_change_in_the_middle_of_a_turn() -> None:
    ear = Ear(ServerVad(silence_duration_ms=2000))
    ear.voice(500)
    ear.silence(500)
    ear.machine.configure(ServerVad(silence_duration_ms=200))
    assert isinstance(ear.silence(40)[-1], SpeechStopped)


def test_words_of_a_turn_that_is_over_change_nothing() -> None:
    ear = Ear(SemanticVad())
    ear.voice(500)
    ear.silence(3000)
    assert ear.machine.words("item_1", "late", "") == []
    ear.machine.judged("item_1", 0.9)


def test_a_burst_of_audio_is_as_good_as_real_time() -> None:
    """Times are the audio's: a client that sends a whole recording at once is heard as one that speaks."""
    ear = Ear(ServerVad())
    ear.voice(700)
    ear.silence(700)
    ear.voice(700)
    ear.silence(700)
    assert [at for at, outcome in ear.log if isinstance(outcome, SpeechStopped)] == [1200, 2600]


@pytest.mark.parametrize("fails", [False, True])
def test_the_words_of_a_recording_that_was_sent_at_once_end_its_turn(fails: bool) -> None:
    ear = Ear(SemanticVad())
    ear.voice(1000)
    assert not any(isinstance(each, SpeechStopped) for each in ear.silence(1200))
    told = ear.machine.wordless("item_1") if fails else ear.words("What can you do?", final=True)
    assert told == [SpeechStopped("item_1", 0, 2200, 1000)]
