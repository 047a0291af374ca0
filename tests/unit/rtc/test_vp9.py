"""The VP9 payload descriptor."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salon.rtc import vp9
from salon.rtc.counters import Descriptor


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (b"\x08\x82", Descriptor(1, True, 0, 0, 0, 0, 0)),
        (b"\x00\x82", Descriptor(1, False, 0, 0, 0, 0, 0)),
        (b"\x88\x55\x82", Descriptor(2, True, 1, 7, 0x55, 0, 0)),
        (b"\x88\x81\x02\x82", Descriptor(3, True, 1, 15, 0x102, 0, 0)),
        # Outside flexible mode TL0PICIDX follows the layer indices; in it, references do.
        (b"\xa8\x81\x02\x20\x33\x82", Descriptor(5, True, 1, 15, 0x102, 4, 0x33)),
        (b"\x28\x20\x33\x82", Descriptor(3, True, 0, 0, 0, 2, 0x33)),
        (b"\xf8\x81\x02\x20\x03\x05\x02\x82", Descriptor(7, True, 1, 15, 0x102, 0, 0)),
        (b"\xf8\x81\x02\x20\x03\x05\x07\x82", Descriptor(7, True, 1, 15, 0x102, 0, 0)),
        (b"\xe8\x81\x02\x20\x33\x82", Descriptor(5, True, 1, 15, 0x102, 4, 0x33)),
        # The structure: two spatial layers with their sizes, a group of two pictures with references.
        (b"\x8a\x05\x38\1\2\1\2\3\4\3\4\x02\x04\x01\x28\x01\x02\x82", Descriptor(17, True, 1, 7, 5, 0, 0)),
    ],
)
def test_descriptors(payload: bytes, expected: Descriptor) -> None:
    assert vp9.parse(payload) == expected
    for end in range(expected.size + 1):
        assert vp9.parse(payload[:end]) is None


@given(payload=st.binary(max_size=24))
def test_any_bytes_are_a_descriptor_within_the_payload_or_none(payload: bytes) -> None:
    found = vp9.parse(payload)
    if found is not None:
        assert 0 < found.size < len(payload)
        assert max(found.picture_at, found.tl0_at) < found.size


def test_a_key_picture_starts_at_its_lowest_layer() -> None:
    assert vp9.is_key(b"\xa8\x05\x00\x01\x82")
    assert not vp9.is_key(b"\xa8\x05\x02\x01\x82")
    assert not vp9.is_key(b"\xe8\x05\x00\x01\x82")
    assert not vp9.is_key(b"\xa0\x05\x00\x01\x82")
