"""What the records of the dialogues say: how often we stopped where we should not, waited too long, quoted wrong."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from salon.turn.words import pieces
from tests.dialogues.person import Cut, Person, Record
from tests.dialogues.place import place
from tests.dialogues.room import HEARD_RATE
from tests.dialogues.script import TURNS
from tests.dialogues.speech import Answer

NOT_MEANT = ("nod", "cough", "noise", "echo")
LATER_MS = 1000
"""Up to which a listener's buffer plays what was sent before we stopped."""
FADE_MS = 40
EDGE_MS = 60
"""A word that ends or begins this close to the cut may be counted either way."""


@dataclass
class Quoted:
    """An answer that was cut, against what was heard: ``lost`` words (in Chinese, characters) were heard to their end and
    are not in the history, ``invented`` ones are there and were not begun."""

    lost: int
    invented: int
    heard_ms: float
    kept: str
    dialogue: str
    held_out: bool


@dataclass
class Verdict:
    records: list[Record] = field(default_factory=list)
    quoted: list[Quoted] = field(default_factory=list)
    by_room: list[str] = field(default_factory=list)
    """The dialogues in which other people's talk ended an answer, once for each."""

    ways: list[int] = field(default_factory=list)
    """In calls: ms that sound took to the server."""

    def add(self, person: Person) -> None:
        self.records += person.records
        self.ways += person.line.ways
        self.by_room += [person.dialogue.name] * person.stopped_by_room
        self.quoted += [each for cut in person.cuts if (each := quote(person, cut)) is not None]

    def of(self, *kinds: str) -> list[Record]:
        return [record for record in self.records if record.step.kind in kinds]

    def stopped(self, *kinds: str) -> list[Record]:
        return [record for record in self.of(*kinds) if record.stopped is not None]

    @property
    def false_interruptions(self) -> float:
        return (len(self.stopped(*NOT_MEANT)) + len(self.by_room)) / len(self.of(*NOT_MEANT))

    @property
    def missed(self) -> float:
        return 1 - len(self.stopped("interruption")) / len(self.of("interruption"))

    @property
    def early(self) -> float:
        turns = self.of(*TURNS)
        return sum(record.early for record in turns) / len(turns)

    @property
    def median_wait(self) -> float:
        """Until the client is told."""
        return quantile([record.wait for record in self.of(*TURNS) if record.wait is not None], 0.5)

    @property
    def median_known(self) -> float:
        """Until the server knows, from when the end of the turn was there to be heard."""
        known = quantile([record.known for record in self.of(*TURNS) if record.known is not None], 0.5)
        return known - (quantile(self.ways, 0.5) if self.ways else 0)

    @property
    def worst_quote(self) -> int:
        return max((max(each.lost, each.invented) for each in self.quoted), default=0)

    @property
    def lost_turns(self) -> list[Record]:
        """Those that got no end or no answer."""
        spoken = [*self.of(*TURNS), *self.stopped("interruption")]
        return [record for record in spoken if record.wait is None or not record.answered]

    @property
    def stuck(self) -> list[Record]:
        """After which our voice neither was given up nor came back."""
        return [
            record
            for record in self.of(*NOT_MEANT)
            if record.stopped is None and record.silent is not None and record.resumed is None
        ]


def quote(person: Person, cut: Cut) -> Quoted | None:
    """None where it cannot be told: too little was heard to find the place."""
    answers = person._tts.answers
    if cut.answer < 0 or not answers:
        return None
    answer = answers[cut.answer]
    until = heard(person, cut, answer)
    if until is None:
        return None
    full, begun = _spoken_by(answer, until - EDGE_MS, ends=True), _spoken_by(answer, until + EDGE_MS, ends=False)
    kept = len([piece for piece in pieces(cut.kept) if not piece.is_pause])
    return Quoted(
        max(full - kept, 0), max(kept - begun, 0), until, cut.kept, person.dialogue.name, person.dialogue.held_out
    )


def heard(person: Person, cut: Cut, answer: Answer) -> float | None:
    """How many ms of the answer the person heard: where in its sound the last that they heard stands."""
    room = person.room
    # What is heard once another answer has begun may be that one.
    others = (other.began for other in person._tts.answers[cut.answer + 1 :])
    last = room.last_sent(answer.began, min([cut.at + LATER_MS, *others]))
    if last is None:
        return None
    # It cannot have been heard for longer than it was played.
    whole = answer.samples[: round((cut.at - answer.began + 300) * HEARD_RATE / 1000)]
    # What is said twice in an answer is told apart by what was said before, unless we fell silent or the buffer stretched it.
    for pieces_before in (50, 18):
        # The fade at the end is left out, and made good for: it takes 40 ms.
        ends = last + 1 - FADE_MS // 20
        found = place(np.concatenate(room.heard[max(ends - pieces_before, 0) : max(ends, 1)]), whole)
        if found is not None:
            return found + FADE_MS
    return None


