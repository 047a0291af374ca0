"""What carries tracks and data channels: calls, broadcasts and conferences over WebRTC.

Times are milliseconds of the ``Clock``, bit rates bit/s, sizes bytes, shares 0 to 1. Listeners are called on the event loop,
in the packet path: they must be quick, and may not raise. What a listener returns is ignored; calling what ``listen`` returned
takes it off.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Protocol

import msgspec

from salon.ports.media_stats import EngineStats, Kind, Moment, PeerState, PeerStats
from salon.rtc.rtp import Packet
from salon.rtc.sdp.fragment import Fragment
from salon.rtc.sdp.model import Codec, Offer

Stop = Callable[[], None]

MAX_MESSAGE = 262_144
"""The largest message of a data channel, both ways."""


class Layer(msgspec.Struct, frozen=True, kw_only=True):
    """One encoding of a source. ``rid`` is empty without simulcast; width and height are 0 until they are known."""

    rid: str
    bitrate: int
    width: int = 0
    height: int = 0
    active: bool = True


class Tap(Protocol):
    """Who wants a source's packets as they come: a recorder."""

    def packet(self, packet: Packet, key: bool, now: int) -> None:
        """One packet of the best layer, decrypted, each once, in the order of arrival: what was lost on the way and sent again
        comes late. ``key`` says that a decoder can start with it."""
        ...

    def closed(self) -> None:
        """The source is gone. Nothing comes after this."""
        ...


class Source(Protocol):
    """A track that somebody publishes."""

    @property
    def id(self) -> str: ...

    @property
    def kind(self) -> Kind: ...

    @property
    def mid(self) -> str: ...

    @property
    def codec(self) -> Codec: ...

    @property
    def layers(self) -> tuple[Layer, ...]:
        """From the smallest to the largest."""
        ...

    @property
    def live(self) -> bool:
        """Whether packets came within the last second."""
        ...

    @property
    def viewers(self) -> int: ...

    def clock(self, now: int) -> tuple[int, int]:
        """NTP time of the publisher (64 bits) and this source's RTP timestamp at ``now``: what keeps its audio and its video in
        step."""
        ...

    def tap(self, tap: Tap) -> Stop: ...

    def request_keyframe(self) -> None:
        """Ask the publisher for a key frame. At most one request in 300 ms goes out; those in between wait for its end."""
        ...


class Output(Protocol):
    """A section in which the engine sends to a peer."""

    @property
    def mid(self) -> str: ...

    @property
    def kind(self) -> Kind: ...

    @property
    def codec(self) -> Codec: ...

    @property
    def source(self) -> Source | None: ...

    def play(self, source: Source) -> None:
        """Send this source from its next key frame on, instead of the one before: the viewer sees one stream that never
        restarts. Raises ``ClientError`` (``codec_mismatch``) where the peer did not agree to its codec."""
        ...

    def stop(self) -> None:
        """Send nothing until something else is played."""
        ...


class DataChannel(Protocol):
    @property
    def label(self) -> str: ...

    @property
    def protocol(self) -> str: ...

    @property
    def open(self) -> bool: ...

    @property
    def buffered(self) -> int:
        """Bytes that wait to be sent."""
        ...

    def send(self, message: str | bytes) -> bool:
        """Queue one message. False where it was not taken, because the channel is closed or holds 4 MiB already: wait for
        ``drained``. Raises ``ClientError`` (``message_too_large``) above the size the peer takes, at most ``MAX_MESSAGE``."""
        ...

    async def drained(self) -> None:
        """Return when no more than 256 KiB wait, or the channel is closed."""
        ...

    def listen(self, on_message: Callable[[str | bytes], None], on_close: Callable[[], None] | None = None) -> Stop:
        """The first listener gets what came before it, up to 64 messages or 1 MiB; a channel that gets more before
        anybody listens is closed."""
        ...

    def close(self) -> None: ...


class AudioFrame(msgspec.Struct, frozen=True):
    """20 ms of what a peer says: 320 samples at 16 kHz, 16-bit little-endian, mono, and when they were handed on.

    ``concealed`` says that the packet was lost: the samples are the decoder's guess, or silence. ``age`` is how long ago the last
    sample was said, as far as can be known: what the codec looks ahead, half a round trip, and what the packet took longer than
    the fastest.
    """

    samples: bytes
    at: int
    concealed: bool = False
    age: int = 0


class AudioIn(Protocol):
    """What a peer says, put in order and decoded: a frame for every 20 ms, without gaps, from the first packet on, each as soon
    as it is here.

    While the peer sends nothing (Opus DTX) the frames are silence and cost nothing to decode.
    """

    def listen(self, on_frame: Callable[[AudioFrame], None]) -> Stop: ...


class AudioOut(Protocol):
    """What we say to a peer. Sent at 20 ms a packet, from one timer; what is queued is not sent faster."""

    @property
    def queued_ms(self) -> int: ...

    @property
    def latency_ms(self) -> int:
        """How long it takes until what is sent now is heard, as far as can be known: half a round trip, and what a listener's
        buffer keeps of a stream that comes as unevenly as theirs reports."""
        ...

    @property
    def played_ms(self) -> int:
        """How much was sent."""
        ...

    def write(self, samples: bytes, rate: int = 24_000) -> None:
        """Queue 16-bit little-endian mono samples, any amount, at 8, 16, 24 or 48 kHz. Raises ``ClientError``
        (``audio_overflow``) above ten minutes."""
        ...

    def withdraw(self) -> int:
        """Take back what is queued, and return how many ms of it: to be written again, another way. For who writes packets of
        20 ms."""
        ...


