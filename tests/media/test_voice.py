"""Talking with a peer: what it says as frames of 16 kHz, what we say as Opus, paced."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import pytest
import webrtc

from salon.base.errors import ClientError
from salon.media.engine import Engine
from salon.ports.media import AudioFrame, Wants
from tests.fakes.media_house import Microphone, Wrtc, eventually, running_engine, until

VOICE = Wants(voice=True)


def tone(seconds: float, rate: int = 24_000, hertz: int = 600) -> bytes:
    time = np.arange(int(seconds * rate)) / rate
    return (8000 * np.sin(2 * np.pi * hertz * time)).astype(np.int16).tobytes()


def loudest(samples: bytes, rate: int) -> int:
    """The frequency in Hz that is strongest."""
    values = np.frombuffer(samples, np.int16).astype(float)
    spectrum = np.abs(np.fft.rfft(values * np.hanning(len(values))))
    return int(np.argmax(spectrum) * rate / len(values))


@asynccontextmanager
async def call(engine: Engine, **options: Any) -> AsyncIterator[tuple[Wrtc, Any]]:
    client = Wrtc(**options)
    microphone = Microphone()
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(microphone.run())
        client.pc.add_track(microphone.track)
        peer = await client.join(engine, VOICE)
        await client.connected()
        try:
            yield client, peer
        finally:
            running.cancel()
            client.pc.close()


async def test_what_the_peer_says_comes_as_frames_of_20_ms() -> None:
    heard: list[AudioFrame] = []
    async with running_engine() as engine, call(engine) as (_, peer):
        peer.audio_in.listen(heard.append)
        await until(lambda: len(heard) >= 75)
        assert {len(frame.samples) for frame in heard} == {640}
        assert loudest(b"".join(frame.samples for frame in heard[-50:]), 16_000) in range(435, 446)
        gaps = [later.at - earlier.at for earlier, later in itertools.pairwise(heard)]
        assert sum(gaps) == pytest.approx(20 * len(gaps), rel=0.1)
        stats = peer.stats().audio
        assert stats.concealed + stats.recovered <= stats.decoded // 10


async def test_what_we_say_is_heard_and_counted() -> None:
    async with running_engine() as engine, call(engine) as (client, peer):
        peer.audio_out.write(tone(0.5))
        peer.audio_out.write(tone(0.25, 16_000), 16_000)
        assert peer.audio_out.queued_ms in range(720, 761)
        await until(lambda: not peer.audio_out.queued_ms)
        assert peer.audio_out.played_ms in range(740, 781)

        async def arrived() -> bool:
            stats = await client.stats("audio")
            return stats is not None and (stats.total_audio_energy or 0) > 0 and stats.packets_received >= 37

        await eventually(arrived)


async def test_what_is_taken_back_is_not_played() -> None:
    async with running_engine() as engine, call(engine) as (_, peer):
        peer.audio_out.write(tone(30))
        await until(lambda: peer.audio_out.played_ms >= 200)
        taken, played = peer.audio_out.withdraw(), peer.audio_out.played_ms
        assert taken + played == 30_000
        assert 200 <= played < 3_000
        assert (peer.audio_out.queued_ms, peer.audio_out.played_ms) == (0, played)
        with pytest.raises(ClientError) as caught:
            peer.audio_out.write(tone(1), 44_100)
        assert caught.value.code == "invalid_value"
        with pytest.raises(ClientError) as caught:
            peer.audio_out.write(bytes(48_000 * 11 * 60))
        assert caught.value.code == "audio_overflow"


async def test_silence_sends_nothing() -> None:
    async with running_engine() as engine, call(engine) as (_, peer):
        await until(lambda: peer.stats().audio.frames > 25)
        assert peer.stats().audio.sent == 0
        peer.audio_out.write(bytes(48_000))  # a second of zeros
        await until(lambda: not peer.audio_out.queued_ms)
        assert peer.audio_out.played_ms == 1_000
        # DTX: what libopus has to say of a second without sound.
        assert peer.stats().audio.sent < 25


async def test_a_peer_without_voice_has_neither() -> None:
    client = Wrtc()
    async with running_engine() as engine:
        client.pc.create_data_channel("only")
        peer = await client.join(engine, Wants(data=True))
        with pytest.raises(ClientError):
            _ = peer.audio_in
        with pytest.raises(ClientError):
            _ = peer.audio_out
        client.pc.close()


async def test_an_offer_without_opus_is_refused() -> None:
    client = Wrtc(lambda answer: answer)
    async with running_engine() as engine:
        client.pc.add_transceiver("audio", webrtc.RTCRtpTransceiverInit(direction="sendrecv"))
        with pytest.raises(ClientError) as caught:
            await client.join(engine, Wants(voice=True, audio=("pcmu",)))
        assert caught.value.code == "codec_mismatch"
        assert engine.peers == ()
        client.pc.close()
