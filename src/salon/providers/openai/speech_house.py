"""Houses that hear and speak behind OpenAI's audio endpoints: OpenAI itself, and servers of your own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from salon.base.errors import ConfigError
from salon.ports.house import Setting
from salon.ports.llm import Llm
from salon.providers.openai.audio import SpeechTts, TranscriptionAsr
from salon.providers.openai.connection import Access
from salon.providers.openai.house import CONNECT, STALL, ChatHouse
from salon.providers.openai.profiles import Profile
from salon.wire.openai_audio import RATE
from salon.wire.openai_chat import Dialect

FINAL, FIRST_AUDIO = 30.0, 15.0
OPENAI_VOICES = ("alloy", "ash", "ballad", "coral", "echo", "fable", "nova", "onyx", "sage", "shimmer", "verse")

_TIMES = (
    Setting(name="final_timeout", help="seconds from the end of an utterance until it is understood", default=FINAL),
    Setting(name="first_audio_timeout", help="seconds until the first piece of speech", default=FIRST_AUDIO),
)


def streams(model: str) -> bool:
    """Whether the text comes in pieces. "Streaming is not supported for whisper-1", nor by most servers of one's own."""
    return model.startswith("gpt-")


class AudioHouse(ChatHouse):
    """A house with Chat Completions that hears and speaks, too."""

    asr_models = ("gpt-4o-mini-transcribe", "gpt-4o-transcribe", "whisper-1")
    tts_models = ("gpt-4o-mini-tts", "tts-1", "tts-1-hd")

    @property
    def settings(self) -> tuple[Setting, ...]:
        voice = Setting(name="tts_voice", help="the voice where nobody names one", default=OPENAI_VOICES[0])
        return (*super().settings, voice, *_TIMES)

    def asr(self, model: str, settings: Mapping[str, Any]) -> TranscriptionAsr:
        given, access = self._given(settings)
        name = model or self.asr_models[0]
        final = self._seconds("final_timeout", given)
        return TranscriptionAsr(self.profile, name, access, stream=streams(name), final_timeout=final)

    def tts(self, model: str, settings: Mapping[str, Any]) -> SpeechTts:
        given, access = self._given(settings)
        voice = str(given["tts_voice"] or OPENAI_VOICES[0])
        return SpeechTts(
            self.profile,
            model or self.tts_models[0],
            access,
            voices=tuple(dict.fromkeys((voice, *OPENAI_VOICES))),
            rate=RATE,
            first_audio=self._seconds("first_audio_timeout", given),
        )

    def _given(self, settings: Mapping[str, Any]) -> tuple[dict[str, Any], Access]:
        given = {setting.name: setting.default for setting in self.settings} | dict(settings)
        base_url = self._base_url(str(given["base_url"] or self.profile.base_url))
        secrets = self._secrets(given)
        if not secrets and base_url == self.profile.base_url:
            raise ConfigError(self._missing())
        access = Access(
            base_url=base_url,
            secrets=secrets,
            connect=self._seconds("connect_timeout", given),
            stall=self._seconds("stall_timeout", given),
        )
        return given, access


LOCAL = Profile(
    name="local-speech",
    title="Speech of a server of your own (Whisper, Kokoro, CosyVoice, …)",
    base_url="",
    base_url_env="",
    needs_key=False,
    dialect=Dialect(),
    start="Start the server, or set LOCAL_ASR_URL and LOCAL_TTS_URL to where it listens, with /v1.",
)


class LocalSpeechHouse:
    """Servers that speak OpenAI's audio endpoints, one for each kind or one for both."""

    name = LOCAL.name
    title = LOCAL.title
    default_model = ""
    models: tuple[str, ...] = ()
    asr_models = ("whisper-1",)
    tts_models = ("kokoro",)
    settings = (
        Setting(name="asr_url", env="LOCAL_ASR_URL", help="where transcriptions are, without /audio/transcriptions"),
        Setting(name="tts_url", env="LOCAL_TTS_URL", help="where speech is, without /audio/speech"),
        Setting(name="api_key", env="LOCAL_SPEECH_API_KEY", help="where the server wants one", secret=True),
        Setting(name="tts_voice", env="LOCAL_TTS_VOICE", help="the voice where nobody names one", default="af_heart"),
        Setting(name="tts_rate", help="samples a second of the server's raw PCM", default=RATE),
        Setting(name="connect_timeout", help="seconds until the connection stands", default=CONNECT),
        Setting(name="stall_timeout", help="seconds between two pieces of speech", default=STALL),
        *_TIMES,
    )

    def llm(self, model: str, settings: Mapping[str, Any]) -> Llm:
        raise ConfigError('the house "local-speech" has no language model; vllm and ollama are models of your own')

    def asr(self, model: str, settings: Mapping[str, Any]) -> TranscriptionAsr:
        given = self._given(settings)
        access = self._access("asr_url", given)
        return TranscriptionAsr(
            LOCAL,
            model or self.asr_models[0],
            access,
            stream=False,
            final_timeout=_number("final_timeout", given, most=86_400),
        )

    def tts(self, model: str, settings: Mapping[str, Any]) -> SpeechTts:
        given = self._given(settings)
        return SpeechTts(
            LOCAL,
            model or self.tts_models[0],
            self._access("tts_url", given),
            voices=(str(given["tts_voice"]),),
            rate=round(_number("tts_rate", given, least=8_000, most=48_000)),
            first_audio=_number("first_audio_timeout", given, most=86_400),
        )

    def _given(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        given = {setting.name: setting.default for setting in self.settings}
        return given | {name: value for name, value in settings.items() if value not in (None, "")}

    def _access(self, name: str, given: Mapping[str, Any]) -> Access:
        env = {setting.name: setting.env for setting in self.settings}[name]
        url = str(given[name] or "").rstrip("/")
        if not url:
            raise ConfigError(f"local-speech needs {name}: set {env}, or {name} in [providers.local-speech].")
        url = url.removesuffix("/audio/transcriptions").removesuffix("/audio/speech")
        try:
            parts = urlsplit(url)
            good = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
        except ValueError:
            good = False
        if not good or parts.query or parts.fragment or "@" in parts.netloc:
            # It is not quoted: somebody may have put a key into it.
            raise ConfigError(f"local-speech's {name}, or {env}, is no address such as http://127.0.0.1:8880/v1")
        key = str(given["api_key"] or "")
        return Access(
            base_url=url,
            secrets=(key,) if key else (),
            connect=_number("connect_timeout", given, most=86_400),
            stall=_number("stall_timeout", given, most=86_400),
        )


def _number(name: str, given: Mapping[str, Any], *, least: float = 0.001, most: float) -> float:
    try:
        number = float(given[name])
    except (TypeError, ValueError):
        number = -1.0
    if not least <= number <= most:
        raise ConfigError(f"local-speech's {name} is {given[name]!r}; it is a number from {least:g} to {most:g}")
    return number
