"""What a peer says and what we say to it, tick by tick."""

from __future__ import annotations

import itertools
import math
import struct
from typing import Any

import pytest

from salon.base.errors import ClientError
from salon.media.audio import LOOK_AHEAD_MS, MAX_QUEUED_MS, AudioOut
from salon.media.opus import Decoder, Encoder
from salon.ports.media import AudioFrame, Wants
from salon.rtc import rtcp
from tests.fakes.house import House, Near

VOICE = Wants(voice=True)


def tone(milliseconds: int, rate: int = 24_000) -> bytes:
    count = rate * milliseconds // 1000
    return struct.pack(f"<{count}h", *(int(9000 * math.sin(2 * math.pi * 440 * n / rate)) for n in range(count)))


class Call:
    def __init__(self) -> None:
        self.house = House()
        self.near = Near(self.house, "sendrecv")
        self.peer = self.near.join(VOICE)
        self.near.taken()
        self.frames: list[AudioFrame] = []
        self._encoder = Encoder(16_000)
        self._sound = tone(20, 16_000)

    @property
    def out(self) -> AudioOut:
        return self.peer.audio_out

    def listen(self) -> Any:
        return self.peer.audio_in.listen(self.frames.append)

    def speak(self, sequence: int, payload: bytes | None = None) -> None:
        data = self._encoder.encode(self._sound) if payload is None else payload
        self.near.send_rtp(payload_type=111, sequence=sequence, timestamp=sequence * 960, ssrc=1111, payload=data)


async def test_each_20_ms_a_frame_comes_out_without_gaps() -> None:
    call = Call()
    stop = call.listen()
    for sequence in range(100):
        call.speak(sequence)
        call.house.pass_ms(20)
    assert 90 <= len(call.frames) <= 100
    assert {len(frame.samples) for frame in call.frames} == {640}
    assert not any(frame.concealed for frame in call.frames)
    assert all(later.at - earlier.at == 20 for earlier, later in itertools.pairwise(call.frames))
    stop()
    count = len(call.frames)
    call.speak(100)
    call.house.pass_ms(200)
    assert len(call.frames) == count


async def test_a_frame_is_handed_on_when_it_comes() -> None:
    call = Call()
    call.listen()
    for sequence in range(20):
        call.speak(sequence)
        assert len(call.frames) == sequence + 1
        call.house.pass_ms(20)
    assert {frame.age for frame in call.frames} == {LOOK_AHEAD_MS}


async def test_what_waits_for_another_is_older() -> None:
    call = Call()
    call.listen()
    for sequence in (*range(20), 21, 20, *range(22, 30)):
        call.speak(sequence)
        if sequence != 21:
            call.house.pass_ms(20)
    assert not any(frame.concealed for frame in call.frames)
    assert sorted({frame.age for frame in call.frames}) == [LOOK_AHEAD_MS, LOOK_AHEAD_MS + 20]


async def test_a_lost_packet_is_marked_and_the_time_goes_on() -> None:
    call = Call()
    call.listen()
    for sequence in range(60):
        if sequence != 30:
            call.speak(sequence)
        call.house.pass_ms(20)
    assert sum(frame.concealed for frame in call.frames) == 1
    stats = call.peer.stats().audio
    assert stats is not None
    assert stats.recovered + stats.concealed == 1


async def test_a_silent_sender_gives_silence_that_nobody_decodes() -> None:
    call = Call()
    call.listen()
    for sequence in range(20):
        call.speak(sequence)
        call.house.pass_ms(20)
    call.house.pass_ms(100)
    decoded = call.peer.audio_in.decoded
    call.house.pass_ms(1_000)
    assert call.peer.audio_in.decoded == decoded
    assert len(call.frames) >= 55
    assert call.frames[-1].samples == bytes(640)


