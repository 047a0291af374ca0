"""One call, over a peer that is not there. Real ones are in ``tests/session/test_calls.py``."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from salon.base.ids import counting
from salon.ports.media import AudioFrame, ChannelOpened, Closed, Connected, PeerEvent
from salon.providers.local.vad import SileroVad
from salon.serve import call as module
from salon.serve.call import Call
from salon.session.agent import Agent
from salon.session.hub import CLOSE_RESTART, Hub, Speech
from salon.testing.simulation import Loudspeaker
from salon.wire.openai_realtime import Encoder
from tests.fakes.clock import FakeClock
from tests.fakes.counts import Counts
from tests.fakes.instant_speech import InstantAsr, InstantTts
from tests.fakes.outbox_link import OutboxLink
from tests.fakes.scripted_llm import ScriptedLlm, says
from tests.unit.transport.test_datachannel import Channel


class Wire(Channel):
    def listen(self, on_message: Any, on_close: Any = None) -> Any:
        self.message, self.gone = on_message, on_close
        return lambda: None


class Peer:
    """What a call needs of one; it is its own ``AudioIn`` too."""

    def __init__(self) -> None:
        self.happened: Callable[[PeerEvent], None]
        self.frame: Callable[[AudioFrame], None] | None = None
        self.closed = ""
        self.audio_in = self
        self.audio_out = Loudspeaker()

    @property
    def state(self) -> str:
        return "closed" if self.closed else "connected"

    def listen(self, on: Any) -> Any:
        if not hasattr(self, "happened"):
            self.happened = on
        else:
            self.frame = on
        return lambda: None

    def close(self, reason: str = "closed") -> None:
        if not self.closed:
            self.closed = reason
            self.happened(Closed(reason))


@asynccontextmanager
async def call(*, by_channel: bool = True) -> AsyncIterator[tuple[Call, Peer, list[str]]]:
    llm, ended, peer = ScriptedLlm(says("Hi.")), [], Peer()
    hub = Hub(
        [Agent("host", llm=llm)], None, default_llm="", clock=FakeClock(), observer=Counts(), new_id=counting(),  # type: ignore[arg-type]
        speech=lambda agent: Speech(InstantAsr(), InstantTts()), vad=SileroVad(),
    )  # fmt: skip
    async with asyncio.timeout(20), hub:
        client = hub.open(hub.part(None), Encoder(), owner="o", model="host", audio_out=peer.audio_out)
        made = Call(
            "rtc_1", "o", client, peer, talks_by_channel=by_channel, on_end=lambda: ended.append("ended")  # type: ignore[arg-type]
        )  # fmt: skip
        yield made, peer, ended


async def test_the_session_begins_with_its_channel() -> None:
    async with call() as (_, peer, _):
        peer.happened(Connected())
        assert peer.frame is None
        other, wire = Wire(), Wire()
        other.label = "something-else"  # type: ignore[misc]
        peer.happened(ChannelOpened(other))  # type: ignore[arg-type]
        assert other.sent == []
        peer.happened(ChannelOpened(wire))  # type: ignore[arg-type]
        assert '"session.created"' in wire.sent[0]
        assert peer.frame is not None
        peer.frame(AudioFrame(bytes(640), 0, age=7))


async def test_without_a_channel_it_begins_with_the_connection() -> None:
    async with call(by_channel=False) as (_, peer, _):
        peer.happened(Connected())
        assert peer.frame is not None


async def test_events_of_the_client() -> None:
    async with call() as (made, peer, _):
        wire = Wire()
        peer.happened(ChannelOpened(wire))  # type: ignore[arg-type]
        for message, says_ in (
            (b"\0", "text messages of JSON"),
            ("{", "not valid JSON"),
            ("x" * 2_000_000, "too long"),
        ):
            wire.message(message)
            assert says_ in wire.sent[-1]
        wire.message('{"type": "input_audio_buffer.clear"}')
        assert '"input_audio_buffer.cleared"' in wire.sent[-1]
        beside = OutboxLink()
        made.join(beside)
        assert beside.events()[0]["type"] == "session.created"
        wire.gone()
        made.hear('{"type": "input_audio_buffer.clear"}')
        assert beside.events()[0]["type"] == "input_audio_buffer.cleared"


async def test_it_ends_once_whoever_ends_it() -> None:
    for end in (lambda made, peer: made.hang_up(), lambda made, peer: peer.close("vanished")):
        async with call() as (made, peer, ended):
            wire = Wire()
            peer.happened(ChannelOpened(wire))  # type: ignore[arg-type]
            end(made, peer)
            peer.happened(Closed("again"))
            assert ended == ["ended"]
            assert wire.closed == 1


async def test_who_floods_the_channel_is_let_go() -> None:
    async with call() as (made, peer, ended):
        wire = Wire()
        peer.happened(ChannelOpened(wire))  # type: ignore[arg-type]
        made._charge = lambda: 6000
        wire.message('{"type": "input_audio_buffer.clear"}')
        assert ended == ["ended"]


@pytest.mark.parametrize("hung_up", [False, True])
async def test_who_is_told_to_come_back_hears_first_what_was_said(
    hung_up: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(module, "LINGER_SECONDS", 0.0)
    async with call() as (made, peer, ended):
        peer.happened(ChannelOpened(Wire()))  # type: ignore[arg-type]
        peer.audio_out.write(bytes(960))
        for _ in range(2):
            made.client.close(CLOSE_RESTART, "restarting")
        for _ in range(20):
            await asyncio.sleep(0)
        assert (peer.closed, ended) == ("", [])
        if hung_up:
            made.hang_up()
        peer.audio_out.flush()
        while not ended:  # noqa: ASYNC110
            await asyncio.sleep(0)
        assert peer.closed == ("hung up" if hung_up else "restarting")
