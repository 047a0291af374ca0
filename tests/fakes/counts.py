"""An observer that remembers."""

from __future__ import annotations

from salon.ports.observer import Observer


class Counts(Observer):
    """``seen`` has every call in order, with what it was given; times are left out."""

    def __init__(self) -> None:
        self.seen: list[tuple[str | int, ...]] = []

    def stream_started(self, model: str) -> None:
        self.seen.append(("started", model))

    def first_token(self, model: str, milliseconds: int) -> None:
        self.seen.append(("first token", model))

    def deltas(self, model: str, count: int) -> None:
        self.seen.append(("deltas", count))

    def stream_ended(self, model: str, outcome: str) -> None:
        self.seen.append(("ended", outcome))

    def tool_ran(self, name: str, outcome: str, milliseconds: int) -> None:
        self.seen.append(("tool", name, outcome))

    def client_error(self, door: str, code: str) -> None:
        self.seen.append(("client error", code))
