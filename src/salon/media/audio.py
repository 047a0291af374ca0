"""What a peer says and what we say to it, in samples (``ports.media.AudioIn``, ``AudioOut``).

What is said to us is handed on when it comes; what is missing is noticed at the pacer's tick. What we say leaves at that tick,
but for the first packet behind a silence.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from random import Random
from typing import Final

from salon.base.errors import ClientError
from salon.media import opus
from salon.media.transport import Transport
from salon.ports.media import AudioFrame, Stop
from salon.rtc.feedback import RoundTrip
from salon.rtc.jitter import JitterBuffer, Lost
from salon.rtc.outgoing import Writer
from salon.rtc.rtcp import ReportBlock, SenderReport
from salon.rtc.rtp import Packet

FRAME_BYTES: Final = 2 * opus.DECODED_SAMPLES
SILENCE: Final = bytes(FRAME_BYTES)
# A frame that is this late was not sent: the sender said that it would be silent. One that did not may have been held up: what it
# sends is still to come.
PATIENT_FRAMES: Final = 2
STALLED_FRAMES: Final = 15

MAX_QUEUED_MS: Final = 10 * 60 * 1000
CLOCK: Final = 48_000
FRAME_TICKS: Final = CLOCK * opus.FRAME_MS // 1000
# RFC 6716 section 2.1.9: a packet of one or two bytes is a frame of silence.
DTX_BYTES: Final = 2
# What comes out of a decoder is that much older than what went in last: 6.5 ms (RFC 7845 section 4.2).
LOOK_AHEAD_MS: Final = 7
# What a listener's buffer keeps: libwebrtc takes 10 ms at a time out of it, and of an uneven stream waits for more.
LEAST_PLAYOUT_MS: Final = 10
JITTERS: Final = 2
MOST_PLAYOUT_MS: Final = 200


class AudioIn:
    """A source's ``Tap``: packets in; frames out, at once where they are in order. Without a listener nothing is decoded.
    ``half_trip`` is how many ms the network takes one way, as far as is known."""

    def __init__(self, half_trip: Callable[[], int] = lambda: 0) -> None:
        self.jitter = JitterBuffer(CLOCK, eager=True)
        self._half_trip = half_trip
        self.decoded = self.recovered = self.concealed = self.silent = 0
        self._decoder: opus.Decoder | None = None
        self._listeners: tuple[Callable[[AudioFrame], None], ...] = ()
        self._rest = b""
        self._began: int | None = None
        self._emitted = 0

    @property
    def frames(self) -> int:
        return self._emitted

    def listen(self, on_frame: Callable[[AudioFrame], None]) -> Stop:
        self._listeners = (*self._listeners, on_frame)

        def stop() -> None:
            self._listeners = tuple(each for each in self._listeners if each is not on_frame)

        return stop

    def packet(self, packet: Packet, key: bool, now: int) -> None:
        if packet.end > packet.payload:
            self.jitter.push(packet.sequence, packet.timestamp, packet.data[packet.payload : packet.end], now)
            if self._began is None:
                self._began = now
            self._pull(now)

    def closed(self) -> None:
        self._began = None

    def tick(self, now: int) -> None:
        began = self._began
        if began is None:
            return
        self._pull(now)
        patient = PATIENT_FRAMES if self.jitter.silent else STALLED_FRAMES
        if (now - began) // opus.FRAME_MS - self._emitted > patient + self.jitter.depth // opus.FRAME_MS:
            self.silent += 1
            self._emit(SILENCE, False, now)

    def _pull(self, now: int) -> None:
        while (due := self.jitter.pull(now)) is not None:
            self._play(due, now)

    def _play(self, due: bytes | Lost, now: int) -> None:
        if not self._listeners:
            # The time passes, nobody hears it.
            self._emitted += 1
            return
        if self._decoder is None:
            self._decoder = opus.Decoder()
        decoder = self._decoder
        concealed = type(due) is Lost
        if isinstance(due, Lost):
            samples = decoder.conceal() if due.following is None else decoder.recover(due.following)
            if due.following is None:
                self.concealed += 1
            else:
                self.recovered += 1
        else:
            samples = decoder.decode(due)
            self.decoded += 1
        samples = self._rest + samples if self._rest else samples
        position = 0
        while len(samples) - position >= FRAME_BYTES:
            self._emit(samples[position : position + FRAME_BYTES], concealed, now)
            position += FRAME_BYTES
        self._rest = samples[position:]

    def _emit(self, samples: bytes, concealed: bool, now: int) -> None:
        self._emitted += 1
        if self._listeners:
            age = LOOK_AHEAD_MS + self._half_trip() + self.jitter.behind(now)
            frame = AudioFrame(samples, now, concealed, age)
            for listener in self._listeners:
                listener(frame)


class AudioOut:
    """Our voice to one peer. The packet of the next tick is made right after that of this one is sent: what 60 encoders take
    makes no packet late. The first packet behind a silence waits for no tick: it leaves as if it were that of the next, and the
    tick that finds silence again gives back what the timestamps are ahead."""

    def __init__(
        self,
        transport: Transport,
        ssrc: int,
        payload_type: int,
        random: Random,
        ntp: Callable[[int], int],
        round_trip: RoundTrip,
    ) -> None:
        self.ssrc = ssrc
        self._round_trip = round_trip
        self.sent = 0
        self.octets = 0
        self.report_block: ReportBlock | None = None
        self._transport = transport
        self._payload_type = payload_type
        self._sequence = random.getrandbits(15)
        self._timestamp = random.getrandbits(31)
        self._ntp = ntp
        self._writer: Writer | None = None
        self._frames: deque[bytes] = deque()
        self._rest = bytearray()
        self._rate = 24_000
        self._encoder: opus.Encoder | None = None
        self._prepared: bytes | None = None
        self._talking = False
        self._quiet = False
        self._ahead = False
        self._played = 0
        self._loss = 0  # per cent
        self._at = 0

    def connect(self, writer: Writer) -> None:
        self._writer = writer

    @property
    def queued_ms(self) -> int:
        rest = len(self._rest) * 500 // self._rate
        return (len(self._frames) + (self._prepared is not None)) * opus.FRAME_MS + rest

    @property
    def latency_ms(self) -> int:
        jitter = self.report_block.jitter * 1000 // CLOCK if self.report_block is not None else 0
        return LOOK_AHEAD_MS + self._round_trip.half + LEAST_PLAYOUT_MS + min(JITTERS * jitter, MOST_PLAYOUT_MS)

    @property
    def played_ms(self) -> int:
        return self._played

    def write(self, samples: bytes, rate: int = 24_000) -> None:
        if rate not in opus.RATES:
            raise ClientError(
                f"{rate} Hz is not a rate of Opus: 8000, 12000, 16000, 24000 or 48000.", code="invalid_value"
            )
        if self.queued_ms + len(samples) * 500 // rate > MAX_QUEUED_MS:
            raise ClientError("More than ten minutes of sound are waiting to be played.", code="audio_overflow")
        if not samples:
            return
        if rate != self._rate:
            # What is queued keeps its rate: a frame's size tells it, and the encoder follows.
            self._pad()
            self._rate = rate
        idle = not (self._frames or self._prepared or self._talking or self._ahead)
        rest, size = self._rest, self._frame_bytes
        rest += samples
        whole = len(rest) - len(rest) % size
        self._frames.extend(bytes(rest[at : at + size]) for at in range(0, whole, size))
        del rest[:whole]
        if idle and self._frames and self._writer is not None:
            self._ahead = True
            self._send(self._encoded(), self._transport.now)
            self._transport.flush()

    def withdraw(self) -> int:
        taken = len(self._frames)
        self._frames.clear()
        if self._prepared is not None and self._encoder is not None:
            self._encoder.undo()
            self._prepared = None
            taken += 1
        return taken * opus.FRAME_MS

    def close(self) -> None:
        self._frames.clear()
        self._rest.clear()
        self._prepared = None
        self._writer = None

    def tick(self, now: int) -> None:
        if self._writer is None:
            return
        packet = self._prepared
        if packet is None:
            if not self._frames:
                self._pad()
            packet = self._encoded()
        self._prepared = None
        if packet is None and self._ahead:
            self._ahead = self._talking = False
            self._at = now
            return
        self._send(packet, now)

    def _send(self, packet: bytes | None, now: int) -> None:
        """The packet of a tick, None of silence."""
        self._timestamp = (self._timestamp + FRAME_TICKS) & 0xFFFFFFFF
        self._at = now
        writer = self._writer
        if packet is None or writer is None:
            self._talking = False
            return
        self._played += opus.FRAME_MS
        quiet = len(packet) <= DTX_BYTES
        if not quiet or not self._quiet:
            # RFC 3551 section 4.1: the marker tells the first packet after silence.
            marked = 0 if self._talking else 0x80
            out = writer.write(marked | self._payload_type, self._sequence, self._timestamp, self.ssrc, packet, now)
            self._sequence = (self._sequence + 1) & 0xFFFF
            if not self.sent:
                self._transport.sent_first()
            self.sent += 1
            self.octets += len(packet)
            self._transport.send_rtp(out)
        self._quiet, self._talking = quiet, not quiet

    def prepare(self) -> None:
        """After all packets of a tick are sent: make the next one."""
        if self._prepared is None and self._frames and self._writer is not None:
            self._prepared = self._encoded()

    def heard(self, block: ReportBlock) -> None:
        """A report of the peer's about what we send. Loss comes in bursts: it is expected a while longer than it is seen."""
        self.report_block = block
        self._loss = max(block.fraction * 100 // 256, self._loss * 3 // 4)
        if self._encoder is not None:
            self._encoder.expect_loss(self._loss)

    def report(self, now: int) -> SenderReport | None:
        if not self.sent:
            return None
        timestamp = (self._timestamp + (now - self._at) * CLOCK // 1000) & 0xFFFFFFFF
        return SenderReport(self.ssrc, self._ntp(now), timestamp, self.sent & 0xFFFFFFFF, self.octets & 0xFFFFFFFF)

    @property
    def _frame_bytes(self) -> int:
        return 2 * self._rate * opus.FRAME_MS // 1000

    def _encoded(self) -> bytes | None:
        if not self._frames:
            return None
        frame = self._frames.popleft()
        encoder = self._encoder
        if encoder is None or 2 * encoder.samples != len(frame):
            encoder = self._encoder = opus.Encoder(len(frame) * 500 // opus.FRAME_MS)
            encoder.expect_loss(self._loss)
        return encoder.encode(frame) or None

    def _pad(self) -> None:
        """The last piece is shorter than a frame, and no more came in time."""
        if self._rest:
            self._rest += bytes(self._frame_bytes - len(self._rest))
            self._frames.append(bytes(self._rest))
            self._rest.clear()
