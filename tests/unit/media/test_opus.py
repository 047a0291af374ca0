"""libopus through our own call: encode, decode, recover, conceal, be silent."""

from __future__ import annotations

import itertools
import math
import struct
import wave
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salon.base.errors import ConfigError
from salon.media import opus
from salon.media.opus import DECODED_SAMPLES, Decoder, Encoder

DATA = Path(__file__).parents[2] / "data" / "voice"


def tone(rate: int, frame: int) -> bytes:
    count = rate // 50
    return struct.pack(
        f"<{count}h", *(int(9000 * math.sin(2 * math.pi * 440 * (frame * count + n) / rate)) for n in range(count))
    )


def loudness(samples: bytes) -> float:
    values = struct.unpack(f"<{len(samples) // 2}h", samples)
    return math.sqrt(sum(value * value for value in values) / len(values))


@pytest.mark.parametrize("rate", sorted(opus.RATES))
def test_what_goes_in_at_any_rate_comes_out_at_16_khz(rate: int) -> None:
    encoder, decoder = Encoder(rate), Decoder()
    out = b"".join(decoder.decode(encoder.encode(tone(rate, frame))) for frame in range(25))
    assert len(out) == 25 * 2 * DECODED_SAMPLES
    # The sound of a second, less its attack: 440 Hz crosses zero 880 times a second.
    values = struct.unpack("<4000h", out[-8000:])
    crossings = sum((a < 0) != (b < 0) for a, b in itertools.pairwise(values))
    assert crossings in range(210, 231)
    assert loudness(out[-8000:]) == pytest.approx(9000 / math.sqrt(2), rel=0.25)


@pytest.mark.parametrize("name", ["what-can-you-do.wav", "ni-neng-zuo-shenme.wav"])
def test_what_the_coder_adds_is_fifty_times_weaker_than_a_voice(name: str) -> None:
    with wave.open(str(DATA / name)) as file:
        spoken = file.readframes(file.getnframes())
    encoder, decoder = Encoder(16_000), Decoder()
    frames = [spoken[at : at + 640] for at in range(0, len(spoken) - 639, 640)]
    heard = np.frombuffer(b"".join(decoder.decode(encoder.encode(frame)) for frame in frames), "<i2").astype(float)
    said = np.frombuffer(spoken, "<i2")[: heard.size].astype(float)
    noise = min(np.square(said[: said.size - late] - heard[late:]).mean() for late in range(90, 120))
    assert np.square(said).mean() / noise > 50


def test_silence_is_told_in_a_byte_or_two() -> None:
    encoder = Encoder(24_000)
    sizes = [len(encoder.encode(bytes(960))) for _ in range(50)]
    assert min(sizes) <= 2


def test_the_coder_with_correction_is_taken_as_soon_as_there_is_loss() -> None:
    """RFC 6716 section 3.1: configurations below 16 are SILK's and the hybrid's, which can carry a frame again."""
    encoder = Encoder(24_000)
    calm = encoder.encode(tone(24_000, 0))
    encoder.expect_loss(2)
    lossy = [encoder.encode(tone(24_000, frame)) for frame in range(1, 20)][-1]
    encoder.expect_loss(0)
    again = [encoder.encode(tone(24_000, frame)) for frame in range(20, 40)][-1]
    assert [packet[0] >> 3 >= 16 for packet in (calm, lossy, again)] == [True, False, True]


def test_a_lost_frame_is_recovered_from_the_one_behind_it() -> None:
    encoder, decoder = Encoder(16_000), Decoder()
    encoder.expect_loss(5)
    packets = [encoder.encode(tone(16_000, frame)) for frame in range(30)]
    for packet in packets[:20]:
        decoder.decode(packet)
    recovered = decoder.recover(packets[21])
    assert len(recovered) == 2 * DECODED_SAMPLES
    assert loudness(recovered) > 2000
    assert len(decoder.decode(packets[21])) == 2 * DECODED_SAMPLES


def test_what_cannot_be_recovered_is_made_up() -> None:
    encoder, decoder = Encoder(16_000), Decoder()
    for frame in range(10):
        decoder.decode(encoder.encode(tone(16_000, frame)))
    first = loudness(decoder.conceal())
    assert first > 1000
    assert loudness([decoder.conceal() for _ in range(100)][-1]) < first / 3, "it fades"


@pytest.mark.parametrize("loss", [0, 10])
def test_a_packet_that_is_undone_was_never_made(loss: int) -> None:
    one, other = Encoder(24_000), Encoder(24_000)
    for encoder in (one, other):
        encoder.expect_loss(loss)
    for frame in range(10):
        one.encode(tone(24_000, frame)[::-1])
        one.undo()
        assert one.encode(tone(24_000, frame)) == other.encode(tone(24_000, frame))


def test_what_is_undone_forgets_no_loss_that_was_told_since() -> None:
    encoder = Encoder(24_000)
    encoder.encode(tone(24_000, 0))
    encoder.expect_loss(10)
    encoder.undo()
    assert [encoder.encode(tone(24_000, frame)) for frame in range(20)][-1][0] >> 3 < 16


@given(st.binary(max_size=400))
def test_no_bytes_break_the_decoder(packet: bytes) -> None:
    decoder = Decoder()
    assert len(decoder.decode(packet)) % 2 == 0
    assert len(decoder.recover(packet)) in (0, 2 * DECODED_SAMPLES)
    assert len(decoder.decode(Encoder(16_000).encode(bytes(640)))) == 2 * DECODED_SAMPLES


def test_without_libopus_one_sentence_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opus, "_lib", None)
    with pytest.raises(ConfigError) as caught:
        opus.require()
    assert caught.value.code == "no_opus"
