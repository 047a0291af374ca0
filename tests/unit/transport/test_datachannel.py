"""Events by a data channel."""

from __future__ import annotations

import json

from salon.base.errors import ClientError
from salon.transport.datachannel import CROWDED, ChannelLink


class Channel:
    label, protocol, open, buffered = "oai-events", "", True, 0

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.takes = True
        self.closed = 0
        self.waited = 0

    def send(self, message: str | bytes) -> bool:
        assert isinstance(message, str)
        if len(message) > 1000:
            raise ClientError("Too large for this channel.", code="message_too_large")
        if self.takes:
            self.sent.append(message)
        return self.takes

    async def drained(self) -> None:
        self.waited += 1

    def listen(self, on_message: object, on_close: object = None) -> object:
        return lambda: None

    def close(self) -> None:
        self.closed += 1


async def test_events_go_as_they_are() -> None:
    channel = Channel()
    link = ChannelLink(channel)  # type: ignore[arg-type]
    link.send("{}")
    assert channel.sent == ["{}"]
    assert not link.crowded
    channel.buffered = CROWDED + 1  # type: ignore[misc]
    assert link.crowded
    await link.drained()
    assert channel.waited == 1


def test_what_is_too_large_for_the_peer_is_told_as_an_error() -> None:
    channel = Channel()
    ChannelLink(channel).send("x" * 2000)  # type: ignore[arg-type]
    (told,) = map(json.loads, channel.sent)
    assert (told["type"], told["error"]["code"]) == ("error", "message_too_large")


def test_who_does_not_read_is_let_go() -> None:
    channel = Channel()
    channel.takes = False
    link = ChannelLink(channel)  # type: ignore[arg-type]
    link.send("a")
    link.send("b")
    link.close(1000, "again")
    assert channel.closed == 1
