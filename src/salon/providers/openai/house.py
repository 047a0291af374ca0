"""A house made of a profile: its settings, and a model made of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import SplitResult, urlsplit

from salon.base.errors import ConfigError
from salon.ports.house import Setting
from salon.providers.openai.llm import Access, ChatLlm
from salon.providers.openai.probe import newest_chat_model
from salon.providers.openai.profiles import Profile

CONNECT = 10.0
STALL = 30.0


class ChatHouse:
    """A house that speaks Chat Completions."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile

    @property
    def name(self) -> str:
        return self.profile.name

    @property
    def title(self) -> str:
        return self.profile.title

    @property
    def settings(self) -> tuple[Setting, ...]:
        profile = self.profile
        return (
            *profile.keys,
            Setting(name="base_url", env=profile.base_url_env, help=profile.base_url_help, default=profile.base_url),
            Setting(name="connect_timeout", help="seconds until the connection stands", default=CONNECT),
            Setting(
                name="first_token_timeout",
                help="seconds until the first piece of the answer",
                default=profile.first_token,
            ),
            Setting(name="stall_timeout", help="seconds between two pieces of the answer", default=STALL),
            Setting(name="extra", help="fields to set in every request, for what only this house has", default={}),
        )

    @property
    def default_model(self) -> str:
        return self.profile.default_model

    @property
    def models(self) -> tuple[str, ...]:
        return tuple(model.name for model in self.profile.models if not model.is_pattern)

    def llm(self, model: str, settings: Mapping[str, Any]) -> ChatLlm:
        """Raises ``ConfigError`` for a missing key and for a setting that cannot be used."""
        profile = self.profile
        given = {setting.name: setting.default for setting in self.settings} | dict(settings)
        row = profile.model(model or profile.default_model)
        base_url = self._base_url(str(given["base_url"] or profile.base_url))
        own = base_url != profile.base_url
        secrets = self._secrets(given)
        if profile.needs_key and not secrets and not own:
            raise ConfigError(self._missing())
        extra = given["extra"]
        if not isinstance(extra, Mapping):
            raise ConfigError(f"[providers.{self.name}] extra is a table of fields, not {type(extra).__name__}")
        return ChatLlm(
            profile,
            row,
            model or profile.default_model,
            Access(
                base_url=base_url if own or not row.base_url else row.base_url,
                secrets=secrets,
                connect=self._seconds("connect_timeout", given),
                first_token=self._seconds("first_token_timeout", given),
                stall=self._seconds("stall_timeout", given),
                extra=dict(extra),
            ),
        )

    def running(self, settings: Mapping[str, Any]) -> str | None:
        """The newest chat model of a server on this machine, where the house is one that is looked for."""
        if not self.profile.found_by_itself:
            return None
        return newest_chat_model(self._base_url(str(settings.get("base_url") or self.profile.base_url)))

    def _secrets(self, given: Mapping[str, Any]) -> tuple[str, ...]:
        """The parts of the Bearer token: of the first alternative that is complete, or none."""
        for names in self.profile.credentials:
            parts = tuple(str(given.get(name) or "").strip() for name in names)
            if all(parts):
                return parts
        return ()

    def _missing(self) -> str:
        env = {setting.name: setting.env for setting in self.profile.keys}
        ways = " or ".join(" and ".join(env[name] for name in names) for names in self.profile.credentials)
        names = " or ".join(" and ".join(names) for names in self.profile.credentials)
        page = f" Keys are made at {self.profile.key_page}." if self.profile.key_page else ""
        return f"{self.name} needs a key: set {ways}, or {names} in [providers.{self.name}].{page}"

    def _seconds(self, name: str, given: Mapping[str, Any]) -> float:
        try:
            seconds = float(given[name])
        except (TypeError, ValueError):
            seconds = 0.0
        if not 0 < seconds <= 86_400:
            raise ConfigError(f"[providers.{self.name}] {name} is {given[name]!r}; it is a number of seconds above 0")
        return seconds

    def _base_url(self, given: str) -> str:
        url = given.strip().rstrip("/").removesuffix("/chat/completions")
        if self.profile.bare_host:
            url = _completed(url, urlsplit(self.profile.base_url))
        try:
            parts = urlsplit(url)
            good = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
        except ValueError:
            good = False
        if not good or parts.query or parts.fragment or "@" in parts.netloc:
            # It is not quoted: somebody may have put a key into it.
            raise ConfigError(
                f"[providers.{self.name}] base_url, or {self.profile.base_url_env}, is no address such as "
                f"{self.profile.base_url}"
            )
        return url


def _completed(url: str, usual: SplitResult) -> str:
    """An address from what may be a host alone, by Ollama's rules: without a scheme the port is its own, and the address
    of all interfaces, where a server listens, means this machine to a client."""
    had_scheme = "://" in url
    try:
        parts = urlsplit(url if had_scheme else f"{usual.scheme}://{url}")
        host, port = parts.hostname or usual.hostname or "", parts.port
    except ValueError:
        return url
    if host in ("0.0.0.0", "::"):  # noqa: S104 - not to bind to
        host = usual.hostname or ""
    if port is None and not had_scheme:
        port = usual.port
    name = f"[{host}]" if ":" in host else host
    netloc = name if port is None else f"{name}:{port}"
    return parts._replace(netloc=netloc, path=parts.path if parts.path.strip("/") else usual.path).geturl()
