"""Repeats: found, written as RTX or as they were, and bounded."""

from __future__ import annotations

import heapq
import random

import pytest

from salon.rtc import rtp
from salon.rtc.forward import Forwarder
from salon.rtc.outgoing import Writer
from salon.rtc.receive import Receiver
from salon.rtc.retransmit import BURST, MAX_AGE_MS, MAX_PACKETS, MAX_PADDING, History, Resender, Rtx, original


def packet(sequence: int, payload: bytes = b"data", timestamp: int = 0, marker: bool = False) -> rtp.Packet:
    data = rtp.build(
        payload_type=96, sequence=sequence & 0xFFFF, timestamp=timestamp, ssrc=7, payload=payload, marker=marker
    )
    found = rtp.parse(data)
    assert found is not None
    return found


RTX = Rtx(ssrc=100, payload_type=97, sequence=65_535)


class Viewer:
    def __init__(self, rtx: Rtx | None = RTX) -> None:
        writer = Writer(mid_id=1, mid=b"v")
        self.forwarder = Forwarder(ssrc=99, payload_type=96, clock_rate=90_000, writer=writer, first_sequence=500)
        self.resender = Resender(self.forwarder, rtx)
        self.histories = {1: History(), 2: History()}
        self.forwarder.switch(1)
        self.sent: dict[int, bytearray] = {}

    def feed(self, sequence: int, now: int, payload: bytes = b"data", source: int = 1, marker: bool = False) -> None:
        made = packet(sequence, payload, 10 * sequence, marker)
        self.histories[source].keep(made, now)
        out = self.forwarder.forward(source, made, True, now)
        if out is not None:
            self.sent[int.from_bytes(out[2:4], "big")] = out

    def answer(self, *lost: int, now: int, rtt: int = 100) -> list[rtp.Packet]:
        found = [rtp.parse(bytes(data)) for data in self.resender.answer(lost, self.histories, now, rtt)]
        assert None not in found
        return [item for item in found if item is not None]


def test_history_keeps_the_newest_for_a_while() -> None:
    history = History(4)
    for sequence in range(65_533, 65_539):
        history.keep(packet(sequence), 0)
    assert history.find(65_534, 0) is None
    assert [history.find(sequence, 0) is not None for sequence in (65_535, 0, 1, 2)] == [True] * 4
    assert history.find(2, MAX_AGE_MS) is not None
    assert history.find(2, MAX_AGE_MS + 1) is None
    history.clear()
    assert history.find(2, 0) is None
    with pytest.raises(ValueError, match="power of two"):
        History(100)


def test_a_repeat_is_rtx_with_the_original_number_in_front() -> None:
    viewer = Viewer()
    for sequence in range(10, 20):
        viewer.feed(sequence, 0, b"payload %d" % sequence, marker=sequence == 13)
    first, second = viewer.answer(503, 504, now=50)
    assert (first.ssrc, first.payload_type, first.sequence, first.marker) == (100, 97, 65_535, True)
    assert second.sequence == 0 and not second.marker
    assert first.data[first.payload : first.end] == (503).to_bytes(2, "big") + b"payload 13"
    assert first.timestamp == rtp.HEADER.unpack_from(viewer.sent[503])[3]
    assert first.extensions == {1: b"v"}
    assert viewer.resender.packets == 2


def test_without_rtx_a_packet_goes_out_as_it_was() -> None:
    viewer = Viewer(rtx=None)
    viewer.feed(10, 0)
    viewer.feed(11, 0, b"second")
    answers = viewer.resender.answer([501], viewer.histories, 50)
    assert answers == [viewer.sent[501]]
    assert viewer.resender.pad(1_000, viewer.histories, 60) == []


def test_a_hole_is_filled_when_the_packet_came_after_all() -> None:
    viewer = Viewer()
    viewer.feed(10, 0)
    viewer.feed(12, 0)
    assert viewer.answer(501, now=5) == []
    viewer.histories[1].keep(packet(11, b"late"), 10)
    (found,) = viewer.answer(501, now=15)
    assert found.data[found.payload + 2 : found.end] == b"late"


def test_repeats_reach_behind_a_switch() -> None:
    viewer = Viewer()
    viewer.feed(10, 0, b"old")
    viewer.forwarder.switch(2)
    viewer.feed(900, 0, b"new", source=2)
    old, new = viewer.answer(500, 501, now=10)
    assert old.data[old.payload + 2 : old.end] == b"old"
    assert new.data[new.payload + 2 : new.end] == b"new"
    del viewer.histories[1]
    assert viewer.answer(500, now=500) == []


def test_what_is_under_way_is_not_sent_again() -> None:
    viewer = Viewer()
    viewer.feed(10, 0)
    assert len(viewer.answer(500, 500, now=10, rtt=80)) == 1
    assert viewer.answer(500, now=89, rtt=80) == []
    assert len(viewer.answer(500, now=90, rtt=80)) == 1
    assert viewer.answer(499, 502, now=200) == []


