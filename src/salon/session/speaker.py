"""Where an answer's sound goes: to a client that plays it itself, or into the packets of a call."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Protocol

import msgspec

from salon.base.events import Event, OutputAudioDelta, OutputBufferStarted, OutputBufferStopped
from salon.base.session import AudioFormat
from salon.ports.clock import Clock
from salon.ports.media import AudioOut
from salon.sound import g711
from salon.sound.mix import Gain
from salon.sound.pcm import Framer, milliseconds, size
from salon.sound.resample import Resampler

RATE = 24_000
# "Keep each delta to about 200 ms": some clients take no frame above 1 MiB.
CHUNK_MS = 200
FRAME_MS = 20
LEAD_MS = 60
"""What lies in the call's queue."""
REWIND_MS = 1000
FADE_MS = 5
"""From loud to silent. Of speech, nothing is heard of a fade down to 3 ms; without one it clicks."""
SOFT = 0.3
"""What is left of us while somebody may be about to speak."""
AHEAD_MS = 20_000


class Place(msgspec.Struct, frozen=True):
    """``ms`` of this item have been heard."""

    response_id: str
    item_id: str
    ms: int


class Speaker(Protocol):
    def play(self, event: OutputAudioDelta) -> None:
        """Sound of an answer, PCM at 24 kHz."""
        ...

    def finish(self, response_id: str) -> None:
        """There is no more of that answer."""
        ...

    @property
    def playing(self) -> bool:
        """Whether the listener hears us now, as far as can be known."""
        ...

    @property
    def place(self) -> Place | None:
        """What is being heard now, or was heard last."""
        ...

    def room(self) -> Awaitable[None] | None:
        """What who writes faster than it is heard should await; None while there is room."""
        ...

    def soften(self, on: bool) -> None:
        """Somebody may be about to speak."""
        ...

    def duck(self) -> None: ...

    def unduck(self, since_ms: int) -> None:
        """Go on, from ``since_ms`` of the item: the start of the word that was cut off."""
        ...

    def stop(self) -> Place | None:
        """Say no more. What was heard until now; None where nothing was being said."""
        ...

    def close(self) -> None: ...


class WireSpeaker:
    """For clients that own the playback (WebSocket): sound is sent as soon as it is there, in their format. What they have
    heard is estimated by the time that has passed, until they tell with ``conversation.item.truncate``."""

    def __init__(self, emit: Callable[[Event], None], clock: Clock) -> None:
        self._emit = emit
        self._clock = clock
        self._encoders: dict[str, Callable[[bytes], bytes]] = {}
        self._items: deque[tuple[str, str, int, int]] = deque(maxlen=16)  # response, item, when it begins, when it ends

    def room(self) -> Awaitable[None] | None:
        return None

    def begin(self, response_id: str, audio: AudioFormat) -> None:
        """An answer is to be told in that format, until it is finished."""
        if audio.type != "audio/pcm":
            self._encoders[response_id] = _g711(audio)

    def play(self, event: OutputAudioDelta) -> None:
        now, length = self._clock.now(), milliseconds(event.audio, RATE)
        last = self._items[-1] if self._items else None
        if last is not None and last[1] == event.item_id:
            # A gap in the sound is a gap in the playback.
            late = max(now - last[3], 0)
            self._items[-1] = (last[0], last[1], last[2] + late, last[3] + late + length)
        else:
            begins = max(now, last[3]) if last is not None else now
            self._items.append((event.response_id, event.item_id, begins, begins + length))
        encoded = self._encoders.get(event.response_id, bytes)
        step = size(CHUNK_MS, RATE)
        for at in range(0, len(event.audio), step):
            self._emit(msgspec.structs.replace(event, audio=encoded(event.audio[at : at + step])))

    def finish(self, response_id: str) -> None:
        self._encoders.pop(response_id, None)

    @property
    def playing(self) -> bool:
        return bool(self._items) and self._clock.now() < self._items[-1][3]

    @property
    def place(self) -> Place | None:
        now = self._clock.now()
        for response_id, item_id, begins, ends in reversed(self._items):
            if now >= begins:
                return Place(response_id, item_id, min(now, ends) - begins)
        return None

    def soften(self, on: bool) -> None:
        return None

    def duck(self) -> None:
        return None

    def unduck(self, since_ms: int) -> None:
        return None

    def stop(self) -> Place | None:
        place = self.place if self.playing else None
        self._items.clear()
        return place

    def close(self) -> None:
        return None


def _g711(audio: AudioFormat) -> Callable[[bytes], bytes]:
    resampler, law = Resampler(RATE, 8000), g711.LAWS[audio.type]
    return lambda pcm: g711.encode(resampler.push(pcm), law)


