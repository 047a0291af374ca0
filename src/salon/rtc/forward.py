"""One viewer's copy of one track.

The viewer sees one stream that never restarts: one SSRC, sequence numbers without holes but those of packets that are truly
missing, timestamps that go on. What feeds it may change under way, from one simulcast layer or publisher to another, always
at a key frame. Nothing is kept per packet: to answer a NACK, a sequence number is traced back to the source's.

::

    source 7   100 101 [102] 103 | padding 104 | 105            300 301 ...   source 9
    viewer      50  51   52   53 |             |  54             55  56 ...
                         └ lost on the way in: the viewer asks for 52, which is 7's 102
"""

from __future__ import annotations

from collections import deque
from typing import Final, NamedTuple

from salon.rtc import counters, vp8, vp9
from salon.rtc.outgoing import Writer
from salon.rtc.rtcp import SenderReport
from salon.rtc.rtp import Packet

# RFC 3550 appendix A.1: a jump farther than this is a restart, if the next packet confirms it.
MAX_DROPOUT: Final = 3000

# Stretches of numbering that are remembered: one for each switch, and for each padding packet between others.
MAX_STRETCHES: Final = 64

_COUNTED: Final[dict[str, counters.Parse]] = {"vp8": vp8.parse, "vp9": vp9.parse}


class Stretch(NamedTuple):
    """From ``begin`` on, the source's numbers become the viewer's by adding ``shift``; ``run`` counts switches.

    Sequence numbers are unwrapped here; the source's start anew with each run, the viewer's go on for ever.
    """

    run: int
    source: int
    begin: int
    shift: int
    timestamp_shift: int
    counters: counters.Shift

    @property
    def first(self) -> int:
        """The viewer's sequence number where it begins."""
        return self.begin + self.shift


