"""Who hears and speaks for which agent."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from salon.app.models import Models
from salon.base.errors import ConfigError, ProviderError
from salon.ports.turn_detector import TurnDetector
from salon.session.agent import Agent
from salon.session.hub import Speech

log = logging.getLogger("salon.speech")

NONE = ("none",)


class SpeechOf:
    """What an agent names, else what the configuration does, else what can be had without anything being named.

    Raises ``ConfigError`` for a name that cannot be used. Where nothing is named and nothing can be had, there is no speech. An
    agent whose voice was named by somebody speaks unless a client wants text; one that happens to have a voice waits until a
    client asks for it.
    """

    def __init__(self, models: Models, *, named_tts: bool) -> None:
        self._models = models
        self._named_tts = named_tts
        self._known: dict[str, Speech] = {}

    def __call__(self, agent: Agent) -> Speech:
        if agent.name not in self._known:
            self._known[agent.name] = self._find(agent)
        return self._known[agent.name]

    def _find(self, agent: Agent) -> Speech:
        asr, tts = agent.asr, agent.tts
        named = bool(tts) or self._named_tts
        if isinstance(asr, str | Sequence):
            names = self._names(asr, self._models.asr_names)
            asr_found = self._models.asr(names) if names else None
        else:
            asr_found = asr
        if isinstance(tts, str | Sequence):
            names = self._names(tts, self._models.tts_names)
            tts_found = self._models.tts(names) if names else None
        else:
            tts_found = tts
        return Speech(asr_found, tts_found, aloud=named and tts_found is not None)

    def _names(self, own: str | Sequence[str], default: Sequence[str]) -> tuple[str, ...]:
        given = tuple(own.split(",")) if isinstance(own, str) else tuple(own)
        wanted = tuple(name.strip() for name in given if name.strip()) or tuple(default)
        if "none" in wanted and wanted != NONE:
            raise ConfigError('"none" stands alone: no speech, or the names of those who do it')
        return () if wanted == NONE else wanted


async def warm(detector: TurnDetector | None) -> None:
    """Load what the first voice needs before it comes."""
    if detector is None:
        return
    try:
        await detector.warm()
    except ProviderError as error:
        log.warning("The turn model cannot be used; turns end by their words: %s", error)
