"""The house of Spark: its settings and its models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from salon.base.errors import ConfigError
from salon.ports.house import Setting
from salon.providers.spark.asr import SERVICES, SparkAsr
from salon.providers.spark.connection import Settings
from salon.providers.spark.llm import SparkLlm
from salon.providers.spark.models import MODELS, find
from salon.providers.spark.tts import ONLINE, SUPER, VOICES, OnlineTts, SuperTts
from salon.wire.spark import HOUSE

FINAL, FIRST_AUDIO = 10.0, 10.0
_TIMES = ("connect_timeout", "first_token_timeout", "stall_timeout")


class SparkHouse:
    """iFlytek Spark over WebSocket. The three credentials are those of an app in the console of xfyun.cn."""

    name = HOUSE
    title = "iFlytek Spark 讯飞星火"
    default_model = "4.0Ultra"
    models = tuple(model.name for model in MODELS)
    asr_models = tuple(SERVICES)
    tts_models = (SUPER, ONLINE)
    settings = (
        Setting(name="app_id", env="SPARK_APP_ID", help="APPID of the app", required=True),
        Setting(name="api_key", env="SPARK_API_KEY", help="APIKey of the app", secret=True, required=True),
        Setting(name="api_secret", env="SPARK_API_SECRET", help="APISecret of the app", secret=True, required=True),
        Setting(
            name="url",
            env="SPARK_URL",
            help="takes the place of Spark's own address, for a private deployment; without a path, the model's is used",
        ),
        Setting(name="patch_id", env="SPARK_PATCH_ID", help="resource id of a fine-tuned model (maas/<service id>)"),
        Setting(name="connect_timeout", help="seconds until the handshake is done", default=10.0),
        Setting(name="first_token_timeout", help="seconds until the first piece of the answer", default=30.0),
        Setting(name="stall_timeout", help="seconds between two pieces of the answer", default=30.0),
        Setting(name="speech_url", env="SPARK_SPEECH_URL", help="takes the place of the speech services' own hosts"),
        Setting(
            name="tts_voice", env="SPARK_TTS_VOICE", help="the voice where nobody names one; empty: the model's first"
        ),
        Setting(
            name="final_timeout", help="seconds from the end of an utterance until it is understood", default=FINAL
        ),
        Setting(name="first_audio_timeout", help="seconds until the first piece of speech", default=FIRST_AUDIO),
    )

    def llm(self, model: str, settings: Mapping[str, Any]) -> SparkLlm:
        return SparkLlm(find(model or self.default_model), self._settings(settings))

    def asr(self, model: str, settings: Mapping[str, Any]) -> SparkAsr:
        service = SERVICES.get(model or self.asr_models[0])
        if service is None:
            raise ConfigError(f'Spark has no recogniser "{model}"; it has {", ".join(self.asr_models)}')
        return SparkAsr(
            service,
            self._settings(settings),
            url=_url(settings.get("speech_url")) or "",
            final_timeout=_seconds("final_timeout", settings.get("final_timeout") or FINAL),
        )

    def tts(self, model: str, settings: Mapping[str, Any]) -> OnlineTts | SuperTts:
        name = model or self.tts_models[0]
        if name not in VOICES:
            raise ConfigError(f'Spark has no synthesiser "{model}"; it has {", ".join(self.tts_models)}')
        return (SuperTts if name == SUPER else OnlineTts)(
            name,
            self._settings(settings),
            url=_url(settings.get("speech_url")) or "",
            voice=str(settings.get("tts_voice") or ""),
            first_audio=_seconds("first_audio_timeout", settings.get("first_audio_timeout") or FIRST_AUDIO),
        )

    def _settings(self, settings: Mapping[str, Any]) -> Settings:
        for setting in self.settings:
            if setting.required and not settings.get(setting.name):
                raise ConfigError(
                    f"Spark needs {setting.name}: set {setting.env}, or {setting.name} in [providers.{HOUSE}]. "
                    "The console of xfyun.cn shows it with the app."
                )
        times = {name: _seconds(name, settings.get(name)) for name in _TIMES if settings.get(name) is not None}
        return Settings(
            app_id=str(settings["app_id"]),
            api_key=str(settings["api_key"]),
            api_secret=str(settings["api_secret"]),
            url=_url(settings.get("url")),
            patch_id=settings.get("patch_id") or None,
            **times,
        )


def _seconds(name: str, value: Any) -> float:
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise ConfigError(f"Spark's {name} is {value!r}; it is a number of seconds above 0.")
    return seconds


def _url(value: Any) -> str | None:
    if not value:
        return None
    url = str(value)
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("ws", "wss") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        good = False
    if not good:
        raise ConfigError(f"Spark's url is {url!r}; it begins with wss:// (or ws://) and names a host.")
    return url


house = SparkHouse()
