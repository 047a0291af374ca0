"""The house of Volcengine's speech: its settings, its recognisers and synthesisers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from salon.base.errors import ConfigError
from salon.ports.house import Setting
from salon.ports.llm import Llm
from salon.providers.volcengine.asr import RESOURCES as ASR
from salon.providers.volcengine.asr import VolcengineAsr
from salon.providers.volcengine.connection import Access
from salon.providers.volcengine.tts import RESOURCES as TTS
from salon.providers.volcengine.tts import VolcengineTts
from salon.wire.volcengine import HOUSE
from salon.wire.volcengine import asr as asr_wire
from salon.wire.volcengine import tts as tts_wire

CONNECT, STALL, FINAL, FIRST_AUDIO = 10.0, 30.0, 10.0, 10.0


class VolcengineHouse:
    """An API key of the new console, or app id and access token of the old one."""

    name = HOUSE
    title = "Volcengine speech 火山引擎豆包语音"
    default_model = ""
    models: tuple[str, ...] = ()
    asr_models = tuple(ASR)
    tts_models = tuple(TTS)
    settings = (
        Setting(name="api_key", env="VOLCENGINE_API_KEY", help="API key of the speech console; or", secret=True),
        Setting(name="app_id", env="VOLCENGINE_APP_ID", help="APP ID of the older console,"),
        Setting(name="access_token", env="VOLCENGINE_ACCESS_TOKEN", help="together with its Access Token", secret=True),
        Setting(name="asr_url", help="the address of recognition", default=asr_wire.URL),
        Setting(name="tts_url", help="the address of synthesis", default=tts_wire.URL),
        Setting(name="tts_voice", env="VOLCENGINE_TTS_VOICE", help="the voice where nobody names one"),
        Setting(name="connect_timeout", help="seconds until the connection stands", default=CONNECT),
        Setting(name="stall_timeout", help="seconds between two pieces of speech", default=STALL),
        Setting(
            name="final_timeout", help="seconds from the end of an utterance until it is understood", default=FINAL
        ),
        Setting(name="first_audio_timeout", help="seconds until the first piece of speech", default=FIRST_AUDIO),
    )

    def llm(self, model: str, settings: Mapping[str, Any]) -> Llm:
        raise ConfigError(f'the house "{HOUSE}" has no language model: Doubao is "ark:{model or "MODEL"}"')

    def asr(self, model: str, settings: Mapping[str, Any]) -> VolcengineAsr:
        """``model`` may also be a resource id of the console."""
        return VolcengineAsr(
            model or self.asr_models[0],
            self._access(settings),
            url=_url("asr_url", settings.get("asr_url") or asr_wire.URL),
            final_timeout=_seconds("final_timeout", settings.get("final_timeout", FINAL)),
        )

    def tts(self, model: str, settings: Mapping[str, Any]) -> VolcengineTts:
        """``model`` may also be a resource id of the console."""
        return VolcengineTts(
            model or self.tts_models[0],
            self._access(settings),
            url=_url("tts_url", settings.get("tts_url") or tts_wire.URL),
            voice=str(settings.get("tts_voice") or ""),
            first_audio=_seconds("first_audio_timeout", settings.get("first_audio_timeout", FIRST_AUDIO)),
        )

    def _access(self, settings: Mapping[str, Any]) -> Access:
        key, app_id, token = (str(settings.get(name) or "") for name in ("api_key", "app_id", "access_token"))
        if not key and not (app_id and token):
            raise ConfigError(
                "Volcengine needs a key: set VOLCENGINE_API_KEY, or VOLCENGINE_APP_ID and VOLCENGINE_ACCESS_TOKEN, or "
                f"api_key in [providers.{HOUSE}]. The console of 豆包语音 shows them with the app."
            )
        return Access(
            key,
            app_id,
            token,
            _seconds("connect_timeout", settings.get("connect_timeout", CONNECT)),
            _seconds("stall_timeout", settings.get("stall_timeout", STALL)),
        )


def _seconds(name: str, value: Any) -> float:
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise ConfigError(f"Volcengine's {name} is {value!r}; it is a number of seconds above 0.")
    return seconds


def _url(name: str, value: Any) -> str:
    url = str(value)
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("ws", "wss") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        good = False
    if not good:
        raise ConfigError(f"Volcengine's {name} is {url!r}; it begins with wss:// (or ws://) and names a host.")
    return url


house = VolcengineHouse()