def _spoken_by(answer: Answer, moment: float, *, ends: bool) -> int:
    """Words (Chinese: characters) that are spoken to their end, or begun, by then."""
    count = 0
    for word in answer.words:
        parts = [piece for piece in pieces(word.text) if not piece.is_pause]
        length = (word.end - word.start) / max(len(parts), 1)
        for index in range(len(parts)):
            count += word.start + length * (index + ends) <= moment
    return count


def quantile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else float("nan")


def table(verdict: Verdict) -> str:
    """All of it, for people."""
    rows = ["what was said                 how many   stopped us   silent after p50/p95   decided after p50/p95"]
    for kind in ("interruption", "nod", "cough", "noise", "echo"):
        records, stopped = verdict.of(kind), verdict.stopped(kind)
        silent = [record.silent for record in records if record.silent is not None]
        decided = (
            [record.stopped or 0.0 for record in stopped]
            if kind == "interruption"
            else [record.resumed for record in records if record.resumed is not None]
        )
        rows.append(
            f"{kind:<28} {len(records):>9} {_share(len(stopped), len(records)):>12} {_both(silent):>22} {_both(decided):>23}"
        )
    rows += ["", "turns                         how many    cut early    wait p50/p95"]
    groups: list[tuple[str, ...]] = [*((kind,) for kind in TURNS), TURNS, ("interruption",)]
    for kinds in groups:
        records = verdict.of(*kinds)
        waits = [record.wait for record in records if record.wait is not None]
        early = sum(record.early for record in records)
        name = "all turns" if len(kinds) > 1 else kinds[0]
        rows.append(f"{name:<28} {len(records):>9} {_share(early, len(records)):>12} {_both(waits):>15}")
    rows += ["", f"answers that ended for other people's talk: {len(verdict.by_room)}"]
    within = sum(max(each.lost, each.invented) <= 1 for each in verdict.quoted)
    rows += [
        "",
        f"false interruptions {verdict.false_interruptions:.1%}, missed {verdict.missed:.1%}, "
        f"turns cut early {verdict.early:.1%} at a "
        f"median wait of {verdict.median_known:.0f} ms at the server ({_both(verdict.ways)} on the way to it), "
        f"{verdict.median_wait:.0f} ms until the client is told",
        f"heard text: {len(verdict.quoted)} answers cut, {within} right to one word or character; most lost "
        f"{max((each.lost for each in verdict.quoted), default=0)}, most invented "
        f"{max((each.invented for each in verdict.quoted), default=0)}",
        f"turns without an end or an answer: {len(verdict.lost_turns)}; voices that stayed silent: {len(verdict.stuck)}",
    ]
    return "\n".join(rows)


def faults(verdict: Verdict) -> Iterable[str]:
    """Each thing that went wrong, in a line."""
    for record in verdict.records:
        name, text = record.dialogue.name, record.step.text
        room = f"{record.dialogue.room} {record.dialogue.snr} dB, {record.dialogue.style}"
        if record.step.kind in NOT_MEANT and record.stopped is not None:
            yield f"{name} {record.step.kind} stopped us after {record.stopped:.0f} ms: {text} ({room})"
        if record.step.kind == "interruption" and record.stopped is None:
            yield f"{name} interruption missed: {text} ({room})"
        if record.early:
            yield f"{name} {record.step.kind} cut early: {text} ({room})"
    for name in verdict.by_room:
        yield f"{name} other people's talk stopped us"
    for record in verdict.lost_turns:
        yield f"{record.dialogue.name} {record.step.kind} {'lost' if record.wait is None else 'unanswered'}: {record.step.text}"
    for record in verdict.stuck:
        yield f"{record.dialogue.name} {record.step.kind} left us silent: {record.step.text}"
    for each in verdict.quoted:
        if max(each.lost, each.invented) > 1:
            wrong = f"lost {each.lost}, invented {each.invented}"
            yield f"{each.dialogue} heard to {each.heard_ms:.0f} ms: {wrong}, kept {each.kept!r}"


def _share(part: int, whole: int) -> str:
    return f"{part} ({part / whole:.1%})" if whole else "-"


def _both(values: Sequence[float]) -> str:
    return f"{quantile(values, 0.5):.0f} / {quantile(values, 0.95):.0f} ms" if values else "-"
