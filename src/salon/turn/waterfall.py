"""Where the silence before an answer went: parts that sum to it."""

from __future__ import annotations

PARTS = (
    "uplink",
    "vad",
    "end_of_turn",
    "transcript",
    "first_token",
    "first_audio",
    "first_packet",
    "downlink",
)
"""In this order: until the last sound of the person was here, the detector was sure that it was the last, the turn was taken as
over, its words were known, the model began, there was sound, it left, and it was heard. What the network takes is estimated, and
0 where nothing is known of it."""


class Waterfall:
    """Of one turn. Moments are milliseconds of one clock; ``ended`` is when the person made their last sound."""

    def __init__(self, ended: int) -> None:
        self.ended = ended
        self._moments: dict[str, int] = {}

    def mark(self, part: str, now: int) -> None:
        """This is done now. Only the first time counts."""
        self._moments.setdefault(part, now)

    @property
    def whole(self) -> bool:
        return "first_packet" in self._moments

    def parts(self) -> dict[str, int]:
        """Milliseconds of each, those that were ready before their time with 0. They sum to ``total``."""
        found, moment = {}, self.ended
        for part in PARTS:
            reached = max(self._moments.get(part, moment), moment)
            found[part] = reached - moment
            moment = reached
        return found

    @property
    def total(self) -> int:
        return max([self.ended, *self._moments.values()]) - self.ended
