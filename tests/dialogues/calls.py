"""A dialogue over real WebRTC: libwebrtc calls a whole Salon on a real port. Both live in this process, so that the
recogniser can know what is said."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import webrtc
from aiohttp import ClientSession

from salon.session.agent import Agent
from salon.sound.resample import Resampler
from tests.dialogues import sound
from tests.dialogues.judge import Verdict
from tests.dialogues.person import Person, Seen
from tests.dialogues.room import HEARD_RATE, Room
from tests.dialogues.script import Dialogue
from tests.dialogues.speech import AnnotatedAsr
from tests.dialogues.virtual import answering, voice_of
from tests.fakes.media_house import until
from tests.session.house import KEY, House, open_house

TRANSIT_MS = 40
"""How long sound takes from the microphone to the recogniser: libwebrtc's encoder, the network, and nothing in a buffer. Measured
against the same dialogues in virtual time: 16 ms at the median, 34 for three quarters, 72 at p95."""
LATE_MS = 1200
STEP = 480
"""Samples of 10 ms at 48 kHz, as libwebrtc wants them."""

webrtc.allow_loopback()


class Call:
    """A caller in a room; ``person`` is told what comes over the data channel."""

    def __init__(self, room: Room) -> None:
        self.seen: list[Seen] = []
        self.person: Person
        self._room = room
        self._pc: Any = webrtc.RTCPeerConnection()
        self._track: Any = webrtc.MediaStreamTrackGenerator("audio")
        self._pc.add_track(self._track)
        channel: Any = self._pc.create_data_channel("oai-events")
        self._channel = channel
        channel.on("message", lambda event: self._message(json.loads(event.data)))
        self._items: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self.ready = asyncio.Event()
        self.errors: list[dict[str, Any]] = []
        self.ways: list[int] = []

    async def call(self, url: str, tasks: asyncio.TaskGroup) -> None:
        self._pc.on("track", lambda event: tasks.create_task(self._listen(event.track)))
        await self._pc.set_local_description(await self._pc.create_offer())
        headers = {"authorization": f"Bearer {KEY}", "content-type": "application/sdp"}
        async with ClientSession() as http:
            while True:
                async with http.post(url, data=self._pc.local_description.sdp, headers=headers) as got:
                    text = await got.text()
                    if got.status == 201:
                        break
                    # The engine takes nobody whom this machine could not serve now.
                    assert got.status == 503, text
                    await asyncio.sleep(float(got.headers["retry-after"]))
        answer = webrtc.RTCSessionDescriptionInit(type="answer", sdp=text)
        tasks.create_task(self._talk())
        await self._pc.set_remote_description(answer)
        await until(lambda: self._pc.connection_state == "connected", "connected", 30)
        async with asyncio.timeout(30):
            await self.ready.wait()

    def close(self) -> None:
        self._pc.close()

    # A Line.

    def stop(self) -> None:
        self._send({"type": "output_audio_buffer.clear"})

    def ask(self, text: str) -> None:
        content = [{"type": "input_text", "text": text}]
        self._send(
            {"type": "conversation.item.create", "item": {"type": "message", "role": "user", "content": content}}
        )
        self._send({"type": "response.create"})

    async def text_of(self, item_id: str) -> str:
        self._items[item_id] = asyncio.get_running_loop().create_future()
        self._send({"type": "conversation.item.retrieve", "item_id": item_id})
        async with asyncio.timeout(30):
            item = await self._items[item_id]
        return "".join(part.get("transcript") or "" for part in item["content"])

    def _send(self, event: dict[str, Any]) -> None:
        self._channel.send(json.dumps(event))

    def _message(self, event: dict[str, Any]) -> None:
        match event["type"]:
            case "session.created":
                self.ready.set()
            case "error":
                self.errors.append(event["error"])
            case "conversation.item.retrieved":
                waiting = self._items.get(event["item"]["id"])
                if waiting is not None and not waiting.done():
                    waiting.set_result(event["item"])
            case "response.done" if parts := (event["response"].get("salon") or {}).get("waterfall"):
                self.ways.append(parts["uplink"])
            case kind:
                self.person.told(kind, event.get("item_id", ""))

    async def _talk(self) -> None:
        """The microphone, at the pace of the clock."""
        writer = self._track.writable.get_writer()
        loop, resampler = asyncio.get_running_loop(), Resampler(sound.RATE, 48_000)
        waiting, start, number = bytearray(), loop.time(), 0
        while True:
            if len(waiting) < 2 * STEP:
                waiting += resampler.push(self._room.microphone())
            piece = bytes(waiting[: 2 * STEP]).ljust(2 * STEP, b"\0")
            del waiting[: 2 * STEP]
            init = webrtc.AudioDataInit(
                format="s16",
                sample_rate=48_000,
                number_of_frames=STEP,
                number_of_channels=1,
                timestamp=number * 10_000,
                data=piece,
            )
            await writer.write(webrtc.AudioData(init))
            number += 1
            await asyncio.sleep(max(0, start + number / 100 - loop.time()))

    async def _listen(self, track: Any) -> None:
        """The loudspeaker: what libwebrtc plays, jitter buffer and concealment included. Where no other packet was played than
        before, it is concealment."""
        processor = webrtc.MediaStreamTrackProcessor(webrtc.MediaStreamTrackProcessorInit(track=track))
        reader: Any = processor.readable.get_reader()
        pieces: list[Any] = []
        packet = 0
        (receiver,) = self._pc.get_receivers()
        while not (part := await reader.read()).done:
            data = part.value
            samples = np.empty(data.number_of_frames * data.number_of_channels, np.int16)
            data.copy_to(samples, webrtc.AudioDataCopyToOptions(plane_index=0))
            by = round(data.sample_rate) * data.number_of_channels // HEARD_RATE
            data.close()
            pieces.append(samples[: samples.size // by * by].astype(np.float32).reshape(-1, by).mean(axis=1) / 32768)
            if len(pieces) == 2:
                played = max((source.rtp_timestamp for source in receiver.get_synchronization_sources()), default=0)
                self._room.loudspeaker(np.concatenate(pieces), sent=played != packet)
                packet = played
                pieces.clear()


class _Over(Exception):
    """The dialogue is over: its microphone and its loudspeaker are."""


async def converse(dialogue: Dialogue, house: House, room: Room, agent: Agent) -> Person:
    call = Call(room)
    person = call.person = Person(dialogue, room, call, agent.tts)  # type: ignore[arg-type]
    try:
        async with asyncio.TaskGroup() as tasks:
            await call.call(f"{house.http}/v1/realtime/calls?model={agent.name}&salon=1", tasks)
            await person.talk()
            raise _Over
    except* _Over:
        pass
    finally:
        call.close()
    assert call.errors == []
    return person


@asynccontextmanager
async def housed(dialogues: Iterable[Dialogue]) -> AsyncIterator[tuple[House, list[tuple[Dialogue, Room, Agent]]]]:
    """A Salon with an agent for each dialogue: it answers at once, and its recogniser knows that dialogue's room."""
    loop = asyncio.get_running_loop()
    made = []
    for dialogue in dialogues:
        room = Room(dialogue, lambda: loop.time() * 1000)
        tts = voice_of(dialogue, room)
        asr = AnnotatedAsr(dialogue.style, room, tts, transit=TRANSIT_MS, late=LATE_MS)
        made.append((dialogue, room, Agent(name=dialogue.name, llm=answering(dialogue), asr=asr, tts=tts)))
    async with open_house(*(agent for _, _, agent in made)) as house:
        yield house, made


async def replay(dialogues: Iterable[Dialogue], at_once: int = 8, apart: float = 0.6) -> Verdict:
    """Several at a time, each begun ``apart`` seconds after the one before."""
    verdict, free = Verdict(), asyncio.Semaphore(at_once)

    async def one(number: int, house: House, dialogue: Dialogue, room: Room, agent: Agent) -> None:
        await asyncio.sleep(min(number, at_once) * apart)
        async with free:
            verdict.add(await converse(dialogue, house, room, agent))

    async with housed(dialogues) as (house, made), asyncio.TaskGroup() as tasks:
        for number, (dialogue, room, agent) in enumerate(made):
            tasks.create_task(one(number, house, dialogue, room, agent))
    return verdict
