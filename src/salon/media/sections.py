"""The sections of one peer: what was planned, made, and written down in answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from salon.media.audio import AudioIn, AudioOut
from salon.media.inbound import Inbound, Section
from salon.media.outbound import Outbound
from salon.media.plan import Planned
from salon.media.sinks import Lane, Output
from salon.media.srtp import Keys
from salon.media.tracks import Source
from salon.ports.media import MAX_MESSAGE
from salon.ports.media_stats import Kind
from salon.rtc.sdp.write import Section as Written
from salon.rtc.sdp.write import Sent

SCTP_PORT = 5000


class Maker(Protocol):
    """The peer, as far as its sections need it."""

    id: str
    inbound: Inbound
    outbound: Outbound
    ears: AudioIn | None
    voice: AudioOut | None

    def source(self, kind: Kind, planned: Planned) -> Source: ...

    def output(self, lane: Lane) -> Output: ...

    def speaker(self, ssrc: int, payload_type: int) -> AudioOut: ...

    def ssrc(self) -> int: ...


class Sections:
    """By mid, in the order of the offer."""

    def __init__(self, maker: Maker) -> None:
        self._maker = maker
        self._made: dict[str, Planned] = {}
        self._outputs: dict[str, Output] = {}
        self._sources: dict[str, Source] = {}
        self._lanes: dict[str, Lane] = {}
        self._voice_mid = ""
        self._keys: Keys | None = None

    @property
    def sources(self) -> tuple[Source, ...]:
        return tuple(self._sources.values())

    @property
    def outputs(self) -> tuple[Output, ...]:
        return tuple(self._outputs.values())

    @property
    def mids(self) -> tuple[str, ...]:
        return tuple(mid for mid, planned in self._made.items() if not planned.rejected)

    def playing(self) -> dict[str, Source]:
        return {mid: output.source for mid, output in self._outputs.items() if output.source is not None}

    def apply(self, planned: Sequence[Planned]) -> list[Written]:
        """Make what is new, end what is over, and say how the answer describes each."""
        for each in planned:
            mid = each.media.mid
            self._made[mid] = each
            self._end(each)
            if each.takes and mid not in self._sources:
                self._take(each)
            if each.gives and mid not in self._lanes:
                self._give(each)
            elif each.source is not None and mid in self._outputs:
                self._outputs[mid].play(each.source)
        return [self._written(each) for each in planned]

    def connect(self, keys: Keys) -> None:
        self._keys = keys
        for output in self._outputs.values():
            output.connect(keys)
        self._connect_voice()

    def close(self) -> None:
        self._sources.clear()
        self._outputs.clear()
        self._made.clear()

    def _end(self, planned: Planned) -> None:
        mid = planned.media.mid
        if not planned.takes and self._sources.pop(mid, None) is not None:
            self._maker.inbound.remove(mid)
        if not planned.gives and mid in self._lanes:
            del self._lanes[mid]
            output = self._outputs.pop(mid, None)
            if output is not None:
                output.close()
                self._maker.outbound.outputs.remove(output)

    def _take(self, planned: Planned) -> None:
        maker, media = self._maker, planned.media
        kind: Kind = "audio" if media.kind == "audio" else "video"
        source = maker.source(kind, planned)
        source.offered_layers = len(planned.rids) or 1
        self._sources[media.mid] = source
        maker.inbound.add(Section(media, planned.codecs, planned.ids, source))
        if maker.ears is not None and kind == "audio" and not self._voice_mid:
            self._voice_mid = media.mid
            source.tap(maker.ears)

    def _give(self, planned: Planned) -> None:
        maker, media = self._maker, planned.media
        repeats = any(codec.key == "rtx" for codec in planned.codecs)
        lane = Lane(
            mid=media.mid,
            kind="audio" if media.kind == "audio" else "video",
            codecs=planned.codecs,
            extensions=planned.ids,
            ssrc=maker.ssrc(),
            rtx_ssrc=maker.ssrc() if repeats else None,
        )
        self._lanes[media.mid] = lane
        if planned.voice:
            maker.voice = maker.outbound.voice = maker.speaker(lane.ssrc, lane.codec.payload_type)
            self._connect_voice()
            return
        output = maker.output(lane)
        self._outputs[media.mid] = output
        maker.outbound.outputs.append(output)
        if planned.source is not None:
            output.play(planned.source)
        if self._keys is not None:
            output.connect(self._keys)

    def _connect_voice(self) -> None:
        voice, keys = self._maker.voice, self._keys
        lane = next((lane for mid, lane in self._lanes.items() if mid not in self._outputs), None)
        if voice is not None and keys is not None and lane is not None:
            voice.connect(lane.writer(self._maker.outbound.log, keys.tag))

    def _written(self, planned: Planned) -> Written:
        media = planned.media
        if planned.rejected:
            return Written(
                mid=media.mid, kind=media.kind, protocol=media.protocol, formats=media.formats, rejected=True
            )
        if planned.data:
            return Written(
                mid=media.mid,
                kind=media.kind,
                protocol=media.protocol,
                formats=media.formats,
                sctp_port=SCTP_PORT,
                max_message_size=MAX_MESSAGE,
            )
        lane = self._lanes.get(media.mid)
        sent = None
        if lane is not None:
            # What belongs together has one stream: browsers keep its sound and its picture in step.
            stream = planned.source.stream if planned.source is not None else f"salon-{self._maker.id}"
            sent = Sent(
                ssrc=lane.ssrc,
                rtx_ssrc=lane.rtx_ssrc,
                cname=stream,
                stream=stream,
                track=f"{stream}-{media.mid}",
            )
        return Written(
            mid=media.mid,
            kind=media.kind,
            protocol=media.protocol,
            formats=media.formats,
            direction=planned.direction,
            codecs=planned.codecs,
            extensions=planned.extensions,
            rids=planned.rids,
            sends=sent,
        )
