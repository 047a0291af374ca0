"""Data channels between two associations joined by function calls: aiortc's SCTP on both sides, ours around one."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

import pytest
from aiortc.rtcsctptransport import RTCSctpCapabilities, RTCSctpTransport
from hypothesis import given, settings
from hypothesis import strategies as st

from salon.base.errors import ClientError
from salon.media.sctp import LOW_WATER, MAX_BUFFERED, MAX_UNHEARD, Association, Channel, _Lower, _run
from salon.ports.media import MAX_MESSAGE


class Pair:
    """``raw`` is the peer: aiortc as it is."""

    def __init__(self, largest: int = MAX_MESSAGE) -> None:
        self.to_peer: deque[bytes] = deque()
        self.to_us: deque[bytes] = deque()
        self.opened: list[Channel] = []
        self.sizes: list[int] = []
        self.ours = Association(self._to_peer, self.opened.append, 5000, largest)
        lower = _Lower(lambda data: bool(self.to_us.append(data)) or True)
        lower._role = "client"
        self.raw: Any = RTCSctpTransport(lower, 5000)  # type: ignore[arg-type]
        self.ours.start()
        self.ours.start()
        _run(self.raw.start(RTCSctpCapabilities(maxMessageSize=MAX_MESSAGE), 5000))
        self.pump()

    def _to_peer(self, data: bytes) -> bool:
        self.to_peer.append(data)
        self.sizes.append(len(data))
        return True

    def pump(self) -> None:
        while self.to_peer or self.to_us:
            while self.to_us:
                assert self.ours.receive(self.to_us.popleft())
            while self.to_peer:
                _run(self.raw._handle_data(self.to_peer.popleft()))

    async def settle(self) -> None:
        """aiortc sends what was queued from a task of its own."""
        for _ in range(10):
            await asyncio.sleep(0)
            self.pump()

    def open_by_peer(self, label: str = "chat") -> Any:
        from aiortc.rtcdatachannel import RTCDataChannel, RTCDataChannelParameters

        return RTCDataChannel(self.raw, RTCDataChannelParameters(label=label, protocol="p"))

    def close(self) -> None:
        self.ours.close()
        _run(self.raw.stop())


async def test_a_channel_of_the_peers_is_told_and_carries_both_ways() -> None:
    pair = Pair()
    theirs = pair.open_by_peer()
    heard: list[Any] = []
    theirs.on("message", heard.append)
    await pair.settle()
    (channel,) = pair.opened
    assert (channel.label, channel.protocol, channel.open) == ("chat", "p", True)
    got: list[Any] = []
    channel.listen(got.append)
    theirs.send("hello")
    theirs.send(b"\x00\x01")
    assert channel.send("and you")
    assert channel.send(b"\x02")
    await pair.settle()
    assert got == ["hello", b"\x00\x01"]
    assert heard == ["and you", b"\x02"]
    pair.close()


async def test_a_channel_of_ours_may_be_sent_to_at_once() -> None:
    pair = Pair()
    theirs: list[Any] = []
    heard: list[Any] = []
    pair.raw.on("datachannel", lambda channel: (theirs.append(channel), channel.on("message", heard.append)))
    channel = pair.ours.open("events", ordered=True, protocol="")
    assert not channel.open
    assert channel.send("early")
    assert channel.buffered == 5
    await pair.settle()
    assert channel.open
    assert theirs[0].label == "events"
    assert heard == ["early"]
    pair.close()


async def test_the_largest_message_passes_in_small_packets_and_a_larger_one_is_refused() -> None:
    pair = Pair()
    heard: list[Any] = []
    theirs = pair.open_by_peer()
    theirs.on("message", heard.append)
    await pair.settle()
    channel = pair.opened[0]
    assert channel.send(bytes(MAX_MESSAGE))
    for _ in range(400):
        await pair.settle()
        if heard:
            break
    assert [len(message) for message in heard] == [MAX_MESSAGE]
    assert max(pair.sizes) <= 1_100 + 28
    with pytest.raises(ClientError) as caught:
        channel.send(bytes(MAX_MESSAGE + 1))
    assert caught.value.code == "message_too_large"
    pair.close()


async def test_the_peers_own_limit_holds() -> None:
    pair = Pair(largest=1_000)
    pair.open_by_peer()
    await pair.settle()
    with pytest.raises(ClientError):
        pair.opened[0].send("ä" * 501)
    pair.close()


async def test_what_waits_is_bounded_and_its_end_can_be_waited_for() -> None:
    pair = Pair()
    pair.open_by_peer()
    await pair.settle()
    channel = pair.opened[0]
    while channel.send(bytes(200_000)):
        pass
    assert MAX_BUFFERED - 200_000 <= channel.buffered <= MAX_BUFFERED
    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(channel.drained())
        while not waiting.done():
            await pair.settle()
    assert channel.buffered <= LOW_WATER
    pair.close()


async def test_the_first_listener_gets_what_came_before() -> None:
    pair = Pair()
    theirs = pair.open_by_peer()
    await pair.settle()
    theirs.send("one")
    theirs.send("two")
    await pair.settle()
    got: list[Any] = []
    stop = pair.opened[0].listen(got.append)
    stop()
    stop()
    assert got == ["one", "two"]
    pair.close()


async def test_a_channel_that_nobody_hears_is_closed_when_it_holds_too_much() -> None:
    pair = Pair()
    theirs = pair.open_by_peer()
    await pair.settle()
    for number in range(MAX_UNHEARD + 2):
        theirs.send(str(number))
    await pair.settle()
    await pair.settle()
    assert not pair.opened[0].open
    assert theirs.readyState == "closed"
    pair.close()


async def test_the_end_is_told_once() -> None:
    pair = Pair()
    pair.open_by_peer()
    await pair.settle()
    channel, ends = pair.opened[0], list[bool]()
    channel.listen(print, lambda: ends.append(True))
    pair.close()
    channel.close()
    await channel.drained()
    assert ends == [True]
    assert not channel.send("late")
    channel.listen(print, lambda: ends.append(True))
    assert ends == [True, True], "who listens too late learns it at once"


@given(st.lists(st.binary(max_size=200), max_size=5))
@settings(max_examples=50)
def test_no_bytes_raise(packets: list[bytes]) -> None:
    async def feed() -> None:
        association = Association(lambda _: True, lambda _: None, 5000, MAX_MESSAGE)
        association.start()
        for packet in packets:
            association.receive(packet)
        association.close()

    asyncio.run(feed())


def test_a_coroutine_that_waits_is_a_mistake() -> None:
    async def waits() -> None:
        await asyncio.sleep(1)

    with pytest.raises(RuntimeError):
        _run(waits())
