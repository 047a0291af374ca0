"""How long the silence before each spoken answer was, and where it went."""

from __future__ import annotations

import msgspec

from salon.base.events import Response
from salon.ports.clock import Clock
from salon.ports.observer import Observer
from salon.turn.waterfall import Waterfall


class Timing:
    """The waterfalls of a conversation: one is opened at a pause, belongs to the turn if that was its end, and to the answer when
    that begins."""

    def __init__(self, clock: Clock, observer: Observer) -> None:
        self._clock = clock
        self._observer = observer
        self._pause: Waterfall | None = None
        self._turn: Waterfall | None = None
        self._answers: dict[str, Waterfall] = {}

    def paused(self, ended: int, uplink: int = 0) -> None:
        """The last sound was here at ``ended``, ``uplink`` ms after it was made; that it was the last is known now."""
        self._pause = _heard(ended, uplink)
        self._pause.mark("vad", self._clock.now())

    def over(self, ended: int, uplink: int = 0) -> None:
        """That was the end of the turn."""
        self._turn, self._pause = self._pause or _heard(ended, uplink), None
        self._turn.mark("end_of_turn", self._clock.now())

    def mark(self, part: str) -> None:
        """Of the turn that is being answered, or of the pause that may end it."""
        waterfall = self._turn or self._pause
        if waterfall is not None:
            waterfall.mark(part, self._clock.now())

    def began(self, response_id: str) -> None:
        """An answer to the turn."""
        if self._turn is not None:
            self._answers[response_id] = self._turn

    def sounded(self, response_id: str) -> None:
        if (waterfall := self._answers.get(response_id)) is not None:
            waterfall.mark("first_audio", self._clock.now())

    def sent(self, response_id: str, downlink: int = 0) -> None:
        """The first of its sound has left, and is heard in ``downlink`` ms."""
        waterfall = self._answers.get(response_id)
        if waterfall is not None and not waterfall.whole:
            now = self._clock.now()
            waterfall.mark("first_packet", now)
            waterfall.mark("downlink", now + downlink)
            self._observer.voice_turn(waterfall.parts(), waterfall.total)

    def done(self, response: Response) -> Response:
        """The response with what is known of it."""
        waterfall = self._answers.pop(response.id, None)
        if response.conversation_id is not None:
            self._turn = None
        if waterfall is None or "audio" not in response.output_modalities:
            return response
        return msgspec.structs.replace(response, waterfall={**waterfall.parts(), "total": waterfall.total})


def _heard(ended: int, uplink: int) -> Waterfall:
    waterfall = Waterfall(ended - uplink)
    waterfall.mark("uplink", ended)
    return waterfall