def test_a_viewer_that_asks_for_everything_gets_its_share() -> None:
    viewer = Viewer()
    for sequence in range(400):
        viewer.feed(sequence, 0)
    answered = sum(len(viewer.answer(*range(500, 900), now=now, rtt=0)) for now in range(100, 1_100, 100))
    assert answered == BURST
    assert viewer.resender.refused > 0
    for sequence in range(400, 500):
        viewer.feed(sequence, 1_200)
    assert len(viewer.answer(*range(900, 1_000), now=1_300)) == 50


def test_padding_is_repeats_or_else_zeros() -> None:
    viewer = Viewer()
    for sequence in range(3):
        viewer.feed(sequence, 0, b"x" * 400)
    padded = viewer.resender.pad(2_000, viewer.histories, 10)
    assert 2_000 <= sum(map(len, padded)) < 2_500
    found = [rtp.parse(bytes(data)) for data in padded]
    assert [item.sequence for item in found if item is not None] == [(65_535 + i) & 0xFFFF for i in range(len(found))]
    assert {item.ssrc for item in found if item is not None} == {100}
    payloads = [item.data[item.payload : item.end] for item in found if item is not None]
    assert payloads[:3] == [number.to_bytes(2, "big") + b"x" * 400 for number in (502, 501, 500)]
    assert set(payloads[3:]) == {b""}
    assert viewer.resender.pad(0, viewer.histories, 10) == []
    assert len(viewer.resender.pad(10**9, viewer.histories, 10)) == MAX_PADDING


def test_a_publishers_rtx_is_the_packet_that_it_repeats() -> None:
    repeated = packet(5, (65_535).to_bytes(2, "big") + b"lost")
    found = original(repeated, 42, 98)
    assert found is not None
    assert (found.ssrc, found.payload_type, found.sequence) == (42, 98, 65_535)
    assert found.data[found.payload : found.end] == b"lost"
    assert original(packet(5, b"\0\1"), 42, 98) is None
    assert original(packet(5, b""), 42, 98) is None


def test_memory_of_repeats_is_bounded() -> None:
    viewer = Viewer()
    for sequence in range(4_000):
        viewer.feed(sequence, sequence)
        viewer.answer(500 + sequence - 1, now=sequence)
    assert len(viewer.resender._again) <= 512
    assert MAX_PACKETS == 512


@pytest.mark.parametrize("loss", [0.05, 0.1])
def test_two_networks_that_lose_are_repaired_on_the_way(loss: float) -> None:
    """Publisher, house, viewer: 30 ms and so much loss on each way of both networks, repeats included."""
    chance = random.Random(5)
    viewer, late = Viewer(), 30
    house, player = Receiver(7, 90_000), Receiver(99, 90_000)
    sent: dict[int, rtp.Packet] = {}
    network: list[tuple[int, int, str, object]] = []
    frames = 3_000

    def send(now: int, what: str, item: object) -> None:
        if chance.random() >= loss:
            heapq.heappush(network, (now + late, len(network) + chance.randrange(10**9), what, item))

    for now in range(0, 5 * frames + 3_000, 5):
        if now < 5 * frames:
            number = now // 5
            sent[number & 0xFFFF] = packet(number, b"%d" % number, now * 90)
            send(now, "in", sent[number & 0xFFFF])
        while network and network[0][0] <= now:
            _, _, what, item = heapq.heappop(network)
            if what == "in":
                assert isinstance(item, rtp.Packet)
                if house.receive(item.sequence, item.timestamp, 1, now):
                    viewer.histories[1].keep(item, now)
                    out = viewer.forwarder.forward(1, item, True, now)
                    if out is not None:
                        send(now, "out", out)
            elif what == "out":
                assert isinstance(item, bytearray)
                arrived = rtp.parse(bytes(item))
                assert arrived is not None
                if arrived.ssrc == 100:
                    arrived = original(arrived, 99, 96)
                    assert arrived is not None
                player.receive(arrived.sequence, arrived.timestamp, 1, now)
            elif what == "to publisher":
                assert isinstance(item, list)
                for lost in item:
                    send(now, "in", sent[lost])
            else:
                assert isinstance(item, list)
                for data in viewer.resender.answer(item, viewer.histories, now, 60):
                    send(now, "out", data)
        if now % 20 == 0:
            if asked := house.nack(now, 60):
                send(now, "to publisher", asked)
            if asked := player.nack(now, 60):
                send(now, "to house", asked)
    assert player.expected >= frames - 5
    assert player.packets >= 0.999 * player.expected
    assert viewer.resender.packets < 4 * loss * frames
