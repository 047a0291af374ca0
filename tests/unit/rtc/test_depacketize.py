"""Packets of FFmpeg's, and such as only other senders make, back into frames."""

from __future__ import annotations

import base64
import itertools
from collections.abc import Sequence

import pytest

from salon.rtc import rtp
from salon.rtc.depacketize import MAX_WAITING_AUDIO, Depacketizer, Frame, nal_units
from salon.rtc.rtp import Packet
from tests.fakes.ffmpeg_rtp import encoded, packets

COUNT = 25
SENT = {codec: list(packets(codec, COUNT)) for codec in ("vp8", "vp9", "h264", "av1", "opus")}


def pushed(depacketizer: Depacketizer, packets: Sequence[Packet]) -> list[Frame]:
    return [frame for packet in packets for frame in depacketizer.push(packet)]


def flat(codec: str) -> list[Packet]:
    return [packet for group in SENT[codec] for packet in group]


def packet(payload: bytes, sequence: int, *, timestamp: int = 0, marker: bool = False) -> Packet:
    data = rtp.build(payload_type=96, sequence=sequence, timestamp=timestamp, ssrc=1, payload=payload, marker=marker)
    found = rtp.parse(data)
    assert found is not None
    return found


def as_the_encoder_made_it(codec: str, frame: bytes) -> bytes:
    if codec == "h264":  # from start codes to lengths
        units = [unit for unit in frame.replace(b"\0\0\0\1", b"\0\0\1").split(b"\0\0\1") if unit]
        return b"".join(len(unit).to_bytes(4, "big") + unit for unit in units)
    # Temporal delimiters are not sent.
    return frame.removeprefix(b"\x12\x00") if codec == "av1" else frame


@pytest.mark.parametrize("codec", list(SENT))
def test_frames_come_back_as_the_encoder_made_them(codec: str) -> None:
    made = [as_the_encoder_made_it(codec, data) for data, _ in encoded(codec, COUNT)]
    frames = pushed(Depacketizer(codec), flat(codec))
    assert len(frames) == len(made) >= COUNT
    assert frames[0].data == made[0]
    if codec != "av1":  # its encoder decides by time as well
        assert [frame.data for frame in frames] == made
    steps = {later.timestamp - frame.timestamp for frame, later in itertools.pairwise(frames[1:])}
    assert all(abs(step - (960 if codec == "opus" else 9000)) <= 90 for step in steps)


@pytest.mark.parametrize("codec", list(SENT))
def test_the_order_of_arrival_does_not_matter(codec: str) -> None:
    sent = flat(codec)
    swapped = [each for first in range(1, len(sent), 3) for each in reversed(sent[first : first + 3])]
    straight = pushed(Depacketizer(codec), sent)
    assert pushed(Depacketizer(codec), [sent[0], *swapped]) == straight
    twice = [each for one in sent for each in (one, one)]
    assert pushed(Depacketizer(codec), twice) == straight


@pytest.mark.parametrize("codec", ["vp8", "vp9", "h264", "av1"])
def test_after_a_loss_video_waits_for_a_key_frame(codec: str) -> None:
    groups = SENT[codec]
    sent = [each for index, group in enumerate(groups) for each in (group[1:] if index == 4 else group)]
    depacketizer = Depacketizer(codec)
    frames = pushed(depacketizer, sent) + depacketizer.flush()
    numbers = [round((frame.timestamp - frames[0].timestamp) / 9000) for frame in frames]
    assert numbers == [0, 1, 2, 3, *range(10, COUNT)]
    assert depacketizer.lost == 1
    assert not depacketizer.needs_key


def test_after_a_loss_audio_goes_on() -> None:
    sent = flat("opus")
    depacketizer = Depacketizer("opus")
    frames = pushed(depacketizer, [*sent[:5], *sent[6:]]) + depacketizer.flush()
    assert len(frames) == len(sent) - 1
    assert depacketizer.lost == 1


def test_a_lost_packet_of_audio_is_waited_for_a_second_at_most() -> None:
    depacketizer = Depacketizer("opus")
    assert pushed(depacketizer, [packet(b"a", 1)])
    late = [packet(b"a", number) for number in range(3, 3 + MAX_WAITING_AUDIO)]
    assert pushed(depacketizer, late) == []
    assert len(depacketizer.push(packet(b"a", 3 + MAX_WAITING_AUDIO))) == MAX_WAITING_AUDIO + 1


