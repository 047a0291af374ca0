"""A viewer's copy: one stream without seams, whatever the sources do."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salon.rtc import rtp
from salon.rtc.forward import MAX_STRETCHES, Forwarder
from salon.rtc.outgoing import Writer

RATE = 90_000


def packet(
    sequence: int, timestamp: int = 0, payload: bytes = b"data", marker: bool = False, ssrc: int = 7
) -> rtp.Packet:
    data = rtp.build(
        payload_type=96,
        sequence=sequence,
        timestamp=timestamp,
        ssrc=ssrc,
        payload=payload,
        marker=marker,
        extensions=[(4, b"publisher's own")],
    )
    found = rtp.parse(data)
    assert found is not None
    return found


def forwarder(sequence: int = 1_000, timestamp: int = 5_000, codec: str = "h264") -> Forwarder:
    return Forwarder(
        ssrc=99,
        payload_type=102,
        clock_rate=RATE,
        writer=Writer(),
        codec=codec,
        first_sequence=sequence,
        first_timestamp=timestamp,
    )


def sent(data: bytearray | None) -> rtp.Packet:
    assert data is not None
    found = rtp.parse(bytes(data))
    assert found is not None
    return found


def test_a_packet_becomes_the_viewers() -> None:
    viewer = forwarder()
    viewer.switch(1)
    out = sent(viewer.forward(1, packet(65_535, 10, b"one", marker=True), True, 0))
    assert (out.ssrc, out.payload_type, out.sequence, out.timestamp, out.marker) == (99, 102, 1_000, 5_000, True)
    assert out.extensions == {}
    assert out.data[out.payload : out.end] == b"one"
    out = sent(viewer.forward(1, packet(0, 3_010, b"two"), False, 33))
    assert (out.sequence, out.timestamp, out.marker) == (1_001, 8_000, False)
    assert (viewer.packets, viewer.octets) == (2, 6)


def test_padding_behind_a_payload_is_left_out() -> None:
    viewer = forwarder()
    viewer.switch(1)
    padded = rtp.HEADER.pack(0xA0, 96, 5, 6, 7) + b"data\0\0\3"
    found = rtp.parse(padded)
    assert found is not None
    out = sent(viewer.forward(1, found, True, 0))
    assert bytes(out.data[12:]) == b"data"


def test_nothing_before_a_key_frame() -> None:
    viewer = forwarder()
    assert viewer.forward(1, packet(1), True, 0) is None
    viewer.switch(1)
    assert viewer.waiting_for == 1
    assert viewer.forward(1, packet(2), False, 0) is None
    assert viewer.forward(2, packet(2), True, 0) is None
    assert sent(viewer.forward(1, packet(3), True, 0)).sequence == 1_000
    assert viewer.waiting_for is None
    assert viewer.source == 1


def test_a_switch_waits_for_the_key_frame_and_then_the_old_source_is_silent() -> None:
    viewer = forwarder()
    viewer.switch(1)
    viewer.forward(1, packet(10, 0), True, 0)
    viewer.switch(2)
    assert viewer.forward(2, packet(500, 90_000), False, 20) is None
    assert sent(viewer.forward(1, packet(11, 3_000), False, 33)).sequence == 1_001
    out = sent(viewer.forward(2, packet(501, 91_000), True, 66))
    assert out.sequence == 1_002
    assert out.timestamp == 5_000 + 3_000 + 33 * 90
    assert viewer.forward(1, packet(12, 6_000), True, 70) is None
    assert viewer.forward(2, packet(500, 90_000), False, 71) is None, "before the key frame"
    assert sent(viewer.forward(2, packet(502, 94_000), False, 99)).timestamp == out.timestamp + 3_000


def test_what_is_late_of_an_earlier_time_with_the_same_source_is_dropped() -> None:
    viewer = forwarder()
    viewer.switch(1)
    viewer.forward(1, packet(10), True, 0)
    viewer.forward(1, packet(12), False, 0)
    viewer.switch(2)
    viewer.forward(2, packet(5), True, 10)
    viewer.switch(1)
    assert sent(viewer.forward(1, packet(40), True, 20)).sequence == 1_004
    assert viewer.forward(1, packet(11), False, 21) is None


def test_a_switch_back_withdraws_the_wish() -> None:
    viewer = forwarder()
    viewer.switch(1)
    viewer.forward(1, packet(10), True, 0)
    viewer.switch(2)
    viewer.switch(1)
    assert viewer.waiting_for is None
    assert viewer.forward(2, packet(10), True, 0) is None
    assert viewer.forward(1, packet(11), False, 0) is not None


def test_a_switch_at_once_stops_what_is_too_much() -> None:
    viewer = forwarder()
    viewer.switch(1)
    viewer.forward(1, packet(10), True, 0)
    viewer.switch(2, at_once=True)
    assert viewer.forward(1, packet(11), True, 1) is None
    assert sent(viewer.forward(2, packet(11), True, 2)).sequence == 1_001


def test_a_pause_leaves_no_hole_and_the_clock_goes_on() -> None:
    viewer = forwarder()
    viewer.switch(1)
    viewer.forward(1, packet(10, 0), True, 0)
    viewer.pause()
    assert viewer.forward(1, packet(11, 3_000), True, 33) is None
    viewer.switch(1)
    out = sent(viewer.forward(1, packet(400, 900_000), True, 10_000))
    assert (out.sequence, out.timestamp) == (1_001, 5_000 + 900_000)


def test_sender_reports_align_a_switch_and_the_clock_guards_them() -> None:
    viewer = forwarder()
    viewer.switch(1)
    viewer.forward(1, packet(10, 0), True, 0)
    viewer.switch(2, offset=(-500_000) % 2**32)
    assert sent(viewer.forward(2, packet(70, 500_000 + 2_500), True, 40)).timestamp == 5_000 + 2_500
    viewer.switch(3, offset=123_456_789)
    assert sent(viewer.forward(3, packet(70, 7), True, 80)).timestamp == 5_000 + 2_500 + 40 * 90


def test_a_frame_that_was_captured_before_is_still_shown_after() -> None:
    viewer = forwarder()
    viewer.switch(1)
    viewer.forward(1, packet(10, 90_000), True, 0)
    viewer.switch(2, offset=0)
    assert sent(viewer.forward(2, packet(70, 89_000), True, 5)).timestamp == 5_001


def test_losses_stay_holes_until_they_are_filled() -> None:
    viewer = forwarder()
    viewer.switch(1)
    viewer.forward(1, packet(10), True, 0)
    assert sent(viewer.forward(1, packet(13), False, 0)).sequence == 1_003
    assert sent(viewer.forward(1, packet(11), False, 0)).sequence == 1_001
    traced = viewer.trace(1_002)
    assert traced is not None and traced[0].source == 1 and traced[1:] == (12, 1_002)
    assert viewer.trace(1_004) is None
    assert viewer.trace(999) is None


def test_padding_is_hidden_and_comes_too_late_to_be_a_packet() -> None:
    viewer = forwarder()
    viewer.switch(1)
    viewer.forward(1, packet(10), True, 0)
    assert viewer.forward(1, packet(11, payload=b""), False, 0) is None
    assert viewer.forward(1, packet(12, payload=b""), False, 0) is None
    assert sent(viewer.forward(1, packet(14), False, 0)).sequence == 1_002
    assert viewer.forward(1, packet(12, payload=b""), False, 0) is None, "its number is another's"
    assert sent(viewer.forward(1, packet(13), False, 0)).sequence == 1_001
    # Padding that was missing keeps its place: the viewer may be waiting for it.
    assert sent(viewer.forward(1, packet(16), False, 0)).sequence == 1_004
    late = sent(viewer.forward(1, packet(15, payload=b""), False, 0))
    assert late.sequence == 1_003 and late.payload == late.end


def test_much_padding_is_remembered_in_bounds() -> None:
    viewer = forwarder()
    viewer.switch(1)
    for sequence in range(1_000):
        out = viewer.forward(1, packet(sequence, payload=b"" if sequence % 2 else b"x"), True, 0)
        assert (out is None) == bool(sequence % 2)
    assert viewer.highest == 1_000 + 499
    assert len(viewer._stretches) == MAX_STRETCHES
    assert viewer.trace(1_490) is not None
    assert viewer.trace(1_002) is None
    assert viewer.forward(1, packet(1), True, 0) is None


def test_a_source_that_counts_anew_is_believed_at_the_second_packet() -> None:
    viewer = forwarder()
    viewer.switch(1)
    viewer.forward(1, packet(10, 0), True, 0)
    assert viewer.forward(1, packet(40_000, 77), False, 10) is None
    out = sent(viewer.forward(1, packet(40_001, 77), False, 10))
    assert (out.sequence, out.timestamp) == (1_001, 5_000 + 900)
    assert sent(viewer.forward(1, packet(40_002, 77), False, 10)).sequence == 1_002
    assert viewer.forward(1, packet(11, 3_000), False, 20) is None
    traced = viewer.trace(1_001)
    assert traced is not None and traced[1] == 40_001


def test_a_packet_is_written_again_as_it_was() -> None:
    viewer = forwarder()
    viewer.switch(1)
    first = packet(10, 44, b"again", marker=True)
    out = viewer.forward(1, first, True, 0)
    viewer.switch(2)
    viewer.forward(2, packet(3), True, 0)
    traced = viewer.trace(1_000)
    assert traced is not None
    assert viewer.again(traced[0], first, 1_000, 5) == out


def test_reports_speak_of_the_viewers_stream() -> None:
    viewer = forwarder()
    assert viewer.report((1, 2)) is None
    viewer.switch(1)
    viewer.forward(1, packet(10, 4_000), True, 0)
    report = viewer.report((2**63, 4_900))
    assert report is not None
    assert (report.ssrc, report.ntp, report.timestamp, report.packets, report.octets) == (99, 2**63, 5_900, 1, 4)
    viewer.pause()
    assert viewer.report((1, 2)) is None


def vp8(picture: int, tl0: int, key: bool) -> bytes:
    return bytes((0x90, 0xE0, 0x80 | picture >> 8, picture & 255, tl0, 0x20, 0 if key else 1)) + b"frame"


def test_vp8_counters_go_on_across_a_switch() -> None:
    viewer = forwarder(codec="vp8")
    viewer.switch(1)
    first = sent(viewer.forward(1, packet(10, 0, vp8(0x7FFF, 255, True)), True, 0))
    assert first.data[12:] == vp8(0x7FFF, 255, True)
    viewer.switch(2)
    original = packet(90, 0, vp8(77, 9, True))
    second = sent(viewer.forward(2, original, True, 33))
    assert second.data[12:] == vp8(0, 0, True)
    third = sent(viewer.forward(2, packet(91, 0, vp8(78, 10, False)), False, 33))
    assert third.data[12:] == vp8(1, 1, False)
    traced = viewer.trace(1_001)
    assert traced is not None
    assert viewer.payload(traced[0], original) == vp8(0, 0, True)
    viewer.switch(1)
    assert sent(viewer.forward(1, packet(50, 0, vp8(5, 5, True)), True, 66)).data[12:] == vp8(2, 2, True)


class Source:
    """A publisher's stream: 3 packets a frame, some padding, a network that loses and reorders."""

    def __init__(self, chance: random.Random, number: int) -> None:
        self.chance, self.number = chance, number
        self.sequence, self.timestamp = chance.randrange(2**16), chance.randrange(2**32)
        self.held: list[tuple[int, rtp.Packet, bool]] = []
        self.index = 0
        self.lost: set[int] = set()
        self.padding: set[int] = set()

    def produce(self, tick: int, loss: float, reorder: float) -> list[tuple[rtp.Packet, bool]]:
        start = self.index % 3 == 0
        if start:
            self.timestamp = (self.timestamp + 3_000) % 2**32
        padding = not start and self.chance.random() < 0.1
        key = start and self.chance.random() < 0.2
        made = packet(self.sequence, self.timestamp, b"" if padding else b"x", ssrc=self.number)
        if padding:
            self.padding.add(self.sequence)
        if self.chance.random() < loss:
            self.lost.add(self.sequence)
        else:
            delay = self.chance.randrange(1, 8) if self.chance.random() < reorder else 0
            self.held.append((tick + delay, made, key))
        self.sequence = (self.sequence + 1) % 2**16
        self.index += 1
        due = [(made, key) for at, made, key in self.held if at <= tick]
        self.held = [item for item in self.held if item[0] > tick]
        return due


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32), st.floats(0, 0.3), st.floats(0, 0.3), st.floats(0, 0.05))
def test_the_viewer_sees_one_stream(seed: int, loss: float, reorder: float, restless: float) -> None:
    chance = random.Random(seed)
    viewer = forwarder(chance.randrange(2**16), chance.randrange(2**32))
    sources = {number: Source(chance, number) for number in (1, 2, 3)}
    viewer.switch(1)
    seen: dict[int, tuple[int, rtp.Packet]] = {}
    runs: dict[int, int] = {}
    refused: dict[int, set[int]] = {1: set(), 2: set(), 3: set()}
    order: list[int] = []  # the source of each packet that was newer than all before
    unwrap = rtp.Unwrapper(16)
    newest: int | None = None
    newest_timestamp = 0
    for tick in range(600):
        if chance.random() < restless:
            wanted = chance.choice([1, 2, 3, None])
            if wanted is None:
                viewer.pause()
            else:
                viewer.switch(wanted, at_once=chance.random() < 0.3)
        for number, source in sources.items():
            for made, key in source.produce(tick, loss, reorder):
                before = viewer.source
                data = viewer.forward(number, made, key, tick * 11)
                if data is None:
                    if before != number or made.payload < made.end:
                        refused[number].add(made.sequence)
                    continue
                assert viewer.source == number, "only the present source is forwarded"
                out = sent(data)
                sequence = unwrap(out.sequence)
                assert sequence not in seen, "no number twice"
                seen[sequence] = (number, made)
                runs[sequence] = viewer._run
                traced = viewer.trace(out.sequence)
                assert traced is not None and (traced[0].source, traced[1]) == (number, made.sequence)
                if newest is None or sequence > newest:
                    if newest is not None and before != number:
                        between = [viewer.trace(hole % 2**16) for hole in range(newest + 1, sequence)]
                        assert all(hole and hole[0].source == order[-1] for hole in between), "a switch leaves no hole"
                        assert 0 < (out.timestamp - newest_timestamp) % 2**32 < 2**31
                    newest, newest_timestamp = sequence, out.timestamp
                    order.append(number)
                else:
                    assert order[-1] == number, "nothing late of a source that was left"
    if newest is None:
        return
    for sequence in range(min(seen), newest + 1):
        if sequence in seen:
            continue
        traced = viewer.trace(sequence % 2**16)
        if traced is None:
            continue  # beyond what is remembered
        source = sources[traced[0].source]
        held = {made.sequence for _, made, _ in source.held}
        # What overtook the first packet of its key frame came too early, and what came after a switch too late. A NACK brings
        # both from the source's history.
        missing = source.lost | held | refused[traced[0].source]
        # Or else it was the late start of a key frame that a switch back to the same source took.
        missing |= {
            made.sequence
            for at, (number, made) in seen.items()
            if number == traced[0].source and runs[at] != traced[0].run
        }
        assert traced[1] in missing, "a hole is a packet that is missing"
    for earlier, later in zip(sorted(seen), sorted(seen)[1:], strict=False):
        if seen[earlier][0] == seen[later][0] and later == earlier + 1:
            step = (seen[later][1].sequence - seen[earlier][1].sequence) % 2**16
            assert 1 <= step < 2**15, "in the source's order"


@pytest.mark.parametrize("source", [2, 1])
def test_long_after_numbers_have_wrapped(source: int) -> None:
    viewer = forwarder()
    viewer.switch(1)
    for sequence in range(70_000):
        viewer.forward(1, packet(sequence & 0xFFFF), True, 0)
    traced = viewer.trace((1_000 + 69_990) & 0xFFFF)
    assert traced is not None and traced[1] == 69_990 & 0xFFFF
    viewer.pause()
    viewer.switch(source)
    assert sent(viewer.forward(source, packet(5), True, 0)).sequence == (1_000 + 70_000) & 0xFFFF
