"""libwebrtc (PyPI ``wrtc``) as a caller of the Realtime door: a microphone that speaks recordings, and the channel of events."""

from __future__ import annotations

import asyncio
import json
import math
import re
import wave
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import webrtc
from aiohttp import ClientSession

from salon.sound.pcm import level
from salon.sound.resample import Resampler
from tests.fakes.media_house import until

DATA = Path(__file__).parents[1] / "data" / "voice"
PATIENCE = 30.0
AUDIBLE = 0.003
"""Of full scale, as a root mean square: what can be heard."""
PAUSE = 0.3
PIECE = 0.01
SILENT = bytes(960)


class Recordings:
    """A microphone that is silent until it is given something to say."""

    def __init__(self) -> None:
        self.track = webrtc.MediaStreamTrackGenerator("audio")
        self._queue: deque[bytes] = deque()
        self.began = self.ended = 0.0
        """When, by the loop's time, the first and the last that can be heard of it were said."""

    @property
    def talking(self) -> bool:
        """Whether something is left to be said."""
        return bool(self._queue)

    def say(self, name: str) -> None:
        """One of ``tests/data/voice``, behind what is being said."""
        with wave.open(str(DATA / name)) as file:
            pcm = Resampler(16_000, 48_000).push(file.readframes(file.getnframes()))
        self._queue.extend(pcm[at : at + 960].ljust(960, b"\0") for at in range(0, len(pcm), 960))

    async def run(self) -> None:
        writer = self.track.writable.get_writer()
        loop = asyncio.get_running_loop()
        start, number = loop.time(), 0
        while True:
            sound = self._queue.popleft() if self._queue else SILENT
            init = webrtc.AudioDataInit(
                format="s16",
                sample_rate=48_000,
                number_of_frames=480,
                number_of_channels=1,
                timestamp=number * 10_000,
                data=sound,
            )
            await writer.write(webrtc.AudioData(init))
            # A microphone hands over what it has heard: the piece ends now.
            if sound is not SILENT and level(sound) > AUDIBLE:
                now = loop.time()
                if now - self.ended > PAUSE:
                    self.began = now - PIECE
                self.ended = now
            number += 1
            await asyncio.sleep(max(0, start + number / 100 - loop.time()))


def first_softer(pieces: Sequence[tuple[float, float]], moment: float) -> float | None:
    """Of pieces of sound, when each was heard and how loud: the first after ``moment`` that is half as loud as those of the
    200 ms before."""
    before = [loud for at, loud in pieces if moment - 0.2 <= at < moment]
    usual = sum(before) / len(before) if before else 0.0
    return next((at for at, loud in pieces if at >= moment and loud < usual / 2), None)


class Loudspeaker:
    """What libwebrtc plays, 10 ms at a time as it takes them out of its buffer."""

    def __init__(self) -> None:
        self.played: deque[tuple[float, float]] = deque(maxlen=100 * 120)
        """When, by the loop's time, each piece began to be heard, and how loud it was."""

    async def run(self, track: Any) -> None:
        loop = asyncio.get_running_loop()
        reader = webrtc.MediaStreamTrackProcessor(
            webrtc.MediaStreamTrackProcessorInit(track=track)
        ).readable.get_reader()
        samples = bytearray()
        while not (result := await reader.read()).done:
            data: Any = result.value
            now = loop.time()
            need = data.number_of_frames * data.number_of_channels * 2
            if len(samples) != need:
                samples = bytearray(need)
            data.copy_to(samples, webrtc.AudioDataCopyToOptions(plane_index=0))
            data.close()
            self.played.append((now, level(bytes(samples))))

    def heard_from(self, moment: float, until: float = math.inf) -> float | None:
        """When something was first heard from ``moment`` on."""
        return next((at for at, loud in self.played if moment <= at < until and loud > AUDIBLE), None)

    def softer_from(self, moment: float) -> float | None:
        """When, after ``moment``, it was first half as loud as in the 200 ms before."""
        return first_softer(self.played, moment)

    def silent_from(self, moment: float, least: float = 0.1) -> float | None:
        """When, at or after ``moment``, a silence of ``least`` seconds began."""
        since: float | None = None
        for at, loud in self.played:
            if at < moment:
                continue
            if loud > AUDIBLE:
                since = None
            else:
                since = at if since is None else since
                if at - since >= least:
                    return since
        return None