def test_numbers_begin_anew_at_65536_and_after_a_jump() -> None:
    depacketizer = Depacketizer("opus")
    assert len(pushed(depacketizer, [packet(b"a", number & 0xFFFF) for number in (65534, 65535, 65536, 65537)])) == 4
    assert len(depacketizer.push(packet(b"b", 30_000))) == 1
    assert depacketizer.push(packet(b"b", 29_999)) == []


def test_a_video_that_begins_in_the_middle_waits_for_its_key_frame() -> None:
    depacketizer = Depacketizer("vp8")
    assert depacketizer.needs_key
    frames = pushed(depacketizer, [each for group in SENT["vp8"][3:] for each in group])
    assert frames[0].key
    assert len(frames) == COUNT - 10


def test_a_frame_without_a_marker_ends_where_the_next_begins() -> None:
    bare = [each._replace(marker=False) for each in flat("vp8")]
    assert len(pushed(Depacketizer("vp8"), bare)) == COUNT - 1


def test_probes_of_padding_are_no_frames() -> None:
    depacketizer = Depacketizer("opus")
    probe = packet(b"\0\0\0\3", 8)._replace(end=12)
    assert len(pushed(depacketizer, [packet(b"a", 7), probe, packet(b"a", 9)])) == 2


def test_parameter_sets_of_the_offer_go_before_the_first_picture() -> None:
    sps, pps, idr = b"\x67\x42\xc0\x1e\xab", b"\x68\xce\x3c\x80", b"\x65\x88\x84"
    sets = ",".join(base64.b64encode(each).decode() for each in (sps, pps))
    frame = Depacketizer("h264", {"sprop-parameter-sets": sets}).push(packet(idr, 1, marker=True))
    assert [nal_units(each.data) for each in frame] == [[sps, pps, idr]]
    assert Depacketizer("h264", {"sprop-parameter-sets": "!!,AA=="}).push(packet(idr, 1, marker=True)) == []


def test_aggregated_and_fragmented_units() -> None:
    sps, pps, idr = b"\x67\x42\xc0\x1e\xab", b"\x68\xce\x3c\x80", b"\x65" + bytes(range(20))
    together = b"\x78" + b"".join(len(each).to_bytes(2, "big") + each for each in (sps, pps))
    fragments = [b"\x7c\x85" + idr[1:8], b"\x7c\x05" + idr[8:14], b"\x7c\x45" + idr[14:]]
    sent = [packet(together, 1), *(packet(each, 2 + at, marker=at == 2) for at, each in enumerate(fragments))]
    (frame,) = pushed(Depacketizer("h264"), sent)
    assert frame.key
    assert nal_units(frame.data) == [sps, pps, idr]
    for broken in (b"\x78\x00\x09\x67", b"\x7c", b"\x7c\x05abc", b"\x7d\x00"):
        again = Depacketizer("h264")
        assert pushed(again, [packet(together, 1), packet(broken, 2, marker=True)]) == []
        assert again.needs_key


def test_layers_of_vp9_become_a_superframe() -> None:
    # RFC 9628 section 4.2: L, B and E set; the layer's number in three bits.
    low, high = b"\x82low", b"\x86high!"
    sent = [packet(b"\x2c\x00\x00" + low, 1), packet(b"\x6c\x03\x00" + high, 2, marker=True)]
    (frame,) = pushed(Depacketizer("vp9"), sent)
    assert frame.key
    # Annex B: the index has the sizes between two equal bytes.
    assert frame.data == low + high + bytes((0xC1, len(low), len(high), 0xC1))


@pytest.mark.parametrize(
    ("codec", "payload"),
    [
        ("vp8", b"\x10"),
        ("vp9", b"\x88"),
        ("vp9", b"\x1a"),
        ("av1", b"\x08\xff\xff\xff\xff\xff\xff"),
        ("av1", b"\x98\x0a"),
    ],
)
def test_what_is_not_of_the_format_gives_no_frame(codec: str, payload: bytes) -> None:
    depacketizer = Depacketizer(codec)
    assert depacketizer.push(packet(payload, 1, marker=True)) == []
    assert depacketizer.needs_key


def test_a_frame_without_end_is_given_up() -> None:
    depacketizer = Depacketizer("vp8")
    first = flat("vp8")[0]
    body = first.data[first.payload : first.end]
    huge = bytes(60_000)
    frames = pushed(depacketizer, [packet(body, 0), *(packet(b"\x00" + huge, number) for number in range(1, 200))])
    assert frames == []
    assert depacketizer._size < 16 * 1024 * 1024
    assert depacketizer.needs_key
