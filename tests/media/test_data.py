"""Data channels with libwebrtc and aiortc."""

from __future__ import annotations

import asyncio
from typing import Any

import aiortc
import pytest

from salon.base.errors import ClientError
from salon.media.engine import Engine
from salon.ports.media import ChannelOpened, Wants
from salon.rtc import sdp
from tests.fakes.media_house import Wrtc, running_engine, until

DATA = Wants(data=True)


async def opened(client: Wrtc, engine: Engine) -> tuple[Any, Any, Any]:
    """The client's channel ``chat``, the engine's end of it, and the peer."""
    theirs = client.pc.create_data_channel("chat")
    ours: list[Any] = []
    peer = await client.join(
        engine, DATA, lambda event: ours.append(event.channel) if isinstance(event, ChannelOpened) else None
    )
    await until(lambda: ours and theirs.ready_state == "open", "the channel")
    return theirs, ours[0], peer


async def test_texts_and_bytes_go_both_ways() -> None:
    client = Wrtc()
    async with running_engine() as engine:
        theirs, ours, peer = await opened(client, engine)
        assert (ours.label, ours.protocol, ours.open) == ("chat", "", True)
        got: list[Any] = []
        theirs.on("message", lambda event: got.append(event.data))
        theirs.send("before anybody listens")
        heard: list[str | bytes] = []
        await until(lambda: ours._unheard)
        ours.listen(heard.append)
        theirs.send("你好")
        theirs.send(b"\x00\x01")
        assert ours.send("hello")
        assert ours.send(b"\xff\x00")
        assert ours.send("")
        await until(lambda: len(heard) == 3 and len(got) == 3)
        assert heard == ["before anybody listens", "你好", b"\x00\x01"]
        assert [each if isinstance(each, str) else bytes(each) for each in got] == ["hello", b"\xff\x00", ""]
        client.pc.close()
        assert await peer.closed() == "left"
        assert not ours.open
        assert not ours.send("too late")


async def test_the_largest_message_passes_and_a_larger_one_does_not() -> None:
    client = Wrtc()
    async with running_engine() as engine:
        theirs, ours, _ = await opened(client, engine)
        got: list[Any] = []
        heard: list[Any] = []
        theirs.on("message", lambda event: got.append(event.data))
        ours.listen(heard.append)
        ours.send("x" * 262_144)
        theirs.send("y" * 200_000)
        with pytest.raises(ClientError) as caught:
            ours.send("x" * 262_145)
        assert caught.value.code == "message_too_large"
        await until(lambda: got and heard, seconds=30)
        assert len(got[0]) == 262_144
        assert len(heard[0]) == 200_000
        client.pc.close()


async def test_a_slow_reader_holds_the_writer_back() -> None:
    client = Wrtc()
    async with running_engine() as engine:
        theirs, ours, _ = await opened(client, engine)
        got = 0

        def count(event: Any) -> None:
            nonlocal got
            got += len(event.data)

        theirs.on("message", count)
        sent = 0
        while ours.send(bytes(65_536)):
            sent += 65_536
        assert ours.buffered <= 4 << 20
        assert sent >= 3 << 20
        async with asyncio.timeout(30):
            await ours.drained()
        assert ours.buffered <= 256 << 10
        await until(lambda: got == sent, seconds=30)
        client.pc.close()


async def test_we_can_open_a_channel_and_send_at_once() -> None:
    client = Wrtc()
    async with running_engine() as engine:
        _, _, peer = await opened(client, engine)
        channel = peer.open_channel("oai-events", protocol="json")
        assert channel.send("first")
        await until(lambda: client.channels)
        theirs = client.channels[0]
        got: list[Any] = []
        theirs.on("message", lambda event: got.append(event.data))
        channel.send("second")
        await until(lambda: "second" in got)
        assert (theirs.label, theirs.protocol) == ("oai-events", "json")
        closed: list[bool] = []
        channel.listen(lambda _: None, lambda: closed.append(True))
        theirs.close()
        await until(lambda: closed)
        client.pc.close()


async def test_what_nobody_listens_to_is_bounded() -> None:
    client = Wrtc()
    async with running_engine() as engine:
        theirs, ours, _ = await opened(client, engine)
        for number in range(100):
            theirs.send(str(number))
        await until(lambda: not ours.open)
        client.pc.close()


async def test_aiortc_talks_too() -> None:
    pc = aiortc.RTCPeerConnection()
    theirs = pc.createDataChannel("chat")
    got: list[Any] = []
    theirs.on("message", got.append)
    async with running_engine() as engine:
        await pc.setLocalDescription(await pc.createOffer())
        accepted = await engine.accept(sdp.parse(pc.localDescription.sdp), DATA)
        ours: list[Any] = []
        accepted.peer.listen(lambda event: ours.append(event.channel) if isinstance(event, ChannelOpened) else None)
        await pc.setRemoteDescription(aiortc.RTCSessionDescription(accepted.answer, "answer"))
        await until(lambda: ours and theirs.readyState == "open")
        heard: list[Any] = []
        ours[0].listen(heard.append)
        theirs.send("hello")
        ours[0].send("world")
        await until(lambda: heard == ["hello"] and got == ["world"])
        await pc.close()
        assert await accepted.peer.closed() == "left"


async def test_without_data_there_is_no_channel() -> None:
    client = Wrtc()
    async with running_engine() as engine:
        client.pc.create_data_channel("chat")
        client.pc.add_transceiver("audio")
        peer = await client.join(engine, Wants(voice=True))
        assert "m=application 0 " in client.accepted.answer
        with pytest.raises(ClientError) as caught:
            peer.open_channel("x")
        assert caught.value.code == "no_data_channels"
        client.pc.close()