class Connected(msgspec.Struct, frozen=True):
    """ICE and DTLS are done, for the first time or again after ``Disconnected``."""


class Disconnected(msgspec.Struct, frozen=True):
    """Nothing came for 5 s. After 30 s the peer is closed."""


class SourceAdded(msgspec.Struct, frozen=True):
    """The first packet of a published track came."""

    source: Source


class SourceRemoved(msgspec.Struct, frozen=True):
    source: Source


class ChannelOpened(msgspec.Struct, frozen=True):
    channel: DataChannel


class Closed(msgspec.Struct, frozen=True):
    """The last event. ``reason`` is one of ``Peer.closed``."""

    reason: str


PeerEvent = Connected | Disconnected | SourceAdded | SourceRemoved | ChannelOpened | Closed


class Wants(msgspec.Struct, frozen=True, kw_only=True):
    """What we do with an offer. Sections that nothing here asks for are rejected.

    ``publish``: how many tracks of each kind we take from the peer. ``play``: what we send, each in the first section of its
    kind that can receive. ``slots``: how many more sections of each kind we send in, without a source yet (``Output.play``).
    ``voice``: the first audio section goes both ways, to ``Peer.audio_in`` and from ``Peer.audio_out``. ``data``: data
    channels. ``audio`` and ``video`` are the codecs that we take, by ``Codec.key``; the offer's order decides among them.
    """

    publish: dict[Kind, int] = {}
    play: tuple[Source, ...] = ()
    slots: dict[Kind, Codec] = {}
    voice: bool = False
    data: bool = False
    audio: tuple[str, ...] = ("opus",)
    video: tuple[str, ...] = ("vp8", "h264", "vp9", "av1", "h265")
    simulcast: bool = True


class Peer(Protocol):
    @property
    def id(self) -> str: ...

    @property
    def state(self) -> PeerState: ...

    @property
    def etag(self) -> str:
        """Names the ICE session (RFC 9725 section 4.3.1), without quotes. ``restart`` changes it."""
        ...

    @property
    def sources(self) -> tuple[Source, ...]:
        """What it publishes, from the answer on: packets may not have come yet."""
        ...

    @property
    def outputs(self) -> tuple[Output, ...]: ...

    @property
    def audio_in(self) -> AudioIn:
        """Only with ``Wants.voice``."""
        ...

    @property
    def audio_out(self) -> AudioOut:
        """Only with ``Wants.voice``."""
        ...

    def listen(self, on_event: Callable[[PeerEvent], None]) -> Stop: ...

    def events(self) -> AsyncIterator[PeerEvent]:
        """From now on, to ``Closed``. Who falls 256 events behind is ended."""
        ...

    def restart(self, fragment: Fragment) -> str:
        """ICE restart: take the peer's new credentials and return our fragment. The session goes on over the old ones until a
        check with the new ones nominates."""
        ...

    def trickle(self, fragment: Fragment) -> None:
        """Candidates of the peer: not needed, since it finds us. Raises ``ClientError`` (``stale_candidates``) where they
        are not of the present ICE session."""
        ...

    def renegotiate(self, offer: Offer, wants: Wants) -> str:
        """Answer a later offer of the same peer: sections stay where they were, new ones may come, others may end. The
        transport stays. Raises as ``MediaEngine.accept`` does, and then changes nothing."""
        ...

    def answered(self, answer: Offer) -> None:
        """The answer to our own offer (``MediaEngine.offer``). Raises ``ClientError``."""
        ...

    def open_channel(self, label: str, *, ordered: bool = True, protocol: str = "") -> DataChannel:
        """A data channel of ours. It may be sent to at once. Only with ``Wants.data``."""
        ...

    def stats(self) -> PeerStats: ...

    def timeline(self) -> tuple[Moment, ...]:
        """What happened so far, oldest first, at most 64 moments."""
        ...

    async def closed(self) -> str:
        """Wait for the end and return its reason: ``left`` (the peer's goodbye), ``never came``, ``vanished``,
        ``dtls failed``, ``dtls timed out``, ``shutdown``, or what ``close`` was given."""
        ...

    def close(self, reason: str = "closed") -> None:
        """Say goodbye and forget it. Calling it again does nothing."""
        ...


class Accepted(msgspec.Struct, frozen=True):
    """``answer`` holds all our candidates. ``etag`` is ``peer.etag``."""

    answer: str
    peer: Peer
    etag: str


class Offered(msgspec.Struct, frozen=True):
    """A counter-offer and the peer that it makes, if it is answered within 30 s."""

    offer: str
    peer: Peer
    etag: str


class MediaEngine(Protocol):
    async def start(self) -> None:
        """Take the sockets. Raises ``ConfigError`` where the port is not to be had."""
        ...

    async def aclose(self) -> None:
        """Say goodbye to all peers and give the sockets back."""
        ...

    async def accept(self, offer: Offer, wants: Wants) -> Accepted:
        """Answer an offer. A peer whose packets do not come within 15 s is closed.

        Raises ``Refused`` (503 ``over_capacity``, with ``retry_after``), ``ClientError`` with code ``invalid_sdp``, or
        ``codec_mismatch`` where a section is wanted and no codec of it fits.
        """
        ...

    async def offer(self, wants: Wants) -> Offered:
        """Offer ``wants.play`` to a peer whose own offer did not fit (WHEP's counter-offer). Raises ``Refused``."""
        ...

    @property
    def peers(self) -> tuple[Peer, ...]: ...

    def peer(self, peer_id: str) -> Peer | None: ...

    def stats(self) -> EngineStats: ...
