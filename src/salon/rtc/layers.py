"""The layers that a publisher sends of one picture, and which of them a viewer gets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

WINDOW_MS: Final = 1_000
SLOT_MS: Final = 50
_SLOTS: Final = WINDOW_MS // SLOT_MS

# Room above a layer's bit rate before it is taken: encoders overshoot.
UP_MARGIN: Final = 1.15
RESUME_MARGIN: Final = 1.25
# The lowest layer is not given up for a short want of room, nor unless the want is large.
PAUSE_BELOW: Final = 0.8
PAUSE_AFTER_MS: Final = 1_000
# After a step down, so that a network on the edge does not make the picture flicker.
UP_AFTER_MS: Final = 1_000


class Rate:
    """Bits and packets a second over the last second, counted in slots of 50 ms."""

    __slots__ = ("_began", "_bits", "_packets", "_slot", "_sum_bits", "_sum_packets")

    def __init__(self) -> None:
        self._bits = [0] * _SLOTS
        self._packets = [0] * _SLOTS
        self._sum_bits = 0
        self._sum_packets = 0
        self._slot = 0
        self._began: int | None = None

    def add(self, size: int, now: int) -> None:
        """A packet of ``size`` bytes. Runs once for each packet that comes in."""
        slot = now // SLOT_MS
        if slot > self._slot:
            self._advance(slot)
        if self._began is None:
            self._began = now
        at = self._slot % _SLOTS
        self._bits[at] += 8 * size
        self._packets[at] += 1
        self._sum_bits += 8 * size
        self._sum_packets += 1

    def bits(self, now: int) -> int:
        """Bit/s. In a stream's first second, what came so far over the time it took, but no less than a fifth of a second."""
        over = self._over(now)
        return self._sum_bits * 1000 // over

    def packets(self, now: int) -> int:
        over = self._over(now)
        return self._sum_packets * 1000 // over

    def _over(self, now: int) -> int:
        """The ms that the sums are of, once those are of the time that ends ``now``."""
        self._advance(now // SLOT_MS)
        if not self._sum_packets:
            self._began = None
        return WINDOW_MS if self._began is None else min(max(now - self._began, WINDOW_MS // 5), WINDOW_MS)

    def _advance(self, slot: int) -> None:
        for index in range(max(self._slot + 1, slot - _SLOTS + 1), slot + 1):
            at = index % _SLOTS
            self._sum_bits -= self._bits[at]
            self._sum_packets -= self._packets[at]
            self._bits[at] = self._packets[at] = 0
        self._slot = max(slot, self._slot)


class Layers:
    """What comes of each layer, by RTP stream id."""

    __slots__ = ("_rates",)

    def __init__(self) -> None:
        self._rates: dict[str, Rate] = {}

    def add(self, rid: str, size: int, now: int) -> None:
        rate = self._rates.get(rid)
        if rate is None:
            rate = self._rates[rid] = Rate()
        rate.add(size, now)

    def alive(self, now: int) -> list[tuple[str, int]]:
        """The layers that sent within the last second, with their bit/s, the smallest first."""
        rated = ((rid, rate.bits(now)) for rid, rate in self._rates.items())
        return sorted(((rid, bits) for rid, bits in rated if bits), key=lambda layer: layer[1])


class Allocator:
    """One viewer's choice. ``chosen`` is its layer; None where the picture is paused so that the sound does not suffer."""

    __slots__ = ("_lowered_at", "_short_since", "_started", "chosen")

    def __init__(self) -> None:
        self.chosen: str | None = None
        self._started = False
        self._lowered_at = 0
        self._short_since: int | None = None

    def choose(
        self, layers: Sequence[tuple[str, int]], estimate: int, audio_bitrate: int, now: int, *, may_pause: bool = True
    ) -> str | None:
        """The layer for now. ``layers`` are those alive with their bit/s, in any order; all numbers in bit/s.

        The first choice is never a pause: what a network carries is not known before it was tried.
        """
        ordered = sorted(layers, key=lambda layer: layer[1])
        if not ordered:
            return self.chosen
        budget = estimate - audio_bitrate
        rates = dict(ordered)
        fitting = next((rid for rid, rate in reversed(ordered) if rate <= budget), None)
        lowest, least = ordered[0]
        if not self._started or (self.chosen is not None and self.chosen not in rates):
            self._started = True
            return self._change(fitting or lowest)
        if self.chosen is None:
            if least * RESUME_MARGIN <= budget and now - self._lowered_at >= UP_AFTER_MS:
                roomy = next(rid for rid, rate in reversed(ordered) if rate * RESUME_MARGIN <= budget)
                return self._change(roomy)
            return None
        if fitting is None:
            return self._lower(lowest, may_pause and budget < least * PAUSE_BELOW, now)
        self._short_since = None
        if rates[self.chosen] > budget:
            self._lowered_at = now
            return self._change(fitting)
        higher = next((rid for rid, rate in reversed(ordered) if rate * UP_MARGIN <= budget), self.chosen)
        if rates[higher] > rates[self.chosen] and now - self._lowered_at >= UP_AFTER_MS:
            return self._change(higher)
        return self.chosen

    def wanted(self, layers: Sequence[tuple[str, int]], audio_bitrate: int) -> int:
        """The estimate that would bring the best, for the estimator to probe for; 0 where the viewer has it."""
        rates = dict(layers)
        if self.chosen is None:
            return int(max(rates.values()) * RESUME_MARGIN) + audio_bitrate + 1 if rates and self._started else 0
        best = max(rates.values(), default=0)
        return int(best * UP_MARGIN) + audio_bitrate + 1 if best > rates.get(self.chosen, 0) else 0

    def _lower(self, lowest: str, far: bool, now: int) -> str | None:
        if not far:
            self._short_since = None
        elif self._short_since is None:
            self._short_since = now
        elif now - self._short_since >= PAUSE_AFTER_MS:
            self._short_since = None
            self._lowered_at = now
            return self._change(None)
        self._lowered_at = now
        return self._change(lowest)

    def _change(self, rid: str | None) -> str | None:
        self.chosen = rid
        return rid
