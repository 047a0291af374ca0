"""What is heard in a dialogue, made from its text by espeak-ng and arithmetic: the same samples each time."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salon.providers.offline import espeak
from salon.sound.resample import Resampler
from tests.dialogues.script import Dialogue, Part, Step

RATE = 16_000
FRAME = RATE // 50
SPEECH = 10 ** (-26 / 20)
"""Root mean square of a voice while it sounds, of full scale."""
Samples = NDArray[Any]


@dataclass(frozen=True)
class Said:
    """A word as a recogniser writes it, what stands behind it included; when it is spoken, ms."""

    text: str
    start: int
    end: int
    breath: int = 0


@dataclass(frozen=True)
class Sound:
    """``onset`` and ``end`` are the true ones, of the first and the last sound in it; ms from its first sample."""

    samples: Samples
    onset: int
    end: int
    words: tuple[Said, ...] = ()


def begin() -> None:
    """espeak-ng's voices breathe by chance, and its melody goes on from text to text: after this call they are the same each
    time, in a process that has not spoken before."""
    library, _ = espeak._library()
    library.espeak_ng_SetRandSeed(ctypes.c_long(1))


def ms(samples: int) -> int:
    return round(samples * 1000 / RATE)


def of(step: Step, dialogue: Dialogue) -> Sound:
    """Of all but echoes, which are made of what our voice says."""
    level = SPEECH
    seed = sum(map(ord, dialogue.name + step.kind))
    match step.kind:
        case "cough":
            burst, tail, voice, count, gain = step.sound
            return _heard(cough(burst, tail, voice, count, seed), level * _factor(gain))
        case "noise":
            kind, length, gain = step.sound
            return _heard(noise(kind, length, seed), level * _factor(gain))
        case "nod":
            # Nobody nods as slowly or as loudly as they talk.
            return speech(step.parts, dialogue.voice, dialogue.speed * 1.3, dialogue.pitch, level * _factor(-3))
    return speech(step.parts, dialogue.voice, dialogue.speed, dialogue.pitch, level)


def speech(parts: tuple[Part, ...], voice: str, speed: float, pitch: float, level: float = SPEECH) -> Sound:
    """``pitch`` moves the formants too: another throat."""
    pieces: list[Samples] = []
    words: list[Said] = []
    at = 0
    for breath, part in enumerate(parts):
        pcm, rate, spoken = espeak.speak(part.spoken, voice, speed / pitch)
        samples = _resampled(pcm, round(rate * pitch))
        first, last = _span(samples)
        samples = samples[first:last]
        pieces += [np.zeros(part.pause * RATE // 1000, np.float32), samples * (level / _loudness(samples))]
        at += part.pause
        if part.spoken != part.understood:
            words.append(Said(part.understood, at, at + ms(samples.size), breath))
        else:
            places = [*(word.at for word in spoken[1:]), len(part.spoken)]
            for word, until in zip(spoken, places, strict=True):
                begins, ends = (
                    at + min(max(round(moment / pitch) - ms(first), 0), ms(samples.size))
                    for moment in (word.start, word.end)
                )
                words.append(Said(part.spoken[word.at : until], begins, ends, breath))
        at += ms(samples.size)
    return Sound(np.concatenate(pieces), 0, at, tuple(words))


def cough(burst: int, tail: int, voice: int, count: int, seed: int) -> Samples:
    """Air that breaks out, a rough vowel behind it, and again."""
    random = np.random.default_rng(seed)
    one = _shaped(_band(random, burst, 400, 5000), 4, 0.3)
    rough = _band(random, tail, 300, 2500)
    if voice:
        time = np.arange(rough.size) / RATE
        phase = 2 * np.pi * np.cumsum(voice * (1 - 0.4 * time / time[-1]) / RATE)
        throat = np.sign(np.sin(phase)) * 0.5 + np.sin(2 * phase) * 0.3
        rough = rough + _filtered(throat.astype(np.float32), 250, 2800) * 2
    both = np.concatenate([one, _shaped(rough, 8, 0.25) * 0.6])
    gap = np.zeros(random.integers(90, 160) * RATE // 1000, np.float32)
    return np.concatenate([piece for _ in range(count) for piece in (both, gap)])[: -gap.size]


def noise(kind: str, length: int, seed: int) -> Samples:
    random = np.random.default_rng(seed)
    size = length * RATE // 1000
    time = np.arange(size) / RATE
    match kind:
        case "door":
            return _shaped(_band(random, length, 40, 500), 3, 0.12)
        case "clap":
            return _shaped(_band(random, length, 500, 4000), 1, 0.08)
        case "rustle":
            return _band(random, length, 1500, 7000) * (0.3 + np.repeat(random.random(size // 800 + 1), 800)[:size])
        case "clink":
            rings: Any = sum(np.sin(2 * np.pi * hertz * time) for hertz in (2100, 3350, 5200))
            return _shaped(np.asarray(rings, np.float32), 1, 0.2)
        case "squeak":
            swept = np.sin(2 * np.pi * np.cumsum(700 + 900 * time / max(time[-1], 0.01)) / RATE)
            return _shaped((swept + 0.4 * swept**3).astype(np.float32), 30, 0.9)
        case "buzz":
            return (np.sign(np.sin(2 * np.pi * 170 * time)) * (np.sin(2 * np.pi * 2.5 * time) > 0)).astype(np.float32)
        case "ring":
            tone = np.sin(2 * np.pi * 880 * time) + np.sin(2 * np.pi * 1100 * time)
            return (tone * (np.sin(2 * np.pi * 4 * time) > -0.2)).astype(np.float32)
        case "bark":
            phase = 2 * np.pi * np.cumsum(420 - 260 * (time * 4 % 1)) / RATE
            throat = _filtered((np.sign(np.sin(phase)) + random.normal(0, 0.6, size)).astype(np.float32), 350, 2200)
            return (throat * np.exp(-12 * (time * 3 % 1))).astype(np.float32)
        case "keyboard":
            keys = np.zeros(size, np.float32)
            for at in np.cumsum(random.integers(70, 260, length // 100)) * RATE // 1000:
                key = _shaped(_band(random, 25, 1500, 6000), 1, 0.2)[: max(size - at, 0)]
                keys[at : at + key.size] += key * random.uniform(0.4, 1)
            return keys
    raise KeyError(kind)


@cache
def room(kind: str, snr: int) -> Samples:
    """Ten seconds of it, to be heard again and again; ``snr`` dB below a voice."""
    random = np.random.default_rng(len(kind) * 97 + snr)
    length = 10_000
    size, time = length * RATE // 1000, np.arange(length * RATE // 1000) / RATE
    made: Any
    match kind:
        case "quiet" | "pink":
            made = _pink(random, size)
        case "street":
            slow = np.interp(
                np.arange(size), np.arange(0, size + RATE, RATE), random.uniform(0.4, 1.6, size // RATE + 1)
            )
            made = _filtered(_pink(random, size), 60, 1500) * slow
        case "fan":
            made = _filtered(_pink(random, size), 80, 3000) + 0.2 * np.sin(2 * np.pi * 120 * time)
        case "hum":
            made = sum(np.sin(2 * np.pi * 50 * each * time) / each for each in (1, 2, 3, 5, 7))
        case "music":
            made = np.zeros(size)
            for beat, chord in enumerate(((220, 277, 330), (196, 247, 294), (175, 220, 262), (196, 247, 330)) * 5):
                at = beat * size // 20
                within = time[: size // 20]
                for hertz in chord:
                    tones = sum(np.sin(2 * np.pi * hertz * each * within) / each for each in (1, 2, 3))
                    made[at : at + within.size] += tones * np.exp(-3 * within)
        case "babble":
            made = np.zeros(size)
            for index, (voice, text) in enumerate(_CROWD):
                spoken = speech((Part(text, text),), voice, 1.0 + index * 0.07, 1.0, 1.0).samples
                made += np.roll(np.resize(spoken, size), index * 23_000)
        case _:
            raise KeyError(kind)
    made = np.asarray(made, np.float32)
    around: Samples = made * (SPEECH * _factor(-snr) / float(np.sqrt(np.mean(made**2))))
    return around


_CROWD = (
    ("en-us", "We went to the market and bought some apples and bread for the whole week, it was quite crowded there."),
    ("cmn+f2", "昨天我们去了市场，买了一些苹果和面包，人特别多，排了很长时间的队。"),
    ("en+f3", "They said that the film was long but the music in it was wonderful, so we might go on Sunday."),
    ("cmn+m3", "他说那部电影很长，不过音乐非常好听，星期天我们也许会去看。"),
    ("en-us+m5", "Nobody knows when the next bus comes, the timetable at the stop has not been right for months."),
    ("cmn+f4", "下一班公共汽车什么时候来谁也不知道，站牌上的时间表早就不对了。"),
)


def pcm(samples: Samples) -> bytes:
    return bytes(np.clip(np.rint(samples * 32767), -32768, 32767).astype("<i2").tobytes())


def floats(data: bytes) -> Samples:
    return np.frombuffer(data, "<i2").astype(np.float32) / 32768


def _factor(decibels: float) -> float:
    return float(10 ** (decibels / 20))


def _heard(samples: Samples, level: float) -> Sound:
    samples = samples * (level / _loudness(samples))
    first, last = _span(samples)
    return Sound(samples, ms(first), ms(last))


def _span(samples: Samples) -> tuple[int, int]:
    """From the first sample to the last that is within 35 dB of the loudest 20 ms."""
    frames = np.abs(samples[: samples.size // 80 * 80]).reshape(-1, 80).max(axis=1)
    loud = np.nonzero(frames > frames.max() * _factor(-35))[0]
    return int(loud[0]) * 80, int(loud[-1] + 1) * 80


def _loudness(samples: Samples) -> float:
    """Root mean square of the half of it that is louder."""
    frames = np.sort(
        (samples[: max(samples.size // FRAME, 1) * FRAME][: samples.size // FRAME * FRAME])
        .reshape(-1, FRAME)
        .std(axis=1)
    )
    return float(np.sqrt(np.mean(frames[frames.size // 2 :] ** 2))) or 1.0


def _resampled(data: bytes, rate: int) -> Samples:
    # Rates near one that the resampler knows are read by interpolation: the throat is moved, nothing has to be exact.
    source = floats(data)
    if rate in (22_050, 24_000, 48_000):
        resampler = Resampler(rate, RATE)
        return floats(resampler.push(data) + resampler.flush())
    places = np.arange(int(source.size * RATE / rate)) * rate / RATE
    return np.interp(places, np.arange(source.size), source).astype(np.float32)


def _pink(random: np.random.Generator, size: int) -> Samples:
    spectrum = np.fft.rfft(random.normal(0, 1, size))
    spectrum /= np.sqrt(np.maximum(np.arange(spectrum.size), 1))
    return np.asarray(np.fft.irfft(spectrum, size), np.float32)


def _filtered(samples: Samples, low: int, high: int) -> Samples:
    spectrum = np.fft.rfft(samples)
    hertz = np.fft.rfftfreq(samples.size, 1 / RATE)
    spectrum *= 1 / (1 + (low / np.maximum(hertz, 1)) ** 4) / (1 + (hertz / high) ** 4)
    return np.asarray(np.fft.irfft(spectrum, samples.size), np.float32)


def _band(random: np.random.Generator, length: int, low: int, high: int) -> Samples:
    return _filtered(random.normal(0, 1, max(length * RATE // 1000, 16)).astype(np.float32), low, high)


def _shaped(samples: Samples, attack: int, decay: float) -> Samples:
    """Rises in ``attack`` ms, falls to a third in the share ``decay`` of its length."""
    rise = np.minimum(np.arange(samples.size) / (attack * RATE / 1000), 1)
    fall = np.exp(-np.arange(samples.size) / (samples.size * decay))
    return np.asarray(samples * rise * fall, np.float32)
