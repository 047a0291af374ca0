"""Our voice where the person takes the floor: quiet while that is being decided, gone if they do, on at the same word if not."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from salon.base.events import Ducked, Event, OutputBufferCleared, Unducked
from salon.ports.clock import Clock
from salon.session.speaker import Speaker
from salon.turn.conversation import ConversationMachine
from salon.turn.running import Output


class Floor:
    """``call``: what was heard is known from what was sent; else the client plays and tells."""

    def __init__(
        self,
        machine: ConversationMachine,
        speaker: Speaker | None,
        clock: Clock,
        *,
        tell: Callable[[Event], None],
        perform: Callable[[Sequence[Output]], None],
        call: bool,
    ) -> None:
        self._machine = machine
        self._speaker = speaker
        self._clock = clock
        self._tell = tell
        self._perform = perform
        self._call = call

    def soften(self, on: bool) -> None:
        if self._speaker is not None:
            self._speaker.soften(on)

    def duck(self) -> None:
        if self._speaker is None:
            return
        self._speaker.duck()
        if self._call and self._machine.show_served and (place := self._speaker.place) is not None:
            self._tell(Ducked(place.response_id))

    def unduck(self) -> None:
        if self._speaker is None:
            return
        place = self._speaker.place
        self._speaker.unduck(self._machine.spoken.begun(place.item_id, place.ms) if place is not None else 0)
        if self._call and self._machine.show_served and place is not None:
            self._tell(Unducked(place.response_id))

    def leave(self) -> None:
        """The answer ends; of it remains what was heard."""
        place = self._speaker.stop() if self._speaker is not None else None
        self._perform(self._machine.interrupt(self._clock.now()))
        if place is None:
            return
        spoken = self._machine.spoken
        if self._call:
            self._tell(OutputBufferCleared(place.response_id))
            self._perform(spoken.truncate(place.item_id, 0, place.ms, known=True))
        else:
            # The client will say how much it played. Until then: no more than there was time for.
            spoken.cut(place.item_id, place.ms)
        for item in reversed(self._machine.items):
            if item.id == place.item_id:
                break
            spoken.cut(item.id, 0)

    def clear(self) -> None:
        """The client wants to hear no more of what was made, and says itself what becomes of the answer."""
        place = self._speaker.stop() if self._speaker is not None else None
        if place is not None:
            self._tell(OutputBufferCleared(place.response_id))
            if not any(item.id == place.item_id and item.status == "in_progress" for item in self._machine.items):
                self._perform(self._machine.spoken.truncate(place.item_id, 0, place.ms, known=True))