class Forwarder:
    """``source`` in all calls is any number that names a source for the time of its life.

    ``writer`` lays out the packets for this viewer's section. ``codec`` is the codec's key: VP8 and VP9 have
    counters to be continued.
    """

    __slots__ = (
        "_at",
        "_clock_rate",
        "_counters",
        "_jump",
        "_last",
        "_marked",
        "_newest",
        "_offset",
        "_parse",
        "_plain",
        "_run",
        "_shift",
        "_stretches",
        "_timestamp",
        "_timestamp_shift",
        "_wanted",
        "_write",
        "octets",
        "packets",
        "source",
        "ssrc",
        "writer",
    )

    def __init__(
        self,
        *,
        ssrc: int,
        payload_type: int,
        clock_rate: int,
        writer: Writer,
        codec: str = "",
        first_sequence: int = 0,
        first_timestamp: int = 0,
    ) -> None:
        self.ssrc = ssrc
        self.source: int | None = None
        self.packets = 0
        self.octets = 0
        self.writer = writer
        self._write = writer.write
        self._plain = payload_type
        self._marked = payload_type | 0x80
        self._clock_rate = clock_rate
        self._parse = _COUNTED.get(codec)
        self._wanted: int | None = None
        self._offset: int | None = None
        self._newest = first_sequence - 1
        self._shift = 0
        self._timestamp = first_timestamp
        self._timestamp_shift = 0
        self._counters: counters.Shift | None = None
        self._run = 0
        self._last: Packet | None = None
        self._at = 0
        self._jump = -1
        self._stretches: deque[Stretch] = deque(maxlen=MAX_STRETCHES)

    @property
    def waiting_for(self) -> int | None:
        """The source whose next key frame is to begin; somebody must ask it for one."""
        return self._wanted

    @property
    def highest(self) -> int:
        """The newest sequence number sent, unwrapped."""
        return self._newest + self._shift

    def switch(self, source: int, *, offset: int | None = None, at_once: bool = False) -> None:
        """From its next key frame on, ``source`` is what the viewer gets.

        ``offset`` makes ``source``'s timestamps those of the present source, where sender reports tell
        (``Receiver.offset_to``); without it the clock decides. ``at_once`` stops the present source now: what it still sends
        is more than the viewer's network carries.
        """
        if source == self.source:
            self._wanted = None
            return
        self._wanted = source
        self._offset = offset
        if at_once:
            self.source = None

    def pause(self) -> None:
        """Nothing is forwarded until a switch takes effect."""
        self.source = self._wanted = None

    def forward(self, source: int, packet: Packet, key: bool, now: int) -> bytearray | None:
        """The viewer's packet, laid out as ``outgoing`` says, or None where this is not for the viewer.

        ``key`` says that a decoder can start here (``keyframes.starts_keyframe``, once for all viewers; True for audio).
        Repeated packets are the caller's to leave out (``Receiver.receive``).

        Runs for each packet and viewer. Budget 3 us; CPython 3.11 took 1.0 us for 1.2 kB, and 2.0 us for VP8 or VP9 whose
        counters are shifted, on one core of the machine it was written on.
        """
        if source != self.source:
            if not key or source != self._wanted:
                return None
            self._begin(source, packet, now)
        data, marker, _, sequence, timestamp, _, _, begin, end = packet
        ahead = (sequence - self._newest) & 0xFFFF
        if 0 < ahead < MAX_DROPOUT:
            self._newest += ahead
            if begin == end:
                self._hide()
                return None
            self._last = packet
            self._at = now
            sequence = (self._newest + self._shift) & 0xFFFF
            timestamp = (timestamp + self._timestamp_shift) & 0xFFFFFFFF
        else:
            stretch = self._trace_late(packet, ahead, now)
            if stretch is None:
                return None
            sequence = (sequence + stretch.shift) & 0xFFFF
            timestamp = (timestamp + stretch.timestamp_shift) & 0xFFFFFFFF
        self.packets += 1
        self.octets += end - begin
        out = self._write(self._marked if marker else self._plain, sequence, timestamp, self.ssrc, data[begin:end], now)
        if self._counters is not None and self._parse is not None:
            counters.apply(self._parse, out, self.writer.head, self._counters)
        return out

    def trace(self, sequence: int) -> tuple[Stretch, int, int] | None:
        """Where the viewer's ``sequence`` came from: the stretch, the source's sequence number, and the viewer's unwrapped
        one. None for one never sent or out of memory."""
        highest = self.highest
        behind = (highest - sequence) & 0xFFFF
        if behind >= 0x8000:
            return None
        wanted = highest - behind
        for stretch in reversed(self._stretches):
            if wanted >= stretch.first:
                return stretch, (wanted - stretch.shift) & 0xFFFF, wanted
        return None

    def again(self, stretch: Stretch, packet: Packet, sequence: int, now: int) -> bytearray:
        """A packet as it was first sent, under the viewer's ``sequence``."""
        second = self._marked if packet.marker else self._plain
        out = self._write(
            second, sequence, self.shifted(stretch, packet), self.ssrc, self.payload(stretch, packet), now
        )
        self.packets += 1
        self.octets += packet.end - packet.payload
        return out

    def shifted(self, stretch: Stretch, packet: Packet) -> int:
        """The viewer's timestamp of ``packet``."""
        return (packet.timestamp + stretch.timestamp_shift) & 0xFFFFFFFF

    def payload(self, stretch: Stretch, packet: Packet) -> bytes:
        """The payload as the viewer got it."""
        payload = packet.data[packet.payload : packet.end]
        if self._parse is not None and stretch.counters != counters.NONE:
            patched = bytearray(payload)
            counters.apply(self._parse, patched, 0, stretch.counters)
            return bytes(patched)
        return payload

    def report(self, clock: tuple[int, int]) -> SenderReport | None:
        """The sender report at one instant: ``clock`` is its NTP time and the source's timestamp (``Receiver.clock_at``).

        With the publisher's NTP in the reports of both its audio and its video, viewers play them in step. None before the
        first packet, and while nothing feeds the stream.
        """
        if self.source is None or self._last is None:
            return None
        ntp, timestamp = clock
        shifted = (timestamp + self._timestamp_shift) & 0xFFFFFFFF
        return SenderReport(self.ssrc, ntp, shifted, self.packets & 0xFFFFFFFF, self.octets & 0xFFFFFFFF)

    def _begin(self, source: int, packet: Packet, now: int) -> None:
        """Continue with ``packet``, the first of a source or of a source that began anew."""
        following = self.highest + 1
        shift = counters.NONE
        if self._last is None:
            timestamp = self._timestamp
        else:
            timestamp = self._continued(self._last, packet, now)
            if self._parse is not None:
                last, before = self._last, self._counters or counters.NONE
                ended, began = last.data[last.payload : last.end], packet.data[packet.payload : packet.end]
                shift = counters.continued(self._parse, ended, before, began)
        self.source = source
        self._wanted = self._offset = None
        self._run += 1
        self._newest = packet.sequence - 1
        self._shift = following - packet.sequence
        self._timestamp_shift = timestamp - packet.timestamp
        self._counters = None if shift == counters.NONE else shift
        self._remember()

    def _continued(self, last: Packet, packet: Packet, now: int) -> int:
        """The viewer's timestamp for the first packet after ``last``: later, and as much later as it is."""
        before = last.timestamp + self._timestamp_shift
        passed = (now - self._at) * self._clock_rate // 1000
        if self._offset is not None:
            step = (packet.timestamp + self._offset - last.timestamp + 0x80000000) & 0xFFFFFFFF
            step -= 0x80000000
            # More than a second off what the clock says: the reports were of another time.
            if abs(step - passed) <= self._clock_rate:
                passed = step
        return before + max(passed, 1)

    def _hide(self) -> None:
        """The newest packet of the source is not for the viewer: those behind it close up."""
        self._shift -= 1
        stretches = self._stretches
        if stretches[-1].begin == self._newest:
            stretches.pop()
        self._remember()

    def _remember(self) -> None:
        shift = self._counters or counters.NONE
        assert self.source is not None
        self._stretches.append(
            Stretch(self._run, self.source, self._newest + 1, self._shift, self._timestamp_shift, shift)
        )

    def _trace_late(self, packet: Packet, ahead: int, now: int) -> Stretch | None:
        """The stretch of a packet that is not newer than the newest; None where it has no place in the viewer's stream."""
        behind = -ahead & 0xFFFF
        if behind >= MAX_DROPOUT:
            return self._restart(packet, now)
        if not behind:
            return None
        sequence = self._newest - behind
        following = self.highest + 1
        for stretch in reversed(self._stretches):
            if stretch.run != self._run:
                break
            if sequence >= stretch.begin:
                # A number that has gone to the packet behind it was a hidden one's.
                return stretch if sequence + stretch.shift < following else None
            following = stretch.first
        return None

    def _restart(self, packet: Packet, now: int) -> Stretch | None:
        if packet.sequence != self._jump:
            self._jump = (packet.sequence + 1) & 0xFFFF
            return None
        self._jump = -1
        assert self.source is not None
        self._offset = None
        self._begin(self.source, packet, now)
        self._newest = packet.sequence
        self._last = packet
        self._at = now
        return self._stretches[-1]
