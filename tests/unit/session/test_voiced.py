"""What a conversation gets where it hears, where it speaks, and where it does both."""

from __future__ import annotations

import asyncio

import pytest

from salon.base.ids import counting
from salon.ports.observer import Observer
from salon.providers.local.vad import SileroVad
from salon.session.agent import Agent
from salon.session.client import Client
from salon.session.hub import Part, Speech, character, opening
from salon.session.speaker import CallSpeaker, WireSpeaker
from salon.session.voiced import Voiced
from salon.testing.simulation import Loudspeaker
from salon.turn.conversation import ConversationMachine
from tests.fakes.clock import FakeClock
from tests.fakes.instant_speech import InstantAsr, InstantTts
from tests.fakes.scripted_llm import ScriptedLlm, says


@pytest.mark.parametrize("hears", [True, False])
@pytest.mark.parametrize("speaks", [True, False])
@pytest.mark.parametrize("call", [True, False])
async def test_who_hears_has_an_ear_and_who_speaks_a_mouth(hears: bool, speaks: bool, call: bool) -> None:
    asr, tts = InstantAsr() if hears else None, InstantTts() if speaks else None
    part = Part(Agent("host", voice="tone"), ScriptedLlm(says("Hi")), Speech(asr, tts, aloud=speaks))
    machine = ConversationMachine(opening(part, "s", "m"), character(part), new_id=counting(), show_served=False)
    client = Client(lambda event, event_id: "", session_id="s", owner="o")
    async with asyncio.TaskGroup() as group:
        made = Voiced(
            machine, part.llm, asr, tts, SileroVad(), client,
            spawn=group.create_task, clock=FakeClock(), observer=Observer(), new_id=counting(),
            audio_out=Loudspeaker() if call else None,
        )  # fmt: skip
        assert (made.voice.ear is not None) is hears
        assert (made.mouth is not None) is speaks
        assert isinstance(made.voice.speaker, (CallSpeaker if call else WireSpeaker) if speaks else type(None))
        assert machine.session.output_modalities == (("audio",) if speaks else ("text",))
        assert machine.session.audio_output.voice == "tone"
        assert made.voice.room() is None
        made.voice.close()
