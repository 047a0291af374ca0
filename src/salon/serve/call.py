"""One call: a peer's voice and data channel, and the session that they talk with."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from salon.base.errors import ClientError
from salon.ports.link import Link
from salon.ports.media import AudioFrame, ChannelOpened, Closed, Connected, DataChannel, Peer, PeerEvent
from salon.session.client import Client
from salon.session.hub import CLOSE_RESTART
from salon.transport.datachannel import ChannelLink
from salon.transport.fan import FanLink
from salon.wire.openai_realtime import decode

EVENTS = "oai-events"
MOST_BEHIND_MS = 5000
"""How far ahead of its message rate a client may be."""


CHANNEL_SECONDS = 5.0
"""For the client's channel of events to open. Who opens none, or another, is heard and answered all the same."""
LOOK_SECONDS = 0.05
LINGER_SECONDS = 0.3
"""For events that are on their way when nothing is to be heard any more."""


class _Fan(FanLink):
    """Who is told to come back, since the server restarts, first hears to the end what was said: neither sound nor events survive
    their peer."""

    def __init__(self, peer: Peer) -> None:
        super().__init__(lambda code, reason: peer.close(reason))
        self._peer = peer
        self._lingers = False

    def close(self, code: int, reason: str) -> None:
        if code != CLOSE_RESTART:
            super().close(code, reason)
        elif not self._lingers:
            self._lingers = True
            self._look(reason)

    def _look(self, reason: str) -> None:
        speaking = self._peer.state != "closed" and self._peer.audio_out.queued_ms
        later = asyncio.get_running_loop().call_later
        if speaking:
            later(LOOK_SECONDS, self._look, reason)
        else:
            later(LINGER_SECONDS, super().close, CLOSE_RESTART, reason)


class Call:
    """``talks_by_channel``: the offer had data channels, so that the session begins when the client's is open, if that is soon;
    else it begins with the connection. ``on_end`` is called once. ``charge`` counts a message, and gives the ms until the next
    one is due."""

    def __init__(
        self,
        call_id: str,
        owner: str,
        client: Client,
        peer: Peer,
        *,
        talks_by_channel: bool,
        on_end: Callable[[], None],
        charge: Callable[[], int] = lambda: 0,
    ) -> None:
        self.id = call_id
        self.owner = owner
        self.client = client
        self.fan = _Fan(peer)
        self._peer = peer
        self._talks_by_channel = talks_by_channel
        self._charge = charge
        self._on_end: Callable[[], None] | None = on_end
        self._begun = False
        self._waiting: asyncio.TimerHandle | None = None
        self._max_frame = 1024 * 1024
        client.attach(self.fan)
        peer.listen(self._happened)

    def join(self, link: Link) -> None:
        """Another connection that controls this session and hears what it is told: first of all, what it is."""
        link.send(self.client.greeting())
        self.fan.add(link)

    def hear(self, message: str | bytes) -> None:
        """An event of the client's, by whichever way."""
        conversation = self.client.conversation
        try:
            if isinstance(message, bytes):
                raise ClientError("Invalid event: events are text messages of JSON.", code="invalid_event")
            if len(message) > self._max_frame:
                raise ClientError("Invalid event: too long.", code="invalid_event")
            command = decode(message)
        except ClientError as error:
            conversation.complain(error)
        else:
            conversation.submit(command)

    def hang_up(self, reason: str = "hung up") -> None:
        self.fan.close(1000, reason)

    def _happened(self, event: PeerEvent) -> None:
        match event:
            case ChannelOpened(channel) if channel.label == EVENTS:
                self._listen(channel)
            case Connected() if self._talks_by_channel:
                self._waiting = asyncio.get_running_loop().call_later(CHANNEL_SECONDS, self._begin)
            case Connected():
                self._begin()
            case Closed(reason):
                self._end(reason)

    def _listen(self, channel: DataChannel) -> None:
        link = ChannelLink(channel)
        if self._begun:
            link.send(self.client.greeting())
        self.fan.add(link)
        self._begin()
        channel.listen(self._message, lambda: self.fan.remove(link))

    def _begin(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
        if self._begun:
            return
        self._begun = True
        self.client.conversation.open()
        self._peer.audio_in.listen(self._frame)

    def _frame(self, frame: AudioFrame) -> None:
        voice = self.client.conversation.voice
        if voice is not None and not self.client.ended:
            voice.heard(frame.samples, frame.age)

    def _message(self, message: str | bytes) -> None:
        if self._charge() > MOST_BEHIND_MS:
            # A data channel is not read more slowly, as a socket is: who floods it is let go.
            self.hang_up("too many messages")
        else:
            self.hear(message)

    def _end(self, reason: str) -> None:
        on_end, self._on_end = self._on_end, None
        if self._waiting is not None:
            self._waiting.cancel()
        if on_end is not None:
            self.fan.close(1000, reason)
            on_end()