class CallSpeaker:
    """For calls (WebRTC): sound goes to the packets at the pace at which it is heard, so that it can be ducked, taken up again
    at the same word, and so that what was heard is what was sent."""

    def __init__(self, out: AudioOut, emit: Callable[[Event], None], first_packet: Callable[[str, int], None]) -> None:
        self._out = out
        self._emit = emit
        self._first_packet = first_packet
        self._gain = Gain(RATE, ramp_ms=FADE_MS)
        self._framer = Framer(size(FRAME_MS, RATE))
        self._frames: deque[tuple[Place, bytes]] = deque()  # the place behind each frame
        self._behind: deque[tuple[Place, bytes]] = deque(maxlen=(REWIND_MS + LEAD_MS) // FRAME_MS)  # written
        self._written = 0  # frames, in all
        self._marks: deque[tuple[int, Place]] = deque()  # by how many frames written, the place behind them
        self._heard: Place | None = None
        self._item = ("", 0)
        self._response = ""
        self._finished: set[str] = set()
        self._paused = False
        self._room = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def room(self) -> Awaitable[None] | None:
        if len(self._frames) * FRAME_MS <= AHEAD_MS:
            return None
        self._room.clear()
        return self._waited()

    def play(self, event: OutputAudioDelta) -> None:
        if self._item[0] != event.item_id:
            self._item = (event.item_id, 0)
        for frame in self._framer.push(event.audio):
            self._item = (event.item_id, self._item[1] + FRAME_MS)
            self._frames.append((Place(event.response_id, event.item_id, self._item[1]), frame))
        self._wake()

    def finish(self, response_id: str) -> None:
        if rest := self._framer.flush():
            place = Place(response_id, self._item[0], self._item[1] + FRAME_MS)
            self._frames.append((place, rest.ljust(self._framer.size, b"\0")))
        self._finished.add(response_id)
        self._wake()

    @property
    def playing(self) -> bool:
        return bool(self._frames) or (bool(self._marks) and self._out.queued_ms > 0)

    @property
    def place(self) -> Place | None:
        played = self._out.played_ms // FRAME_MS
        while self._marks and self._marks[0][0] <= played:
            mark = self._marks.popleft()[1]
            if self._heard is None or mark.item_id != self._heard.item_id or mark.ms > self._heard.ms:
                self._heard = mark
        return self._heard

    def soften(self, on: bool) -> None:
        if self._gain.target == 0.0:
            return
        if not self.playing:
            self._gain.jump(1.0)
        elif self._gain.target != (soft := SOFT if on else 1.0):
            self._turn_to(soft)

    def duck(self) -> None:
        if self._gain.target != 0.0:
            self._turn_to(0.0)

    def _turn_to(self, gain: float) -> None:
        self._gain.target = gain
        self._take_back()
        if self._timer is not None:
            self._timer.cancel()
            self._pump()

    def _take_back(self) -> None:
        """What lies in the call's queue would be heard for another 60 ms."""
        for _ in range(self._out.withdraw() // FRAME_MS):
            self._written -= 1
            if self._marks:
                self._marks.pop()
                self._frames.appendleft(self._behind.pop())

    def unduck(self, since_ms: int) -> None:
        if self._gain.target == 1.0:
            return
        self._gain.target = 1.0
        self._paused = False
        if not self.playing:
            # All was said, or nothing was yet: the next answer is heard from its first word.
            self._gain.jump(1.0)
            return
        again = []
        item = self._frames[0][0].item_id if self._frames else (self._behind[-1][0].item_id if self._behind else "")
        while self._behind and self._behind[-1][0].item_id == item and self._behind[-1][0].ms > since_ms:
            again.append(self._behind.pop())
        self._frames.extendleft(again)
        self._wake()

    def stop(self) -> Place | None:
        place = self._stopped() if self.playing else None
        self._gain.jump(1.0)
        self._paused = False
        if place is None:
            return None
        self._frames.clear()
        self._room.set()
        self._framer.flush()
        self._reset()
        self._finished.clear()
        self._response = ""
        return place

    def _stopped(self) -> Place:
        """Fall silent. What was heard then."""
        self._take_back()
        place = self.place
        coming = self._frames[0] if self._frames else None
        if coming is not None and (place is None or place.item_id != coming[0].item_id):
            # Not a word was heard of the answer that comes next.
            return Place(coming[0].response_id, coming[0].item_id, 0)
        assert place is not None
        if coming is not None and self._gain.target:
            # Behind a stream that breaks off a listener's buffer makes up 100 ms more of it; behind one that fades, nothing.
            self._gain.target = 0.0
            self._out.write(self._gain.apply(coming[1]), RATE)
            self._written += 1
        return place

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._frames.clear()
        self._room.set()

    async def _waited(self) -> None:
        await self._room.wait()

    def _reset(self) -> None:
        self._behind.clear()
        self._marks.clear()
        self._heard = None

    def _wake(self) -> None:
        if self._timer is None:
            self._pump()

    def _pump(self) -> None:
        """Every 20 ms while there is something to say."""
        self._timer = None
        out = self._out
        while self._frames and not self._paused and out.queued_ms < LEAD_MS:
            self._write(*self._frames.popleft())
            if self._gain.settled and self._gain.now == 0.0:
                self._paused = True
        if len(self._frames) * FRAME_MS <= AHEAD_MS // 2:
            self._room.set()
        if not self._frames and out.queued_ms == 0 and self._response in self._finished:
            self._finished.discard(self._response)
            self._emit(OutputBufferStopped(self._response))
            self._response = ""
        if self._frames or out.queued_ms > 0 or self._response:
            # To find the loop asks the kernel which process this is: a fifth of all that is done here.
            loop = self._loop = self._loop or asyncio.get_running_loop()
            self._timer = loop.call_later(FRAME_MS / 1000, self._pump)

    def _write(self, place: Place, frame: bytes) -> None:
        if place.response_id != self._response:
            if self._response:
                self._finished.discard(self._response)
                self._emit(OutputBufferStopped(self._response))
            self._response = place.response_id
            self._out.write(self._gain.apply(frame), RATE)
            self._first_packet(place.response_id, self._out.latency_ms)
            self._emit(OutputBufferStarted(place.response_id))
        else:
            self._out.write(self._gain.apply(frame), RATE)
        self._behind.append((place, frame))
        self._written += 1
        self._marks.append((self._written, place))