async def test_what_a_stall_held_up_is_heard_and_nothing_is_made_up() -> None:
    call = Call()
    call.listen()
    for sequence in range(20):
        call.speak(sequence)
        call.house.pass_ms(20)
    call.house.pass_ms(240)
    assert len(call.frames) == 20
    for sequence in range(20, 32):
        call.speak(sequence)
    assert len(call.frames) == 32
    assert not any(frame.concealed or frame.samples == bytes(640) for frame in call.frames[1:])


async def test_a_silence_that_was_announced_is_heard_at_once() -> None:
    call = Call()
    call.listen()
    for sequence in range(20):
        call.speak(sequence)
        call.house.pass_ms(20)
    call.speak(20, b"\xf8")
    call.house.pass_ms(200)
    assert len(call.frames) >= 25
    assert call.frames[-1].samples == bytes(640)


async def test_without_a_listener_nothing_is_decoded() -> None:
    call = Call()
    for sequence in range(20):
        call.speak(sequence)
        call.house.pass_ms(20)
    assert call.peer.audio_in.decoded == 0
    assert call.peer.audio_in.frames > 10


async def test_bytes_that_are_no_opus_do_no_harm() -> None:
    call = Call()
    call.listen()
    for sequence in range(30):
        call.speak(sequence, bytes((255, 255, 1)) if sequence % 2 else None)
        call.house.pass_ms(20)
    assert call.peer.state == "connected"
    assert call.frames


async def test_what_is_written_goes_out_at_20_ms_a_packet() -> None:
    call = Call()
    call.out.write(tone(100))
    assert (call.out.queued_ms, call.out.played_ms) == (80, 20)
    for at in range(4):
        call.house.pass_ms(20)
        assert call.out.played_ms == 20 * (at + 2)
    packets = call.near.rtp()
    assert len(packets) == 5
    assert packets[0].marker
    assert not any(packet.marker for packet in packets[1:])
    assert [packet.timestamp - packets[0].timestamp for packet in packets] == [0, 960, 1920, 2880, 3840]
    assert [packet.sequence - packets[0].sequence for packet in packets] == [0, 1, 2, 3, 4]
    decoder = Decoder()
    assert all(len(decoder.decode(packet.data[packet.payload : packet.end])) == 640 for packet in packets)
    call.house.pass_ms(100)
    assert call.near.rtp() == []


async def test_the_first_packet_behind_a_silence_waits_for_no_tick() -> None:
    call = Call()
    call.house.pass_ms(100)
    for _ in range(10):
        call.out.write(tone(40))
        first = call.near.rtp()
        call.house.pass_ms(20)
        second = call.near.rtp()
        call.house.pass_ms(160)
        assert [len(first), len(second), len(call.near.rtp())] == [1, 1, 0]
        assert first[0].marker
        assert (second[0].timestamp - first[0].timestamp) & 0xFFFFFFFF == 960
    # What the timestamps were ahead is given back in each silence.
    call.out.write(tone(20))
    last = call.near.rtp()[0]
    assert (last.timestamp - first[0].timestamp) & 0xFFFFFFFF == 9 * 960


async def test_what_comes_while_we_speak_waits_its_turn() -> None:
    call = Call()
    call.out.write(tone(60))
    call.out.write(tone(60))
    assert len(call.near.rtp()) == 1
    call.house.pass_ms(100)
    assert len(call.near.rtp()) == 5


async def test_after_a_pause_the_timestamp_tells_it_and_the_marker_too() -> None:
    call = Call()
    call.out.write(tone(20))
    call.house.pass_ms(200)
    call.out.write(tone(20))
    call.house.pass_ms(20)
    first, second = call.near.rtp()
    assert second.sequence - first.sequence == 1
    assert (second.timestamp - first.timestamp) & 0xFFFFFFFF == 10 * 960
    assert second.marker


