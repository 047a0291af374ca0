"""Sound in; turns and their words out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from salon.base.errors import Overloaded, ProviderError
from salon.base.ids import counting
from salon.base.session import ServerVad, TurnDetection
from salon.base.speech import Final, Partial
from salon.providers.fallback_asr import FallbackAsr
from salon.session.ear import Ear
from salon.turn.listening import Outcome, Soften, SpeechStarted, SpeechStopped
from tests.fakes.instant_speech import InstantAsr

VAD = ServerVad()
LOUD, QUIET = b"\x10\x27" * 320, bytes(640)


class Vad:
    name = "loud"

    def __init__(self) -> None:
        self.open = 0

    @contextmanager
    def session(self) -> Iterator[Vad]:
        self.open += 1
        yield self
        self.open -= 1

    def push(self, pcm: bytes) -> float:
        return 0.9 if pcm == LOUD else 0.0


class Told:
    playing = guarded = False
    ours = ""

    def __init__(self) -> None:
        self.log: list[object] = []
        self.changed = asyncio.Event()
        self.ear: Ear

    def _keep(self, *what: object) -> None:
        self.log.append(what[0] if len(what) == 1 else what)
        self.changed.set()

    def outcome(self, outcome: Outcome) -> None:
        self._keep(outcome)
        if isinstance(outcome, SpeechStopped):
            self.ear.committed(outcome.item_id)

    def partial(self, item_id: str, text: str, stable: int) -> None:
        self._keep("partial", item_id, text, stable)

    def understood(self, item_id: str, text: str) -> None:
        self._keep("understood", item_id, text)

    def transcribed(self, item_id: str, text: str, seconds: float) -> None:
        self._keep("transcribed", item_id, text, seconds)

    def failed(self, item_id: str, error: ProviderError) -> None:
        self._keep("failed", item_id, error.code)

    async def until(self, kind: str) -> tuple[object, ...]:
        while not (found := [each for each in self.log if isinstance(each, tuple) and each[0] == kind]):
            self.changed.clear()
            await self.changed.wait()
        return found[0]


@asynccontextmanager
async def listening(asr: InstantAsr, detection: TurnDetection | None = VAD) -> AsyncIterator[tuple[Ear, Told]]:
    told, vad = Told(), Vad()
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        ear = told.ear = Ear(asr, vad, told, detection=detection, new_id=counting(), spawn=group.create_task)
        yield ear, told
        ear.close()
    assert vad.open == 0
    assert all(session.closed for session in asr.sessions)


def push(ear: Ear, ms: int, frame: bytes = LOUD) -> None:
    ear.push(frame * (ms // 20))


async def test_a_turn_is_heard_from_before_its_first_sound() -> None:
    asr = InstantAsr("Hello.")
    async with listening(asr) as (ear, told):
        push(ear, 1000, QUIET)
        push(ear, 400)
        push(ear, 600, QUIET)
        assert await told.until("transcribed") == ("transcribed", "item_1", "Hello.", 0.88)
        assert [each for each in told.log if isinstance(each, SpeechStarted)] == [SpeechStarted("item_1", 700)]
        assert bytes(asr.sessions[0].audio).startswith(QUIET * 15 + LOUD)
        assert not ear.pending


async def test_while_we_speak_the_first_loud_frame_softens_us_before_the_detector_has_spoken() -> None:
    almost = b"\x00\x20" * 320  # as loud, and no voice to this detector
    async with listening(InstantAsr("Hello.")) as (ear, told):
        push(ear, 1000, QUIET)
        push(ear, 40, almost)
        assert told.log == [], "nobody is to be softened"
        told.playing = True
        push(ear, 1000, QUIET)
        push(ear, 20, almost)
        assert told.log == [Soften(True)]
        push(ear, 80, QUIET)
        assert told.log == [Soften(True), Soften(False)]


async def test_pieces_of_any_length_are_frames() -> None:
    async with listening(InstantAsr("Hi")) as (ear, told):
        audio = LOUD * 20 + QUIET * 40
        for at in range(0, len(audio), 333):
            ear.push(audio[at : at + 333])
        assert (await told.until("transcribed"))[2] == "Hi"


async def test_stretches_of_a_turn_are_joined() -> None:
    asr = InstantAsr("one", "two", "三", "四")
    async with listening(asr, ServerVad(silence_duration_ms=1000)) as (ear, told):
        for _ in range(4):
            push(ear, 400)
            push(ear, 400, QUIET)
        push(ear, 800, QUIET)
        assert (await told.until("transcribed"))[2] == "one two三四"


async def test_partials_are_of_the_whole_turn() -> None:
    asr = InstantAsr([Partial("Hel", 2), Partial("Hello", 5), Final("Hello.")])
    async with listening(asr) as (ear, told):
        push(ear, 400)
        assert await told.until("understood") == ("understood", "item_1", "Hello.")
        assert [each for each in told.log if isinstance(each, tuple) and each[0] == "partial"] == [
            ("partial", "item_1", "Hel", 2),
            ("partial", "item_1", "Hello", 5),
        ]


async def test_a_recogniser_that_fails_is_told_once() -> None:
    async with listening(InstantAsr([Overloaded("Busy.")])) as (ear, told):
        push(ear, 400)
        push(ear, 800, QUIET)
        assert await told.until("failed") == ("failed", "item_1", "provider_overloaded")


async def test_what_was_understood_before_a_recogniser_failed_counts_where_all_of_it_had_been_said() -> None:
    breaks = asyncio.Event()
    asr = InstantAsr([Partial("Open the"), breaks, Overloaded("Busy.")])
    heard = ("transcribed", "item_1", "Open the", 0.0)
    for finished, outcome in ((True, heard), (False, ("failed", "item_1", "provider_overloaded"))):
        breaks.clear()
        async with listening(asr) as (ear, told):
            push(ear, 400)
            await told.until("partial")
            if finished:
                push(ear, 800, QUIET)
            breaks.set()
            while not asr.sessions[-1].closed:  # noqa: ASYNC110
                await asyncio.sleep(0)
            push(ear, 800, QUIET)
            assert await told.until(outcome[0]) == outcome


async def test_the_next_recogniser_of_a_chain_hears_all_of_it_and_what_the_first_understood_is_not_said_twice() -> None:
    breaks = asyncio.Event()
    first, second = InstantAsr([Partial("Open"), breaks, Overloaded("Busy.")]), InstantAsr("Open the door.")
    told, vad = Told(), Vad()
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        chain = FallbackAsr([first, second])
        ear = told.ear = Ear(chain, vad, told, detection=VAD, new_id=counting(), spawn=group.create_task)
        push(ear, 400)
        await told.until("partial")
        breaks.set()
        await second.opened.wait()
        push(ear, 800, QUIET)
        assert (await told.until("transcribed"))[2] == "Open the door."
        assert bytes(second.sessions[0].audio).startswith(LOUD * 20)
        ear.close()


async def test_the_client_commits_what_it_will() -> None:
    asr = InstantAsr("Hello.")
    async with listening(asr, None) as (ear, told):
        push(ear, 200, QUIET)
        push(ear, 400)
        item_id = ear.item
        ear.commit(item_id)
        assert (await told.until("transcribed"))[1:3] == (item_id, "Hello.")
        assert ear.appended == 0


async def test_what_has_no_voice_is_recognised_where_the_client_insists() -> None:
    asr = InstantAsr("whisper")
    async with listening(asr, None) as (ear, told):
        push(ear, 400, QUIET)
        ear.commit(ear.item)
        assert (await told.until("transcribed"))[2] == "whisper"
        assert len(asr.sessions[0].audio) == 640 * 20


async def test_a_clear_forgets() -> None:
    asr = InstantAsr("never")
    async with listening(asr) as (ear, told):
        push(ear, 400)
        await asyncio.sleep(0)
        ear.clear()
        push(ear, 2000, QUIET)
        assert not [each for each in told.log if isinstance(each, SpeechStopped)]
        assert not ear.pending


async def test_detection_can_be_turned_off_and_on() -> None:
    async with listening(InstantAsr("Hi")) as (ear, told):
        ear.configure(None)
        push(ear, 400)
        push(ear, 2000, QUIET)
        assert told.log == []
        ear.configure(ServerVad())
        push(ear, 400)
        push(ear, 800, QUIET)
        assert (await told.until("transcribed"))[2] == "Hi"


async def test_a_sound_ended_before_the_detector_let_it_end() -> None:
    async with listening(InstantAsr("Yes.")) as (ear, _):
        ear.push(LOUD * 20 + QUIET * 10)
        assert ear.sounded(600) == 400
        assert ear.sounded(440) == 400
        assert ear.sounded(200) == 200
        ear.push(QUIET * 200)
        assert ear.sounded(600) == 600  # it is too long ago


async def test_in_noise_a_sound_ended_where_it_was_louder_than_the_room() -> None:
    noise = b"\xdc\x05" * 320
    async with listening(InstantAsr("Yes.")) as (ear, _):
        ear.push(LOUD * 20 + noise * 20)
        assert ear.sounded(600) == 400
