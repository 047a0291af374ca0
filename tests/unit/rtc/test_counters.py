"""Picture ids and TL0PICIDX go on over any switches, in all the forms that VP8 and VP9 write them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salon.rtc import counters, vp8, vp9
from salon.rtc.counters import NONE, Shift
from salon.rtc.forward import Forwarder
from salon.rtc.rtp import Packet
from tests.unit.rtc.test_forward import forwarder, packet, sent

Make = Callable[[int, int, bool], bytes]
"""Picture id, TL0PICIDX, key: a payload."""


def vp8_payload(bits: int) -> Make:
    def make(picture: int, tl0: int, key: bool) -> bytes:
        number = bytes((0x80 | picture >> 8, picture & 255)) if bits == 15 else bytes((picture & 127,))
        return bytes((0x90, 0xE0)) + number + bytes((tl0, 0x20, 0 if key else 1)) + b"frame"

    return make


def vp9_payload(bits: int, flexible: bool) -> Make:
    def make(picture: int, tl0: int, key: bool) -> bytes:
        first = 0xA8 | (0 if key else 0x40) | (0x10 if flexible else 0)
        number = bytes((0x80 | picture >> 8, picture & 255)) if bits == 15 else bytes((picture & 127,))
        tail = (b"" if key else b"\x03\x04") if flexible else bytes((tl0,))
        return bytes((first,)) + number + b"\x00" + tail + b"frame"

    return make


FORMS: dict[str, list[tuple[Make, int, bool]]] = {
    "vp8": [(vp8_payload(15), 15, True), (vp8_payload(7), 7, True)],
    "vp9": [(vp9_payload(bits, flexible), bits, not flexible) for bits in (7, 15) for flexible in (False, True)],
}
PARSE = {"vp8": vp8.parse, "vp9": vp9.parse}


class Encoder:
    """One layer or publisher: pictures of one or more packets, in a form of its own."""

    def __init__(self, number: int, form: tuple[Make, int, bool], picture: int, tl0: int, sequence: int) -> None:
        self.number = number
        self.make, self.bits, self.has_tl0 = form
        self.picture, self.tl0, self.sequence = picture, tl0, sequence
        self.begun = False

    def pictures(self, base: bool) -> tuple[Packet, bool]:
        key, self.begun = not self.begun, True
        self.picture = (self.picture + 1) % (1 << self.bits)
        if base or key:
            self.tl0 = (self.tl0 + 1) % 256
        self.sequence = (self.sequence + 1) % 65536
        return packet(self.sequence, 0, self.make(self.picture, self.tl0, key), ssrc=self.number), key


@st.composite
def runs(draw: st.DrawFn) -> tuple[str, list[tuple[Encoder, list[bool]]]]:
    codec = draw(st.sampled_from(sorted(FORMS)))
    made = []
    for number in range(draw(st.integers(1, 6))):
        form = draw(st.sampled_from(FORMS[codec]))
        bits = form[1]
        picture = draw(st.one_of(st.integers(0, (1 << bits) - 1), st.integers((1 << bits) - 4, (1 << bits) - 1)))
        encoder = Encoder(number, form, picture, draw(st.integers(0, 255)), draw(st.integers(0, 65535)))
        made.append((encoder, draw(st.lists(st.booleans(), min_size=1, max_size=8))))
    return codec, made


@given(case=runs())
def test_a_viewer_counts_every_picture_once(case: tuple[str, list[tuple[Encoder, list[bool]]]]) -> None:
    codec, made = case
    parse, viewer = PARSE[codec], forwarder(codec=codec)
    before: counters.Descriptor | None = None
    seen: list[tuple[int, Packet, bytes]] = []
    for encoder, pictures in made:
        viewer.switch(encoder.number)
        for index, base in enumerate(pictures):
            original, key = encoder.pictures(base)
            out = sent(viewer.forward(encoder.number, original, key, 0))
            payload = out.data[out.payload : out.end]
            now = parse(payload)
            assert now is not None
            if before is not None:
                # Between forms of different length, as much as the shorter one can say.
                bits = min(before.picture_bits, now.picture_bits)
                assert (now.picture - before.picture) % (1 << bits) == 1
                if before.tl0_at and now.tl0_at:
                    assert (now.tl0 - before.tl0) % 256 == (1 if base or index == 0 else 0)
            # All else is as it was sent: differences between pictures, layers, the frame.
            blank = bytearray(payload), bytearray(original.data[original.payload : original.end])
            for data in blank:
                for at, width in ((now.picture_at, now.picture_bits // 7), (now.tl0_at, 1 if now.tl0_at else 0)):
                    data[at : at + width] = bytes(width)
            assert blank[0] == blank[1]
            seen.append((out.sequence, original, payload))
            before = now
    _asked_again(viewer, seen)


def _asked_again(viewer: Forwarder, seen: list[tuple[int, Packet, bytes]]) -> None:
    """A repeat carries what the first copy carried."""
    for sequence, original, payload in seen:
        traced = viewer.trace(sequence)
        assert traced is not None
        assert viewer.payload(traced[0], original) == payload


def test_both_counters_wrap() -> None:
    make = vp9_payload(15, flexible=False)
    shift = counters.continued(vp9.parse, make(0x7FFF, 255, False), NONE, make(5, 7, True))
    data = bytearray(b"head" + make(5, 7, True))
    counters.apply(vp9.parse, data, 4, shift)
    assert data == b"head" + make(0, 0, True)
    after = counters.continued(vp9.parse, make(5, 7, True), shift, make(256, 9, True))
    data = bytearray(make(256, 9, True))
    counters.apply(vp9.parse, data, 0, after)
    assert data == make(1, 1, True)


def test_a_short_form_that_wrapped_is_continued_from_what_was_sent() -> None:
    short, long = vp8_payload(7), vp8_payload(15)
    first = counters.continued(vp8.parse, short(127, 0, False), NONE, short(100, 0, True))
    assert (100 + first.picture) % 128 == 0
    then = counters.continued(vp8.parse, short(100, 0, False), first, long(3000, 0, True))
    assert (3000 + then.picture) % 32768 == 1


@pytest.mark.parametrize("parse", [vp8.parse, vp9.parse])
@pytest.mark.parametrize("payload", [b"", b"\x90", b"\x90\x80", b"\xa0\x81", b"\xa0\x01\x02"])
def test_what_ends_too_soon_is_left_alone(parse: counters.Parse, payload: bytes) -> None:
    data = bytearray(payload)
    counters.apply(parse, data, 0, Shift(1, 1))
    assert data == payload


def test_sources_without_counters_are_left_alone() -> None:
    assert counters.continued(vp8.parse, b"\x10\x00", Shift(3, 3), vp8_payload(15)(5, 7, True)) == NONE
    assert counters.continued(vp9.parse, b"", Shift(3, 3), b"\x08\x00") == NONE
