"""What one peer is sent, taken together: its answers to it, and what its network carries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from salon.media.audio import AudioOut
from salon.media.sinks import Output
from salon.media.transport import Transport
from salon.rtc import rtcp
from salon.rtc.bandwidth import Estimator
from salon.rtc.coarse import Coarse
from salon.rtc.feedback import RoundTrip
from salon.rtc.probe import SendLog

# Kept free for a section of sound.
AUDIO_BITRATE: Final = 50_000


class Outbound:
    """``estimate`` is in bit/s; ``probing`` says that ``tick`` has something to do."""

    def __init__(self, log: SendLog, transport: Transport) -> None:
        self.outputs: list[Output] = []
        self.voice: AudioOut | None = None
        self.log = log
        self.estimator = Estimator(log)
        self.coarse = Coarse()
        self.round_trip = RoundTrip()
        self.wanted = 0
        self.nacked = 0
        self._transport = transport
        self._sampled = (0, 0)
        self._sending = 0
        self._knows_transport = False

    @property
    def rtt(self) -> int:
        return self.round_trip.ms if self.round_trip.ms is not None else 100

    @property
    def sending(self) -> int:
        """Bit/s of the last stretch between two reports."""
        return self._sending

    def receive(self, packet: rtcp.Rtcp, now: int) -> None:
        match packet:
            case rtcp.TransportFeedback():
                self._knows_transport = True
                self.estimator.feedback(packet, now)
                if self.estimator.loss_at:
                    for each in self.outputs:
                        each.loses(self.estimator.loss, now)
                self.adapt(now)
            case rtcp.SenderReport() | rtcp.ReceiverReport():
                if packet.blocks:
                    self._blocks(packet.blocks, now)
            case rtcp.Nack():
                output = self._output(packet.media)
                if output is not None:
                    self.nacked += len(packet.lost)
                    output.lost(packet.lost, now, self.rtt)
            case rtcp.Pli():
                output = self._output(packet.media)
                if output is not None:
                    output.wants_key(now)
            case rtcp.Fir():
                for ssrc, _ in packet.requests:
                    output = self._output(ssrc)
                    if output is not None:
                        output.wants_key(now)
            case rtcp.Remb():
                if not self._knows_transport:
                    estimate = self.coarse.remb(self.estimator.estimate, packet.bitrate, self._sending, now)
                    self.estimator.estimate = estimate
                    self.adapt(now)
            case _:
                pass

    def adapt(self, now: int) -> None:
        """Let every picture be as good as there is room for."""
        pictures = [output for output in self.outputs if output.kind == "video"]
        if not pictures:
            return
        audio = AUDIO_BITRATE * (len(self.outputs) - len(pictures) + (self.voice is not None))
        share = (self.estimator.estimate - audio) // len(pictures)
        # A picture is not taken away for an estimate that was never tried.
        known = self._knows_transport or self.coarse.doubtful
        wanted = max(output.adapt(share, 0, now, may_pause=known) for output in pictures) * len(pictures)
        self.wanted = wanted + audio if wanted else 0
        if not self._knows_transport:
            self.estimator.estimate = self.coarse.attempt(self.estimator.estimate, self.wanted, now)

    def tick(self, now: int) -> None:
        """Every 20 ms while ``wanted``: send padding to learn whether there is room."""
        size = self.estimator.probe(self.wanted, now) if self._knows_transport else 0
        if size > 0:
            picture = next((output for output in self.outputs if output.kind == "video"), None)
            if picture is not None:
                picture.pad(size, now)

    def reports(self, now: int) -> list[rtcp.SenderReport]:
        sampled, octets = self._sampled
        if now > sampled:
            sent = self._transport.octets_sent
            self._sending = (sent - octets) * 8000 // (now - sampled) if sampled else 0
            self._sampled = (now, sent)
        for output in self.outputs:
            output.sample(now)
        reports = [report for output in self.outputs if (report := output.report(now)) is not None]
        if self.voice is not None and (report := self.voice.report(now)) is not None:
            reports.append(report)
        for report in reports:
            self.round_trip.sent(report.ntp, now)
        return reports

    def close(self) -> None:
        for output in self.outputs:
            output.close()
        self.outputs.clear()
        if self.voice is not None:
            self.voice.close()

    def _blocks(self, blocks: Sequence[rtcp.ReportBlock], now: int) -> None:
        worst, rtt = -1, None
        for block in blocks:
            if self.voice is not None and block.ssrc == self.voice.ssrc:
                self.voice.heard(block)
            else:
                output = self._output(block.ssrc)
                if output is None:
                    continue
                if block.ssrc == output.lane.ssrc:
                    output.reported(block, now)
            worst = max(worst, block.fraction)
            rtt = self.round_trip.heard(block, now) or rtt
        if worst >= 0 and not self._knows_transport:
            estimate = self.coarse.report(self.estimator.estimate, worst / 256, rtt, self._sending, now)
            self.estimator.estimate = estimate
            self.adapt(now)

    def _output(self, ssrc: int) -> Output | None:
        for output in self.outputs:
            if ssrc in (output.lane.ssrc, output.lane.rtx_ssrc):
                return output
        return None
