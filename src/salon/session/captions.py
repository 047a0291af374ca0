"""What a client is told of words before they are history: the person's while they speak, ours with their times."""

from __future__ import annotations

from collections.abc import Callable

from salon.base.events import Event, PartialHeard, TranscriptionDelta, WordsTimed
from salon.turn.conversation import ConversationMachine


class Captions:
    """``PartialHeard`` and ``WordsTimed`` go to clients that opted in; deltas of what will not change any more to those that want
    transcriptions, of a turn that they know of: what may still be a nod is none."""

    def __init__(self, machine: ConversationMachine, tell: Callable[[Event], None]) -> None:
        self._machine = machine
        self._tell = tell
        self._turn = ""
        self._stable: dict[str, int] = {}
        self._timed: dict[str, int] = {}

    @property
    def wanted(self) -> bool:
        """Whether the client is told what was understood."""
        session = self._machine.session
        return session.type == "transcription" or session.audio_input.transcription is not None

    def began(self, item_id: str) -> None:
        """The client has been told of this turn."""
        self._turn = item_id

    def heard(self, item_id: str, text: str, stable: int) -> None:
        """Of a turn, so far."""
        if self._machine.show_served:
            self._tell(PartialHeard(item_id, text))
        if self.wanted and (item_id == self._turn or self._machine.session.type == "transcription"):
            self._delta(item_id, text[:stable])

    def dropped(self, item_id: str) -> None:
        """It was no turn."""
        self._stable.pop(item_id, None)

    def known(self, item_id: str, text: str) -> None:
        """All of a turn."""
        if self.wanted:
            self._delta(item_id, text)
        self._stable.pop(item_id, None)

    def spoken(self, response_id: str, item_id: str) -> None:
        """More of ours has sound."""
        if not self._machine.show_served or (playout := self._machine.spoken.playout(item_id)) is None:
            return
        told = self._timed.get(item_id, 0)
        ready = [word for word in playout.words()[told:] if word.end <= playout.length_ms]
        if ready:
            self._timed[item_id] = told + len(ready)
            self._tell(WordsTimed(response_id, item_id, tuple(ready)))

    def done(self) -> None:
        self._timed.clear()

    def _delta(self, item_id: str, text: str) -> None:
        told = self._stable.get(item_id, 0)
        if len(text) > told:
            self._stable[item_id] = len(text)
            self._tell(TranscriptionDelta(item_id, 0, text[told:]))
