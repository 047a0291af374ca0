"""Who counts. Every method may be called on a hot path and must neither block nor raise."""

from __future__ import annotations


class Observer:
    """Counts nothing: the base of those who do, and the default."""

    def connected(self, door: str) -> None:
        """A client came in by ``door`` (``realtime``, ``spark``)."""

    def disconnected(self, door: str, code: int) -> None:
        """It left, with this WebSocket close code."""

    def refused(self, door: str, code: str) -> None:
        """A client was not let in."""

    def stream_started(self, model: str) -> None: ...

    def first_token(self, model: str, milliseconds: int) -> None: ...

    def deltas(self, model: str, count: int) -> None: ...

    def stream_ended(self, model: str, outcome: str) -> None:
        """``outcome`` is ``completed``, ``cancelled`` or the code of an error."""

    def tool_ran(self, name: str, outcome: str, milliseconds: int) -> None: ...

    def client_error(self, door: str, code: str) -> None:
        """A client's message was answered with an error."""

    def queued(self, door: str, depth: int) -> None:
        """Messages waiting in one client's outbox, seen when one is added. One that leaves at once does not wait."""

    def turn_judged(self, outcome: str, milliseconds: int) -> None:
        """A turn model was asked about a pause: ``finished``, ``unfinished``, ``late``, ``unneeded`` where the person
        went on, or the code of an error."""

    def voice_turn(self, parts: dict[str, int], total: int) -> None:
        """The silence between the end of what a person said and the first of the answer that they hear, and its parts, in ms (see
        ``turn.waterfall``)."""
