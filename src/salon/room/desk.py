"""A service desk: what becomes of each visitor, from the first word to the rating.

::

              ask                take               close
    agent ──────────> waiting ─────────> taken ──────────────> closed
      │                  │                │ ^ transfer            │ │ rate
      │ take             │ close          └─┘                     └─┘
      └─> taken          └─> closed         a word of the visitor: agent

The agent answers while nobody of the staff has taken the case. What is asked at the wrong time changes nothing.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

Status = Literal["agent", "waiting", "taken", "closed"]
NoticeKind = Literal["handed over", "taken", "transferred", "closed", "rated"]

DESK: Final = "desk"
"""The room of the staff: whoever may publish in it is staff."""
QUEUE: Final = "state/queue"
ACTIONS: Final = "actions"
HELP: Final = "help-"
"""What the names of visitors' rooms begin with."""
MAX_SUMMARY: Final = 1000
MAX_QUOTED: Final = 200


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One visitor. Times are seconds since 1970: ``since`` of the first word, ``at`` of the last change of ``status``. ``staff``
    is the identity that has taken it, ``stars`` the rating, 0 for none."""

    room: str
    visitor: str
    name: str
    status: Status = "agent"
    since: int = 0
    at: int = 0
    summary: str = ""
    staff: str = ""
    staff_name: str = ""
    stars: int = 0


class Notice(msgspec.Struct, frozen=True):
    """What is said to everybody in the visitor's room."""

    kind: NoticeKind
    name: str = ""
    text: str = ""
    stars: int = 0


class Outcome(msgspec.Struct, frozen=True):
    """The case as it is now, and what is to be said. None: nothing has changed."""

    case: Case | None = None
    notice: Notice | None = None


def word(case: Case | None, room: str, visitor: str, name: str, now: int) -> Outcome:
    """The visitor says something. The first to speak in a room is its visitor; one who speaks again begins anew."""
    if case is None:
        return Outcome(Case(room=room, visitor=visitor, name=name, since=now, at=now))
    if visitor == case.visitor and case.status == "closed":
        return Outcome(Case(room=room, visitor=visitor, name=name, since=now, at=now))
    return Outcome()


def ask(case: Case | None, summary: str, now: int) -> Outcome:
    """A person is wanted: by the visitor, or by the agent, which cannot help."""
    if case is None or case.status != "agent":
        return Outcome()
    summary = summary.strip()[:MAX_SUMMARY]
    return Outcome(
        msgspec.structs.replace(case, status="waiting", at=now, summary=summary), Notice("handed over", text=summary)
    )


def take(case: Case | None, staff: str, name: str, now: int) -> Outcome:
    """One of the staff answers from now on; also where another did before."""
    if case is None or case.status == "closed" or case.staff == staff:
        return Outcome()
    taken = msgspec.structs.replace(case, status="taken", at=now, staff=staff, staff_name=name)
    return Outcome(taken, Notice("taken", name))


def transfer(case: Case | None, by: str, to: str, name: str, now: int) -> Outcome:
    """Whoever has taken it gives it to another."""
    if case is None or case.status != "taken" or case.staff != by or to == by or not to:
        return Outcome()
    given = msgspec.structs.replace(case, at=now, staff=to, staff_name=name)
    return Outcome(given, Notice("transferred", name))


def close(case: Case | None, name: str, now: int) -> Outcome:
    if case is None or case.status == "closed":
        return Outcome()
    return Outcome(msgspec.structs.replace(case, status="closed", at=now), Notice("closed", name))


def rate(case: Case | None, visitor: str, stars: int) -> Outcome:
    """The visitor says how it was: once, at the end."""
    if case is None or case.status != "closed" or case.visitor != visitor or case.stars or not 1 <= stars <= 5:
        return Outcome()
    return Outcome(msgspec.structs.replace(case, stars=stars), Notice("rated", stars=stars))


def summary_of(words: list[str]) -> str:
    """Where the agent made none: what the visitor wanted first, and last."""
    said = [" ".join(each.split())[:MAX_QUOTED] for each in words if each.strip()]
    return " … ".join(dict.fromkeys(said[:1] + said[-1:]))