async def test_odd_pieces_are_put_together_and_the_last_is_filled_up() -> None:
    call = Call()
    sound = tone(50)
    for at in range(0, len(sound), 333):
        call.out.write(sound[at : at + 333])
    call.house.pass_ms(100)
    assert len(call.near.rtp()) == 3
    assert call.out.played_ms == 60


async def test_rates_may_change_and_unknown_ones_are_refused() -> None:
    call = Call()
    call.out.write(tone(20, 16_000), 16_000)
    call.out.write(tone(20, 48_000), 48_000)
    call.house.pass_ms(40)
    assert len(call.near.rtp()) == 2
    with pytest.raises(ClientError) as caught:
        call.out.write(bytes(10), 44_100)
    assert caught.value.code == "invalid_value"


async def test_what_is_taken_back_is_not_sent() -> None:
    call = Call()
    call.out.write(tone(1_000))
    call.house.pass_ms(200)
    assert call.out.withdraw() == 780
    assert (call.out.queued_ms, call.out.played_ms) == (0, 220)
    call.near.taken()
    call.house.pass_ms(60)
    assert call.near.rtp() == []


async def test_what_is_taken_back_can_be_written_again() -> None:
    call = Call()
    call.out.write(tone(100))
    call.house.pass_ms(20)
    assert call.out.withdraw() == 60  # two packets are sent, one is made
    assert (call.out.withdraw(), call.out.queued_ms) == (0, 0)
    call.out.write(bytes(960) + tone(40))
    call.house.pass_ms(200)
    packets = call.near.rtp()
    assert len(packets) == 5
    encoder = Encoder(24_000)
    sent = tone(40) + bytes(960) + tone(40)
    for at, packet in enumerate(packets):
        assert packet.data[packet.payload : packet.end] == encoder.encode(sent[960 * at : 960 * (at + 1)])
    assert {(later.timestamp - first.timestamp) & 0xFFFFFFFF for first, later in itertools.pairwise(packets)} == {960}
    assert call.out.played_ms == 100


async def test_ten_minutes_are_the_most() -> None:
    call = Call()
    minute = bytes(2 * 8_000 * 60)
    for _ in range(MAX_QUEUED_MS // 60_000):
        call.out.write(minute, 8_000)
    call.out.write(bytes(320), 8_000)  # the first packet has left
    with pytest.raises(ClientError) as caught:
        call.out.write(bytes(320), 8_000)
    assert caught.value.code == "audio_overflow"


async def test_silence_is_sent_once() -> None:
    call = Call()
    call.out.write(bytes(48_000))
    call.house.pass_ms(1_000)
    sent = call.near.rtp()
    assert len(sent) < 25
    assert call.out.played_ms == 1_000


async def test_loss_that_the_peer_reports_switches_forward_correction_on() -> None:
    call = Call()
    call.out.write(tone(3_000))
    call.house.pass_ms(100)
    block = rtcp.ReportBlock(call.out.ssrc, 40, 5, 0, 0, 0, 0)
    call.near.send_rtcp(rtcp.build(rtcp.ReceiverReport(9, (block,))))
    assert call.out._loss == 15
    assert call.out.report_block == block
    call.near.send_rtcp(rtcp.build(rtcp.ReceiverReport(9, (block._replace(fraction=0),))))
    assert call.out._loss == 11, "it is expected a while longer than it is seen"


async def test_a_report_is_at_the_present_timestamp() -> None:
    call = Call()
    now = call.house.clock.now()
    assert call.out.report(now) is None
    call.out.write(tone(20))
    call.house.pass_ms(20)
    packet = call.near.rtp()[0]
    report = call.out.report(call.house.clock.now() + 10)
    assert report is not None
    assert report.timestamp == packet.timestamp + 480
    assert (report.packets, report.octets) == (1, packet.end - packet.payload)


async def test_nothing_waits_any_more_when_the_peer_is_gone() -> None:
    call = Call()
    call.out.write(tone(1_000))
    out = call.out
    call.peer.close()
    assert out.queued_ms == 0
