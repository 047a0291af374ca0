"""A house made of a profile: settings in, a model or a clear error out."""

from __future__ import annotations

from typing import Any

import pytest

from salon.base.errors import ConfigError
from salon.providers.openai import deepseek, ollama, openai, spark_http, vllm
from salon.providers.openai.house import ChatHouse
from salon.providers.openai.llm import ChatLlm
from salon.providers.openai.profiles import OPENAI, PROFILES


def access(llm: ChatLlm) -> Any:
    return llm._access


def test_the_objects_that_entry_points_name() -> None:
    assert {house.name for house in (openai, deepseek, ollama, vllm, spark_http)} <= {row.name for row in PROFILES}
    assert openai.profile is OPENAI
    assert openai.default_model in openai.models
    assert not any("*" in name for name in openai.models)


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_settings_explain_themselves(profile: Any) -> None:
    settings = {setting.name: setting for setting in ChatHouse(profile).settings}
    assert all(setting.help for setting in settings.values())
    assert settings["base_url"].env == profile.base_url_env
    assert settings["base_url"].default == profile.base_url
    assert settings["first_token_timeout"].default == profile.first_token


@pytest.mark.parametrize(
    ("house", "settings", "named"),
    [
        (openai, {}, ("OPENAI_API_KEY", "api_key", "platform.openai.com")),
        (openai, {"api_key": "  "}, ("OPENAI_API_KEY",)),
        (spark_http, {"api_key": "k"}, ("SPARK_API_PASSWORD", "SPARK_API_KEY and SPARK_API_SECRET")),
    ],
)
def test_a_missing_key_says_what_to_set(house: ChatHouse, settings: dict[str, Any], named: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError) as caught:
        house.llm("", settings)
    assert all(each in str(caught.value) for each in named)


def test_sparks_key_is_one_word_or_two() -> None:
    assert access(spark_http.llm("lite", {"api_password": "p", "api_key": "k", "api_secret": "s"})).secrets == ("p",)
    two = access(spark_http.llm("lite", {"api_key": "k", "api_secret": "s"}))
    assert two.headers["Authorization"] == "Bearer k:s"


def test_a_server_of_ones_own_needs_no_key() -> None:
    llm = openai.llm("m", {"base_url": "http://127.0.0.1:9/v1"})
    assert "Authorization" not in access(llm).headers
    assert "Authorization" not in access(vllm.llm("m", {})).headers


def test_models_have_names_and_traits() -> None:
    assert openai.llm("", {"api_key": "key"}).name == "openai:gpt-6-luna"
    assert openai.llm("gpt-4o-mini", {"api_key": "key"}).traits.context == 128_000
    assert openai.llm("never-seen", {"api_key": "key"}).name == "openai:never-seen"
    assert vllm.llm("", {}).name == "vllm:default"
    assert ollama.llm("llava:7b", {}).traits.images
    assert not ollama.llm("qwen3:8b", {}).traits.images


def test_a_model_may_live_at_an_address_of_its_own_unless_one_is_set() -> None:
    key = {"api_password": "p"}
    assert access(spark_http.llm("spark-x", key)).base_url == "https://spark-api-open.xf-yun.com/v2"
    assert access(spark_http.llm("spark-x", {**key, "base_url": "http://h/v9"})).base_url == "http://h/v9"


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("https://h/v1/", "https://h/v1"),
        ("https://h/v1/chat/completions", "https://h/v1"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("", OPENAI.base_url),
    ],
)
def test_the_address(given: str, used: str) -> None:
    assert access(openai.llm("m", {"api_key": "k", "base_url": given})).base_url == used


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("", "http://127.0.0.1:11434/v1"),
        ("0.0.0.0", "http://127.0.0.1:11434/v1"),
        ("box", "http://box:11434/v1"),
        ("box:8080", "http://box:8080/v1"),
        (":8080", "http://127.0.0.1:8080/v1"),
        ("[::1]:8080", "http://[::1]:8080/v1"),
        ("http://box:11434", "http://box:11434/v1"),
        ("https://ollama.com", "https://ollama.com/v1"),
        ("https://box/ollama/v1/", "https://box/ollama/v1"),
    ],
)
def test_ollamas_host(given: str, used: str) -> None:
    assert access(ollama.llm("m", {"base_url": given})).base_url == used


@pytest.mark.parametrize(
    "given", ["ftp://h/v1", "h/v1", "http://", "http://h:99999/v1", "http://u:secret@h/v1", "http://h/?k=secret"]
)
def test_an_address_that_is_none_is_not_quoted(given: str) -> None:
    with pytest.raises(ConfigError, match="OPENAI_BASE_URL") as caught:
        openai.llm("m", {"api_key": "k", "base_url": given})
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("given", ["soon", None, 0, -1, float("inf"), float("nan")])
def test_times_are_seconds(given: Any) -> None:
    with pytest.raises(ConfigError, match="stall_timeout"):
        openai.llm("m", {"api_key": "k", "stall_timeout": given})
    assert access(openai.llm("m", {"api_key": "k", "stall_timeout": "2.5"})).stall == 2.5


def test_extra_is_a_table() -> None:
    assert access(openai.llm("m", {"api_key": "k", "extra": {"top_k": 3}})).extra == {"top_k": 3}
    with pytest.raises(ConfigError, match="extra"):
        openai.llm("m", {"api_key": "k", "extra": "top_k"})


def test_no_secret_in_a_repr() -> None:
    llm = openai.llm("m", {"api_key": "sk-very-secret"})
    assert "very-secret" not in f"{llm!r} {access(llm)!r} {openai!r}"
