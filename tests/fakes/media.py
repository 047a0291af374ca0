"""A media engine without a network: it answers offers, and the test says what happens then."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, cast

from salon.base.errors import ClientError, Refused
from salon.ports.media import (
    Accepted,
    AudioIn,
    AudioOut,
    Closed,
    Connected,
    DataChannel,
    Disconnected,
    Layer,
    Offered,
    Output,
    Peer,
    PeerEvent,
    Source,
    SourceAdded,
    Stop,
    Tap,
    Wants,
)
from salon.ports.media_stats import EngineStats, Kind, Moment, PeerState, PeerStats
from salon.rtc.sdp.fragment import Fragment
from salon.rtc.sdp.model import Codec, Offer
from salon.rtc.sdp.negotiate import same_codec


class FakeSource:
    def __init__(self, kind: Kind, mid: str, codec: Codec) -> None:
        self.id = f"source {mid}"
        self.kind: Kind = kind
        self.mid = mid
        self.codec = codec
        self.layers: tuple[Layer, ...] = (Layer(rid="", bitrate=1_000_000, width=640, height=360),)
        self.live = True
        self.viewers = 0
        self.taps: list[Tap] = []
        self.keyframes_requested = 0

    def clock(self, now: int) -> tuple[int, int]:
        return now << 32, now * self.codec.clock_rate // 1000

    def tap(self, tap: Tap) -> Stop:
        self.taps.append(tap)
        return lambda: self.taps.remove(tap) if tap in self.taps else None

    def request_keyframe(self) -> None:
        self.keyframes_requested += 1


class FakeOutput:
    def __init__(self, mid: str, kind: Kind, codec: Codec, source: Source | None) -> None:
        self.mid = mid
        self.kind: Kind = kind
        self.codec = codec
        self.source = source

    def play(self, source: Source) -> None:
        if source.codec.key != self.codec.key:
            raise ClientError("Another codec was agreed.", code="codec_mismatch")
        self.source = source

    def stop(self) -> None:
        self.source = None


class FakePeer:
    def __init__(self, peer_id: str, offer: Offer | None, sources: Sequence[Source], outputs: Sequence[Output]) -> None:
        self.id = peer_id
        self.state: PeerState = "new"
        self.etag = f"{peer_id}-1"
        self.sources = tuple(sources)
        self.outputs = tuple(outputs)
        self.ufrag = offer.transport.ufrag if offer is not None else ""
        self.answers: list[Offer] = []
        self.reason = ""
        self._listeners: list[Callable[[PeerEvent], None]] = []
        self._closed = asyncio.Event()

    @property
    def audio_in(self) -> AudioIn:
        raise AssertionError("there is no voice here")

    @property
    def audio_out(self) -> AudioOut:
        raise AssertionError("there is no voice here")

    def listen(self, on_event: Callable[[PeerEvent], None]) -> Stop:
        self._listeners.append(on_event)
        return lambda: self._listeners.remove(on_event)

    async def events(self) -> AsyncIterator[PeerEvent]:
        queue: asyncio.Queue[PeerEvent] = asyncio.Queue(256)
        self.listen(queue.put_nowait)
        while not isinstance(event := await queue.get(), Closed):
            yield event
        yield event

    def restart(self, fragment: Fragment) -> str:
        if fragment.ufrag == "unlucky":
            raise ClientError("No.", code="invalid_sdp")
        self.ufrag = fragment.ufrag
        self.etag += "+"
        return "a=ice-ufrag:ours\r\na=ice-pwd:0123456789012345678901\r\n"

    def trickle(self, fragment: Fragment) -> None:
        if fragment.ufrag != self.ufrag:
            raise ClientError("Stale.", code="stale_candidates")

    def renegotiate(self, offer: Offer, wants: Wants) -> str:
        raise AssertionError("nobody renegotiates here")

    def answered(self, answer: Offer) -> None:
        if not any(media.kind in ("audio", "video") for media in answer.media):
            raise ClientError("The answer takes nothing.", code="invalid_sdp")
        self.answers.append(answer)
        self.ufrag = answer.transport.ufrag

    def open_channel(self, label: str, *, ordered: bool = True, protocol: str = "") -> DataChannel:
        raise AssertionError("there are no data channels here")

    def stats(self) -> PeerStats:
        return PeerStats(
            id=self.id,
            state=self.state,
            age_ms=0,
            transport="udp",
            local="",
            remote="",
            dtls_cipher="",
            srtp_profile="",
            rtt_ms=7,
            estimate=None,
            received=0,
            sent=0,
            received_bitrate=1_000,
            sent_bitrate=2_000,
            send_queue=0,
            dropped=0,
            first_packet_in_ms=None,
            first_packet_out_ms=None,
        )

    def timeline(self) -> tuple[Moment, ...]:
        return (Moment(5, "offer", ""), Moment(7, "answer", ""))

    async def closed(self) -> str:
        await self._closed.wait()
        return self.reason

    def close(self, reason: str = "closed") -> None:
        if self.state != "closed":
            self.state = "closed"
            self.reason = reason
            self._closed.set()
            self.tell(Closed(reason))

    # What a network would do.

    def connect(self) -> None:
        self.state = "connected"
        self.tell(Connected())

    def send(self) -> None:
        """The first packet of each track."""
        self.connect()
        for source in self.sources:
            self.tell(SourceAdded(source))

    def go_silent(self) -> None:
        self.state = "disconnected"
        self.tell(Disconnected())

    def tell(self, event: PeerEvent) -> None:
        for listener in tuple(self._listeners):
            listener(event)


class FakeEngine:
    """``full`` refuses everybody."""

    def __init__(self) -> None:
        self.full = False
        self.made: list[FakePeer] = []
        self.before_answer: Callable[[], Any] = lambda: None

    @property
    def peers(self) -> tuple[Peer, ...]:
        return tuple(cast(Peer, peer) for peer in self.made if peer.state != "closed")

    def peer(self, peer_id: str) -> Peer | None:
        return next((peer for peer in self.peers if peer.id == peer_id), None)

    def stats(self) -> EngineStats:
        raise AssertionError("nobody asks here")

    async def start(self) -> None: ...

    async def aclose(self) -> None: ...

    async def accept(self, offer: Offer, wants: Wants) -> Accepted:
        if self.full:
            raise Refused("Full.", status=503, code="over_capacity", retry_after=5)
        if not offer.transport.ufrag:
            raise ClientError("It has no ice-ufrag.", code="invalid_sdp")
        self.before_answer()
        await asyncio.sleep(0)
        sources, outputs = [], []
        for media in offer.media:
            kind = cast(Kind, media.kind)
            if wants.publish.get(kind):
                wanted = wants.audio if kind == "audio" else wants.video
                codec = next((codec for codec in media.codecs if codec.key in wanted), None)
                if codec is None:
                    raise ClientError("No codec fits.", code="codec_mismatch")
                sources.append(FakeSource(kind, media.mid, codec))
            elif played := [source for source in wants.play if source.kind == kind]:
                found = same_codec(media, played[0].codec)
                if not found:
                    raise ClientError("No codec fits.", code="codec_mismatch")
                outputs.append(FakeOutput(media.mid, kind, found[0], played[0]))
        peer = self._peer(offer, sources, outputs)
        return Accepted(f"v=0\r\ns=answer {peer.id}\r\n", cast(Peer, peer), peer.etag)

    async def offer(self, wants: Wants) -> Offered:
        await asyncio.sleep(0)
        outputs = [FakeOutput(str(index), source.kind, source.codec, source) for index, source in enumerate(wants.play)]
        peer = self._peer(None, [], outputs)
        return Offered(f"v=0\r\ns=offer {peer.id}\r\n", cast(Peer, peer), peer.etag)

    def _peer(self, offer: Offer | None, sources: Sequence[Any], outputs: Sequence[Any]) -> FakePeer:
        peer = FakePeer(f"peer{len(self.made)}", offer, sources, outputs)
        self.made.append(peer)
        return peer


def offer_text(
    direction: str = "sendonly",
    *,
    kinds: Sequence[str] = ("audio", "video"),
    video: str = "VP8",
    audio: str = "opus",
    ufrag: str = "abcd",
    bundle: bool = True,
) -> str:
    """An offer as browsers make it, cut down to what matters."""
    lines = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0"]
    if bundle:
        lines.append("a=group:BUNDLE " + " ".join(str(index) for index in range(len(kinds))))
    for index, kind in enumerate(kinds):
        name = f"{video}/90000" if kind == "video" else f"{audio}/48000/2"
        fmtp = "a=fmtp:96 packetization-mode=1;profile-level-id=42e01f" if name.startswith("H264") else "a=x"
        lines += [
            f"m={kind} 9 UDP/TLS/RTP/SAVPF 96",
            "c=IN IP4 0.0.0.0",
            f"a=mid:{index}",
            f"a={direction}",
            "a=rtcp-mux",
            f"a=rtpmap:96 {name}",
            fmtp,
            f"a=ice-ufrag:{ufrag}",
            "a=ice-pwd:0123456789012345678901",
            "a=setup:actpass",
            "a=fingerprint:sha-256 " + ":".join(["AB"] * 32),
        ]
    return "\r\n".join([*lines, ""])
