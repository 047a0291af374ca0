"""The house without a network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from salon.base.errors import ConfigError
from salon.ports.house import Setting
from salon.ports.llm import Llm
from salon.providers.offline import asr, espeak
from salon.providers.offline.asr import SphinxAsr
from salon.providers.offline.tts import EspeakTts

INSTALL = 'install it with pip install "salon[offline]"; `make serve` does'


class OfflineHouse:
    """espeak-ng and PocketSphinx."""

    name = espeak.HOUSE
    title = "Speech on this machine 本机语音 (espeak-ng, PocketSphinx)"
    default_model = ""
    models: tuple[str, ...] = ()
    asr_models = ("pocketsphinx",)
    tts_models = ("espeak",)
    settings: tuple[Setting, ...] = ()

    def llm(self, model: str, settings: Mapping[str, Any]) -> Llm:
        raise ConfigError(
            'the house "offline" has no language model; it hears (offline:pocketsphinx) and speaks (offline:espeak)'
        )

    def asr(self, model: str, settings: Mapping[str, Any]) -> SphinxAsr:
        if model not in ("", *self.asr_models):
            raise ConfigError(f'there is no recogniser "offline:{model}"; there is "offline:pocketsphinx"')
        if not asr.is_installed():
            raise ConfigError(f"PocketSphinx is not here: {INSTALL}")
        return SphinxAsr()

    def tts(self, model: str, settings: Mapping[str, Any]) -> EspeakTts:
        if model not in ("", *self.tts_models):
            raise ConfigError(f'there is no synthesiser "offline:{model}"; there is "offline:espeak"')
        if not espeak.is_installed():
            raise ConfigError(f"espeak-ng is not here: {INSTALL}")
        return EspeakTts()


house = OfflineHouse()
