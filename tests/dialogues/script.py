"""The dialogues of ``tests/data/dialogues``, read and put together: who says what to whom in which room, and what it is."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

DATA = Path(__file__).parents[1] / "data" / "dialogues"
LANGUAGES = ("en", "zh")
PER_LANGUAGE = 16
TURNS = ("plain", "hesitant", "dictated", "more")
Kind = Literal["plain", "hesitant", "dictated", "more", "interruption", "nod", "cough", "noise", "echo"]
Style = Literal["faithful", "written", "bare"]

_PAUSE = re.compile(r"\s*\((\d+)\)\s*")
_HEARD_AS = re.compile(r"\{([^=}]*)=([^}]*)\}")


@dataclass(frozen=True)
class Part:
    """What is said in one breath, what a recogniser makes of it, and ms of pause before it."""

    spoken: str
    understood: str
    pause: int = 0


@dataclass(frozen=True)
class Step:
    """``after`` ms of our voice, where it is said into it. ``sound`` is the line of ``sounds.toml`` of what is not speech."""

    kind: Kind
    parts: tuple[Part, ...] = ()
    sound: tuple[Any, ...] = ()
    after: int = 0

    @property
    def is_turn(self) -> bool:
        return self.kind in TURNS

    @property
    def text(self) -> str:
        return " ".join(part.understood for part in self.parts) or " ".join(map(str, self.sound))


@dataclass(frozen=True)
class Dialogue:
    """``held_out`` ones were not looked at while Salon's machines were tuned. ``style`` is how the recogniser writes,
    ``word_times`` whether the synthesiser tells them."""

    name: str
    language: str
    voice: str
    speed: float
    pitch: float
    room: str
    snr: int
    style: Style
    word_times: bool
    held_out: bool
    answers: tuple[str, ...]
    steps: tuple[Step, ...]


def dialogues() -> list[Dialogue]:
    sounds = tomllib.loads((DATA / "sounds.toml").read_text("utf-8"))
    return [each for language in LANGUAGES for each in _of(language, sounds)]


def parts(line: str) -> tuple[Part, ...]:
    """``"I went because (900) I wanted"``: two breaths, 900 ms apart."""
    pieces = _PAUSE.split(line)
    return tuple(
        Part(_HEARD_AS.sub(r"\1", text), _HEARD_AS.sub(r"\2", text), int(pieces[2 * index - 1]) if index else 0)
        for index, text in enumerate(pieces[::2])
    )


def _of(language: str, sounds: dict[str, Any]) -> Iterator[Dialogue]:
    said = tomllib.loads((DATA / f"{language}.toml").read_text("utf-8"))
    for kind, each in (("interruptions", 2), ("nods", 2), *((kind, 1) for kind in TURNS)):
        assert len(said[kind]) == each * PER_LANGUAGE, f"{language}: {kind}"
    styles: tuple[Style, ...] = ("faithful", "written", "bare")
    for number in range(PER_LANGUAGE):
        voice, speed, pitch = said["voices"][number]
        # The rooms of the two languages are not the same ones in the same places.
        room, snr = sounds["rooms"][(number + 5 * (language == "zh")) % PER_LANGUAGE]
        yield Dialogue(
            name=f"{language}-{number + 1}",
            language=language,
            voice=voice,
            speed=speed,
            pitch=pitch,
            room=room,
            snr=snr,
            # Tuned and held-out ones alike have every style, with and without word times.
            style=styles[number // 2 % 3],
            word_times=number // 2 % 2 == 0,
            held_out=number % 2 == 1,
            answers=tuple(said["answers"][number // 2 :] + said["answers"][: number // 2]),
            steps=tuple(_steps(number, said, sounds)),
        )


def _steps(number: int, said: dict[str, Any], sounds: dict[str, Any]) -> Iterator[Step]:
    def turn(kind: Kind) -> Step:
        return Step(kind, parts(said[kind][number]))

    def over(kind: Kind, which: int = 0) -> Step:
        # Somewhere in our answer, elsewhere each time.
        after = 900 + (number * 370 + which * 610 + len(kind) * 130) % 1400
        if kind in ("nod", "interruption"):
            return Step(kind, parts(said[f"{kind}s"][number + which * PER_LANGUAGE]), after=after)
        plural = {"cough": "coughs", "noise": "noises", "echo": "echoes"}[kind]
        return Step(kind, sound=tuple(sounds[plural][number]), after=after)

    yield turn("plain")
    yield over("nod")
    yield over("cough")
    yield over("interruption")
    yield over("nod", 1)
    yield over("noise")
    yield over("interruption", 1)
    yield turn("hesitant")
    yield over("echo")
    yield turn("dictated")
    yield turn("more")