class Caller:
    """``records`` keeps what is heard in ``loudspeaker``. ``on_event`` is given each event, and then none is kept."""

    def __init__(self, *, records: bool = False, on_event: Callable[[dict[str, Any]], None] | None = None) -> None:
        self._on_event = on_event
        self.pc = webrtc.RTCPeerConnection()
        self.loudspeaker = Loudspeaker()
        self.tracks: asyncio.Queue[Any] = asyncio.Queue(4)
        if records:
            self.pc.on("track", lambda event: self.tracks.put_nowait(event.track))
        self.microphone = Recordings()
        self.heard: list[dict[str, Any]] = []
        self.location = ""
        self.when: dict[str, float] = {}
        """When the last event of each type came, by the loop's time."""
        self._changed = asyncio.Event()
        self._read = 0
        self.channel: Any = None

    async def call(
        self,
        url: str,
        key: str,
        *,
        channel: bool = True,
        session: dict[str, Any] | None = None,
        by_json: bool = False,
    ) -> None:
        """Offer, and take the answer. ``by_json`` is the form that Pipecat and FastRTC take."""
        self.pc.add_track(self.microphone.track)
        if channel:
            self.channel = self.pc.create_data_channel("oai-events")
            self.channel.on("message", self._message)
        await self.pc.set_local_description(await self.pc.create_offer())
        described = self.pc.local_description
        assert described is not None
        sdp = described.sdp
        body: Any = {"data": sdp, "headers": {"content-type": "application/sdp"}}
        if session is not None:
            body = {"json": {"sdp": sdp, "session": session}, "headers": {}}
        if by_json:
            body = {"json": {"sdp": sdp, "type": "offer"}, "headers": {}}
        body["headers"]["authorization"] = f"Bearer {key}"
        async with ClientSession() as http, http.post(url, **body) as answer:
            if by_json:
                init = webrtc.RTCSessionDescriptionInit(type="answer", sdp=(await answer.json())["sdp"])
                await self.pc.set_remote_description(init)
                await until(lambda: self.pc.connection_state == "connected", "connected", PATIENCE)
                return
            assert answer.status == 201, await answer.text()
            assert answer.content_type == "application/sdp"
            self.location = answer.headers["location"]
            remote = webrtc.RTCSessionDescriptionInit(type="answer", sdp=await answer.text())
        await self.pc.set_remote_description(remote)
        await until(lambda: self.pc.connection_state == "connected", "connected", PATIENCE)

    @property
    def ssrcs(self) -> tuple[int, int]:
        """Of what is said here, and of what is heard."""
        described = (self.pc.local_description, self.pc.remote_description)
        found = [re.search(r"a=ssrc:(\d+)", each.sdp) for each in described if each is not None]
        ours, theirs = (int(each[1]) for each in found if each is not None)
        return ours, theirs

    async def until(self, kind: str) -> list[dict[str, Any]]:
        """All events up to the next of that type."""
        began = self._read
        async with asyncio.timeout(PATIENCE):
            while True:
                while self._read < len(self.heard):
                    self._read += 1
                    if self.heard[self._read - 1]["type"] == kind:
                        return self.heard[began : self._read]
                self._changed.clear()
                await self._changed.wait()

    def send(self, event: dict[str, Any]) -> None:
        self.channel.send(json.dumps(event))

    async def energy(self) -> float:
        """Of what was heard so far."""
        report = await self.pc.get_stats()
        return sum(
            getattr(each, "total_audio_energy", 0) or 0 for each in report.values() if each.type == "inbound-rtp"
        )

    def _message(self, event: Any) -> None:
        if self._on_event is not None:
            self._on_event(json.loads(event.data))
            return
        self.heard.append(json.loads(event.data))
        self.when[self.heard[-1]["type"]] = asyncio.get_running_loop().time()
        self._changed.set()


@asynccontextmanager
async def calling(url: str, key: str, *, records: bool = False, **how: Any) -> AsyncIterator[Caller]:
    caller = Caller(records=records)
    async with asyncio.TaskGroup() as group:
        running = [group.create_task(caller.microphone.run())]
        try:
            await caller.call(url, key, **how)
            if records:
                track = await asyncio.wait_for(caller.tracks.get(), PATIENCE)
                running.append(group.create_task(caller.loudspeaker.run(track)))
            yield caller
        finally:
            for task in running:
                task.cancel()
            caller.pc.close()
