"""What one peer sends: which packet is whose (RFC 9143 section 9.2), and what it is told about them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from salon.media import instants
from salon.media.tracks import NEVER, Layer, Source
from salon.media.transport import Transport
from salon.rtc import rtcp
from salon.rtc.feedback import Remb, TransportArrivals
from salon.rtc.retransmit import original
from salon.rtc.rtp import Packet, parse
from salon.rtc.sdp import negotiate
from salon.rtc.sdp.model import Codec, Media

# SSRCs that one peer may send with: three layers and their repeats for each of ten sections.
MAX_SSRCS: Final = 64


class Section:
    """A section that the peer sends in. ``ids`` are its header extensions, by URI."""

    __slots__ = ("extensions", "layers", "media", "mid", "payload_type", "rtx_type", "source", "wants")

    def __init__(self, media: Media, codecs: Sequence[Codec], extensions: dict[str, int], source: Source) -> None:
        self.media = media
        self.mid = media.mid.encode()
        self.source = source
        self.payload_type = codecs[0].payload_type
        self.rtx_type = next((codec.payload_type for codec in codecs if codec.key == "rtx"), -1)
        self.extensions = extensions
        self.wants = frozenset(codecs[0].feedback)


class Inbound:
    """All sections of one peer. ``number`` gives numbers that name a layer in the whole engine."""

    def __init__(
        self, transport: Transport, ssrc: int, number: Callable[[], int], on_first: Callable[[Source], None]
    ) -> None:
        self.sections: list[Section] = []
        self.arrivals: TransportArrivals | None = None
        self.strays = 0
        self.rtt = 100
        self.blocks: dict[int, rtcp.ReportBlock] = {}  # of the last interval, by SSRC
        self._ssrc = ssrc
        self._transport = transport
        self._number = number
        self._on_first = on_first
        self._routes: dict[int, tuple[Layer, bool, int]] = {}
        self._layers: list[Layer] = []
        self._twcc = 0
        self._mid_id = self._rid_id = self._repaired_id = 0
        self._remb: Remb | None = None
        self._fir = 0
        self._given_up: dict[int, int] = {}

    @property
    def layers(self) -> Sequence[Layer]:
        return self._layers

    def add(self, section: Section) -> None:
        self.sections.append(section)
        ids = section.extensions
        self._mid_id = ids.get(negotiate.MID, self._mid_id)
        self._rid_id = ids.get(negotiate.RID, self._rid_id)
        self._repaired_id = ids.get(negotiate.REPAIRED_RID, self._repaired_id)
        if "transport-cc" in section.wants and negotiate.TRANSPORT_SEQUENCE in ids:
            self._twcc = ids[negotiate.TRANSPORT_SEQUENCE]
            if self.arrivals is None:
                self.arrivals = TransportArrivals(self._ssrc)
        elif "goog-remb" in section.wants and self._remb is None:
            self._remb = Remb()
        self._declared(section)

    def remove(self, mid: str) -> None:
        """The peer ended a section."""
        for section in [section for section in self.sections if section.source.mid == mid]:
            self.sections.remove(section)
            self._layers = [layer for layer in self._layers if layer.source is not section.source]
            self._routes = {
                ssrc: route for ssrc, route in self._routes.items() if route[0].source is not section.source
            }
            section.source.close()

    def receive(self, data: bytes, now: int) -> None:
        """An RTP packet, decrypted."""
        packet = parse(data)
        if packet is None:
            return
        if (
            self._twcc
            and (value := packet.extensions.get(self._twcc))
            and self.arrivals is not None
            and len(value) == 2
        ):
            self.arrivals.arrived(value[0] << 8 | value[1], instants.micros())
        route = self._routes.get(packet.ssrc)
        if route is None:
            route = self._learn(packet)
            if route is None:
                self.strays += 1
                return
        layer, repeats, payload_type = route
        if packet.payload_type != payload_type:
            self.strays += 1
            return
        if repeats:
            repeated = original(packet, layer.ssrc, payload_type)
            if repeated is None:
                return
            packet = repeated
        elif layer.last_at == NEVER:
            self._first(layer)
        layer.receive(packet, now)

    def report(self, packet: rtcp.SenderReport, now: int) -> None:
        route = self._routes.get(packet.ssrc)
        if route is not None and not route[1]:
            route[0].receiver.sender_report(packet, now)

    def tick(self, now: int) -> None:
        """Every 20 ms: ask for what is missing, tell what came."""
        out = b""
        for layer in self._layers:
            receiver = layer.receiver
            if receiver.missing:
                if asked := receiver.nack(now, self.rtt):
                    out += rtcp.build(rtcp.Nack(self._ssrc, layer.ssrc, tuple(asked)))
                if receiver.given_up != self._given_up.get(layer.number, 0):
                    self._given_up[layer.number] = receiver.given_up
                    if layer.sinks or layer.source.taps:
                        layer.key_wanted = True
            if layer.key_wanted:
                layer.chase_key(now)
        arrivals = self.arrivals
        if arrivals is not None and arrivals.due(now):
            out += b"".join(map(rtcp.build, arrivals.build(now)))
        if out:
            self._transport.send_rtcp(out)

    def reports(self, now: int) -> list[rtcp.ReportBlock]:
        blocks = [layer.receiver.report(now) for layer in self._layers if layer.last_at != NEVER][:31]
        self.blocks = {block.ssrc: block for block in blocks}
        return blocks

    def limit(self, blocks: Sequence[rtcp.ReportBlock], now: int) -> rtcp.Remb | None:
        """For publishers that know REMB and nothing newer: what they may send."""
        if self._remb is None or self.arrivals is not None or not blocks:
            return None
        received = sum(layer.rate.bits(now) for layer in self._layers)
        bitrate = self._remb.update(received, max(block.fraction for block in blocks), now)
        return None if bitrate is None else rtcp.Remb(self._ssrc, bitrate, tuple(block.ssrc for block in blocks))

    def close(self) -> None:
        for section in self.sections:
            section.source.close()
        self._routes.clear()
        self._layers.clear()

    def _declared(self, section: Section) -> None:
        """The offer may name the SSRCs. Simulcast's are learnt from the packets."""
        media = section.media
        if media.rids or not media.ssrcs:
            return
        repeats = {
            members[1]: members[0] for semantics, members in media.groups if semantics == "FID" and len(members) == 2
        }
        main = next((ssrc for ssrc in media.ssrcs if ssrc not in repeats), None)
        if main is None:
            return
        layer = self._layer(section, "", main)
        self._routes[main] = (layer, False, section.payload_type)
        for ssrc, of in repeats.items():
            if of == main and section.rtx_type >= 0:
                self._routes[ssrc] = (layer, True, section.rtx_type)

    def _learn(self, packet: Packet) -> tuple[Layer, bool, int] | None:
        """Whose is an SSRC seen for the first time? Its mid says so, else its payload type, where only one section has it."""
        if len(self._routes) >= MAX_SSRCS:
            return None
        mid = packet.extensions.get(self._mid_id) if self._mid_id else None
        kind = packet.payload_type
        found = (
            [section for section in self.sections if section.mid == mid]
            if mid
            else [section for section in self.sections if kind in (section.payload_type, section.rtx_type)]
        )
        if len(found) != 1:
            return None
        section = found[0]
        repeats = kind == section.rtx_type
        if not repeats and kind != section.payload_type:
            return None
        rid_id = self._repaired_id if repeats else self._rid_id
        rid = packet.extensions.get(rid_id, b"").decode("ascii", "replace") if rid_id else ""
        layer = section.source.encodings.get(rid)
        if section.media.rids and rid not in section.media.rids:
            return None
        if repeats:
            if layer is None:
                return None
        elif layer is None or layer.ssrc != packet.ssrc:
            layer = self._layer(section, rid, packet.ssrc)
        route = (layer, repeats, kind)
        self._routes[packet.ssrc] = route
        return route

    def _layer(self, section: Section, rid: str, ssrc: int) -> Layer:
        """A new layer, or the same with a new SSRC: its sinks go over at the next key frame."""
        before = section.source.encodings.get(rid)
        layer = Layer(section.source, rid, ssrc, self._number(), self._ask)
        section.source.encodings[rid] = layer
        self._layers.append(layer)
        if before is not None:
            before.last_at = NEVER
            self._layers.remove(before)
            self._routes = {known: route for known, route in self._routes.items() if route[0] is not before}
        return layer

    def _first(self, layer: Layer) -> None:
        if all(each.last_at == NEVER for each in layer.source.encodings.values()):
            self._on_first(layer.source)
        if self.arrivals is not None and not self.arrivals.media:
            self.arrivals.media = layer.ssrc

    def _ask(self, layer: Layer) -> None:
        """A key frame of this layer, please."""
        wants = next((section.wants for section in self.sections if section.source is layer.source), frozenset[str]())
        if "nack pli" in wants or "ccm fir" not in wants:
            self._transport.send_rtcp(rtcp.build(rtcp.Pli(self._ssrc, layer.ssrc)))
        else:
            self._fir += 1
            self._transport.send_rtcp(rtcp.build(rtcp.Fir(self._ssrc, ((layer.ssrc, self._fir),))))
