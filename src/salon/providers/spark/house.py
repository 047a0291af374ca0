"""The house of Spark: its settings and its models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from salon.base.errors import ConfigError
from salon.ports.house import Setting
from salon.providers.spark.connection import Settings
from salon.providers.spark.llm import SparkLlm
from salon.providers.spark.models import MODELS, find
from salon.wire.spark import HOUSE

_TIMES = ("connect_timeout", "first_token_timeout", "stall_timeout")


class SparkHouse:
    """iFlytek Spark over WebSocket. The three credentials are those of an app in the console of xfyun.cn."""

    name = HOUSE
    title = "iFlytek Spark 讯飞星火"
    default_model = "4.0Ultra"
    models = tuple(model.name for model in MODELS)
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
    )

    def llm(self, model: str, settings: Mapping[str, Any]) -> SparkLlm:
        for setting in self.settings:
            if setting.required and not settings.get(setting.name):
                raise ConfigError(
                    f"Spark needs {setting.name}: set {setting.env}, or {setting.name} in [providers.{HOUSE}]. "
                    "The console of xfyun.cn shows it with the app."
                )
        times = {name: _seconds(name, settings.get(name)) for name in _TIMES if settings.get(name) is not None}
        return SparkLlm(
            find(model or self.default_model),
            Settings(
                app_id=str(settings["app_id"]),
                api_key=str(settings["api_key"]),
                api_secret=str(settings["api_secret"]),
                url=_url(settings.get("url")),
                patch_id=settings.get("patch_id") or None,
                **times,
            ),
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
