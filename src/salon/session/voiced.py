"""A conversation's ear, mouth and speaker, made and joined."""

from __future__ import annotations

from salon.base.ids import NewId
from salon.ports.asr import Asr
from salon.ports.clock import Clock
from salon.ports.llm import Llm
from salon.ports.media import AudioOut
from salon.ports.observer import Observer
from salon.ports.tts import Tts
from salon.ports.turn_detector import TurnDetector
from salon.ports.vad import Vad
from salon.session.client import Client
from salon.session.conversation import Conversation, Spawn
from salon.session.ear import Ear
from salon.session.judging import Judging
from salon.session.mouth import Mouth
from salon.session.speaker import CallSpeaker, WireSpeaker
from salon.session.speculation import SpeculatingLlm
from salon.session.voice import Voice
from salon.turn.conversation import ConversationMachine


class Voiced:
    """What a ``Conversation`` is made with where it hears or speaks: ``llm`` and ``mouth``; ``join`` it then."""

    def __init__(
        self,
        machine: ConversationMachine,
        llm: Llm,
        asr: Asr | None,
        tts: Tts | None,
        vad: Vad | None,
        client: Client,
        *,
        spawn: Spawn,
        clock: Clock,
        observer: Observer,
        new_id: NewId,
        audio_out: AudioOut | None,
        turn_detector: TurnDetector | None = None,
    ) -> None:
        self.llm = SpeculatingLlm(llm, spawn)
        self.mouth = Mouth(tts, spawn, first_text=self._first_text) if tts is not None else None
        self.voice = Voice(
            machine,
            tell=client.emit,
            clock=clock,
            observer=observer,
            guess=self.llm,
            call=audio_out is not None,
        )
        if tts is not None:
            self.voice.speaker = (
                WireSpeaker(client.emit, clock)
                if audio_out is None
                else CallSpeaker(audio_out, client.emit, self.voice.first_packet)
            )
        if asr is not None and vad is not None:
            detection = machine.session.audio_input.turn_detection
            judging = Judging(turn_detector, spawn, clock, observer) if turn_detector is not None else None
            self.voice.ear = Ear(
                asr,
                vad,
                self.voice,
                detection=detection,
                new_id=new_id,
                spawn=spawn,
                judging=judging,
                ducks=audio_out is not None,
            )

    def join(self, conversation: Conversation) -> None:
        self.voice.join(conversation.perform, conversation.obey)
        conversation.voice = self.voice

    def _first_text(self) -> None:
        self.voice.first_text()
