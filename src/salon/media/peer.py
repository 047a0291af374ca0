"""One peer (``ports.media.Peer``): its transport, its sections, and who listens to it.

Parts call up, never sideways: the transport hands packets here, and they go to ``Inbound``, ``Outbound`` or the association.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from random import Random
from typing import Final, Protocol

from salon.base.errors import ClientError
from salon.media import counter, stats
from salon.media.audio import AudioIn, AudioOut
from salon.media.events import Events
from salon.media.inbound import Inbound
from salon.media.outbound import Outbound
from salon.media.plan import Planned, describe, plan
from salon.media.schedule import Entry
from salon.media.sctp import Association, Channel
from salon.media.sections import Sections
from salon.media.sinks import Lane, Output
from salon.media.srtp import Keys
from salon.media.timeline import Timeline
from salon.media.tracks import Source
from salon.media.transport import Transport, Ways
from salon.ports.media import (
    ChannelOpened,
    Connected,
    Disconnected,
    PeerEvent,
    SourceAdded,
    SourceRemoved,
    Stop,
    Wants,
)
from salon.ports.media_stats import Kind, Moment, PeerState, PeerStats
from salon.rtc import ice, rtcp
from salon.rtc.probe import SendLog
from salon.rtc.sdp.fragment import Fragment
from salon.rtc.sdp.fragment import write as write_fragment
from salon.rtc.sdp.model import Candidate, Fingerprint, Offer
from salon.rtc.sdp.write import Section as Written
from salon.rtc.sdp.write import Transport as Described
from salon.rtc.sdp.write import write

REPORT_MS: Final = 1_000
FIRST_REPORT_MS: Final = 200
COUNTER_OFFER_MS: Final = 30_000
# Sender reports in one compound packet, of 28 bytes each: it stays within a datagram.
MAX_REPORTS: Final = 24


class House(Ways, Protocol):
    """The engine, as far as its peers need it."""

    random: Random
    candidates: tuple[Candidate, ...]

    def credentials(self) -> ice.Credentials: ...

    def number(self) -> int: ...

    def new_id(self, prefix: str) -> str: ...

    def ntp(self, now: int) -> int: ...

    def tick_peer(self, peer: Peer, wanted: bool) -> None:
        """Whether this peer wants ``tick`` every 20 ms."""
        ...

    def peer_over(self, peer: Peer, reason: str) -> None: ...


class Peer:
    def __init__(self, house: House, peer_id: str, wants: Wants, now: int) -> None:
        self.id = peer_id
        self.state: PeerState = "new"
        self.etag = house.new_id("ice")
        self.house = house
        self.began = now
        self.history = Timeline(now)
        self.local = house.credentials()
        self.remote_ufrag = ""
        self.sections = Sections(self)
        self.association: Association | None = None
        self.ears: AudioIn | None = AudioIn(lambda: self.outbound.round_trip.half) if wants.voice else None
        self.voice: AudioOut | None = None
        self.transport: Transport
        self.inbound: Inbound
        self.outbound: Outbound
        self.report_ssrc = self.ssrc()
        self._counter: list[Planned] | None = None
        self._version = 0
        self._data = False
        self._keys: Keys | None = None
        self._entry: Entry | None = None
        self._session = house.random.getrandbits(62)
        self._events = Events()
        self._channel_limits = (5000, 65536)
        self._paced = False

    # Signalling ----------------------------------------------------------------------------------------------------------

    def accept(self, offer: Offer, planned: list[Planned], now: int) -> str:
        self._connect_to(offer, now)
        self.history.add(now, "offer", describe(planned))
        text = self._answer(planned)
        self.history.add(now, "answer")
        self.state = "connecting"
        return text

    def offer(self, planned: list[Planned], now: int) -> str:
        """A counter-offer. Who the peer is, its answer says."""
        agent = ice.IceLite(self.local, "", now + COUNTER_OFFER_MS)
        self._build(agent, ())
        self._counter = planned
        self.history.add(now, "offer", describe(planned))
        return self._text(self.sections.apply(planned), "actpass")

    def answered(self, answer: Offer) -> None:
        planned = self._counter
        if planned is None:
            raise ClientError("There is no offer that this could answer.", code="invalid_sdp")
        now = self.house.clock.now()
        taken = counter.answered(answer, planned)
        remote = answer.transport
        self._counter = None
        self.remote_ufrag = remote.ufrag
        self.transport.expect(ice.IceLite(self.local, remote.ufrag, now), remote.fingerprints)
        self.sections.apply(taken)
        self.history.add(now, "answer", describe(taken))
        self.state = "connecting"

    def renegotiate(self, offer: Offer, wants: Wants) -> str:
        self._must_live()
        now = self.house.clock.now()
        planned = plan(offer, wants, self.sections.playing())
        remote = offer.transport
        if remote.ufrag != self.remote_ufrag:
            self._restart(remote.ufrag, now)
        before = set(self.sections.sources)
        text = self._answer(planned)
        for source in before - set(self.sections.sources):
            self._events.tell(SourceRemoved(source))
        self.history.add(now, "renegotiated", describe(planned))
        return text

    def restart(self, fragment: Fragment) -> str:
        self._must_live()
        self._restart(fragment.ufrag, self.house.clock.now())
        return write_fragment(self.local, self.house.candidates, self.sections.mids)

    def trickle(self, fragment: Fragment) -> None:
        if fragment.ufrag != self.remote_ufrag:
            raise ClientError("These candidates are of another ICE session.", code="stale_candidates")

    # What is used --------------------------------------------------------------------------------------------------------

    @property
    def sources(self) -> tuple[Source, ...]:
        return self.sections.sources

    @property
    def outputs(self) -> tuple[Output, ...]:
        return self.sections.outputs

    @property
    def audio_in(self) -> AudioIn:
        if self.ears is None:
            raise ClientError("This peer has no voice.", code="no_voice")
        return self.ears

    @property
    def audio_out(self) -> AudioOut:
        if self.voice is None:
            raise ClientError("This peer does not listen.", code="no_voice")
        return self.voice

    def listen(self, on_event: Callable[[PeerEvent], None]) -> Stop:
        return self._events.listen(on_event)

    def events(self) -> AsyncIterator[PeerEvent]:
        return self._events.iterate()

    def open_channel(self, label: str, *, ordered: bool = True, protocol: str = "") -> Channel:
        self._must_live()
        if not self._data:
            raise ClientError("This peer was not offered data channels.", code="no_data_channels")
        return self._associated().open(label, ordered=ordered, protocol=protocol)

    def stats(self) -> PeerStats:
        return stats.of_peer(self, self.house.clock.now())

    def timeline(self) -> tuple[Moment, ...]:
        return self.history.moments()

    async def closed(self) -> str:
        return await self._events.over()

    def close(self, reason: str = "closed") -> None:
        if self.state == "closed":
            return
        ssrcs = [output.lane.ssrc for output in self.sections.outputs]
        if self.voice is not None:
            ssrcs.append(self.voice.ssrc)
        if ssrcs and self._keys is not None:
            empty = rtcp.build(rtcp.ReceiverReport(self.report_ssrc))
            self.transport.send_rtcp(empty + rtcp.build(rtcp.Bye(tuple(ssrcs[:31]))))
        if self.association is not None:
            self.association.close()
        self.transport.close()
        self._end(reason)

    # The transport's handler ---------------------------------------------------------------------------------------------

    def on_connected(self, keys: Keys, now: int) -> None:
        self._keys = keys
        if (rtt := self.transport.proof.rtt) is not None:
            # A handshake's flight goes there and back, and makes keys in between: an upper bound until reports tell.
            self.inbound.rtt = max(rtt, 20)
        self.sections.connect(keys)
        self.state = "connected"
        self.history.add(now, "connected")
        if self._data:
            self._associated().start()
        self._entry = self.house.schedule.at(now + FIRST_REPORT_MS, self._report)
        self._pace()
        self._events.tell(Connected())

    def on_state(self, state: str, now: int) -> None:
        if state == "disconnected":
            self.state = "disconnected"
            self.history.add(now, "disconnected")
            self._events.tell(Disconnected())
        elif self.state == "disconnected":
            self.state = "connected"
            self.history.add(now, "connected")
            self._events.tell(Connected())

    def on_rtp(self, packet: bytes, now: int) -> None:
        self.inbound.receive(packet, now)

    def on_rtcp(self, packets: list[rtcp.Rtcp], now: int) -> None:
        outbound = self.outbound
        for packet in packets:
            if type(packet) is rtcp.SenderReport:
                self.inbound.report(packet, now)
            outbound.receive(packet, now)
        if outbound.round_trip.ms is not None:
            self.inbound.rtt = outbound.round_trip.ms
        if bool(outbound.wanted) is not self._paced:
            self._pace()

    def on_data(self, data: bytes, now: int) -> None:
        if self._data and not self._associated().receive(data):
            self.close("broken data channel")

    def on_over(self, reason: str) -> None:
        if self.association is not None:
            self.association.close()
        self._end(reason)

    # Time ----------------------------------------------------------------------------------------------------------------

    def tick(self, now: int) -> None:
        """Every 20 ms, for peers that publish, speak or are probed."""
        if self.voice is not None:
            self.voice.tick(now)
        if self.inbound.sections:
            self.inbound.tick(now)
        if self.outbound.wanted:
            self.outbound.tick(now)

    def after_tick(self, now: int) -> None:
        """What takes longer, and may be later: when all packets of this tick are sent."""
        if self.ears is not None:
            self.ears.tick(now)
        if self.voice is not None:
            self.voice.prepare()

    def _report(self, now: int) -> None:
        # RFC 3550 section 6.2: the interval is randomised, so that reports of many do not fall together.
        self._entry = self.house.schedule.at(now + int(REPORT_MS * (0.5 + self.house.random.random())), self._report)
        blocks = self.inbound.reports(now)
        parts = [rtcp.build(each) for each in self.outbound.reports(now)]
        if blocks or parts:
            # Our own sender reports carry no blocks: those are in one receiver report, and all in one compound packet.
            head = rtcp.build(rtcp.ReceiverReport(self.report_ssrc, tuple(blocks)))
            tail = rtcp.sdes(self.report_ssrc, self.id)
            if (limit := self.inbound.limit(blocks, now)) is not None:
                tail += rtcp.build(limit)
            self.transport.send_rtcp(head + b"".join(parts[:MAX_REPORTS]) + tail)
            for at in range(MAX_REPORTS, len(parts), MAX_REPORTS):
                self.transport.send_rtcp(b"".join(parts[at : at + MAX_REPORTS]) + tail)

    # The sections' maker -------------------------------------------------------------------------------------------------

    def source(self, kind: Kind, planned: Planned) -> Source:
        house, mid = self.house, planned.media.mid
        return Source(house.new_id("track"), kind, mid, planned.codecs[0], self.id, house.clock, house.ntp)

    def output(self, lane: Lane) -> Output:
        house = self.house
        return Output(lane, self.transport, self.outbound.log, house.clock, house.schedule, house.random)

    def speaker(self, ssrc: int, payload_type: int) -> AudioOut:
        house = self.house
        return AudioOut(self.transport, ssrc, payload_type, house.random, house.ntp, self.outbound.round_trip)

    def ssrc(self) -> int:
        return self.house.random.getrandbits(32) or 1

    # ---------------------------------------------------------------------------------------------------------------------

    def _connect_to(self, offer: Offer, now: int) -> None:
        remote = offer.transport
        self.remote_ufrag = remote.ufrag
        self._build(ice.IceLite(self.local, remote.ufrag, now), remote.fingerprints)

    def _build(self, agent: ice.IceLite, fingerprints: tuple[Fingerprint, ...]) -> None:
        self.transport = Transport(self.house, agent, fingerprints, self, self.history)
        self.inbound = Inbound(self.transport, self.report_ssrc, self.house.number, self._source_added)
        self.outbound = Outbound(SendLog(), self.transport)

    def _answer(self, planned: list[Planned]) -> str:
        written = self.sections.apply(planned)
        data = next((each.media for each in planned if each.data), None)
        if data is not None and not self._data:
            self._data = True
            self._channel_limits = (data.sctp_port or 5000, data.max_message_size)
            if self.state in ("connected", "disconnected"):
                self._associated().start()
        self._pace()
        return self._text(written, "passive")

    def _text(self, written: list[Written], setup: str) -> str:
        self._version += 1
        house = self.house
        described = Described(
            credentials=self.local,
            fingerprints=house.identity.fingerprints,
            candidates=house.candidates,
            setup=setup,
        )
        return write(self._session, self._version, described, written)

    def _restart(self, remote_ufrag: str, now: int) -> None:
        self.local = self.house.credentials()
        self.remote_ufrag = remote_ufrag
        self.etag = self.house.new_id("ice")
        self.transport.restart(self.local, remote_ufrag)
        self.history.add(now, "ice restart")

    def _associated(self) -> Association:
        if self.association is None:
            port, largest = self._channel_limits
            self.association = Association(self.transport.send_data, self._channel_opened, port, largest)
        return self.association

    def _channel_opened(self, channel: Channel) -> None:
        self.history.add(self.house.clock.now(), "data open", channel.label[:64])
        self._events.tell(ChannelOpened(channel))

    def _source_added(self, source: Source) -> None:
        now = self.house.clock.now()
        if self.history.when("first packet in") is None:
            self.history.add(now, "first packet in")
        self.history.add(now, "source added", f"{source.kind} {source.codec.name}")
        self._events.tell(SourceAdded(source))

    def _pace(self) -> None:
        self._paced = bool(self.outbound.wanted)
        voice = self.ears is not None or self.voice is not None
        wanted = self.state in ("connected", "disconnected") and (voice or self._paced or bool(self.inbound.sections))
        self.house.tick_peer(self, wanted)

    def _must_live(self) -> None:
        if self.state == "closed":
            raise ClientError("This peer is closed.", code="peer_closed")

    def _end(self, reason: str) -> None:
        if self.state == "closed":
            return
        now = self.house.clock.now()
        self.state = "closed"
        self.history.add(now, "close", reason)
        self.house.tick_peer(self, False)
        if self._entry is not None:
            self._entry.cancel()
            self._entry = None
        sources = self.sections.sources
        self.outbound.close()
        self.inbound.close()
        self.sections.close()
        for source in sources:
            self._events.tell(SourceRemoved(source))
        self._events.end(reason)
        self.house.peer_over(self, reason)
