"""A turn model asked at each pause whether it was the end. What it does not say in time is not waited for: the words decide."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from salon.base.errors import ProviderError
from salon.ports.clock import Clock
from salon.ports.observer import Observer
from salon.ports.turn_detector import TurnDetector

log = logging.getLogger("salon.ear")

FRAME_MS = 20
PATIENCE = 0.5
"""Seconds: later, the turn is over by its words."""

Spawn = Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]


class Judging:
    """Of one stream."""

    def __init__(self, detector: TurnDetector, spawn: Spawn, clock: Clock, observer: Observer) -> None:
        self._detector = detector
        self._spawn = spawn
        self._clock = clock
        self._observer = observer
        self._sound: deque[bytes] = deque(maxlen=max(detector.milliseconds // FRAME_MS, 1))
        self._task: asyncio.Task[None] | None = None

    def began(self, frames: Iterable[bytes]) -> None:
        """A turn, with these first frames."""
        self.over()
        self._sound.extend(frames)

    def push(self, frame: bytes) -> None:
        """20 ms more of the turn."""
        self._sound.append(frame)

    def paused(self, tell: Callable[[float], None]) -> None:
        """``tell`` gets how likely it is that the turn is over, unless the person goes on before that is known."""
        self.went_on()
        self._task = self._spawn(self._ask(b"".join(self._sound), tell))

    def went_on(self) -> None:
        """It was not the end: what is said of that pause does not count."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def over(self) -> None:
        self.went_on()
        self._sound.clear()

    async def _ask(self, pcm: bytes, tell: Callable[[float], None]) -> None:
        begun, outcome = self._clock.now(), "late"
        try:
            async with asyncio.timeout(PATIENCE):
                probability = await self._detector.judge(pcm)
            tell(probability)
            outcome = "finished" if probability >= 0.5 else "unfinished"
        except TimeoutError:
            pass
        except asyncio.CancelledError:
            outcome = "unneeded"
            raise
        except ProviderError as error:
            outcome = error.code
        except Exception:
            # As of a recogniser: one that breaks its promise costs its judgement.
            log.exception("turn model broke")
            outcome = "server_error"
        finally:
            self._observer.turn_judged(outcome, self._clock.now() - begun)
