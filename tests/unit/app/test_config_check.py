"""What a mistake is told."""

from __future__ import annotations

from typing import Any

import pytest

from salon.app.config_check import FromEnvironment, Problem, check, expected
from salon.ports.house import Setting

SPARK = (
    Setting(name="app_id", env="SPARK_APP_ID", required=True),
    Setting(name="api_secret", env="SPARK_API_SECRET", secret=True),
    Setting(name="timeout", default=30.0),
    Setting(name="domains", default=()),
)


def said(table: dict[str, Any], **given: Any) -> list[str]:
    return [problem.text for problem in check(table, **given)[1]]


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ({"server": {"prot": 1}}, 'unknown key "prot" in [server]; did you mean "port"?'),
        ({"server": {"qqqq": 1}}, 'unknown key "qqqq" in [server]'),
        ({"sever": {}}, "unknown section [sever]; did you mean [server]?"),
        ({"port": 1}, 'unknown key "port" before the first section; it belongs in [server]'),
        ({"server": 5}, "[server] must be a table, not 5"),
        ({"server": {"port": "80"}}, "port in [server] must be a whole number from 0 to 65535, not this text"),
        ({"server": {"port": True}}, "port in [server] must be a whole number from 0 to 65535, not true"),
        ({"server": {"port": 70000}}, "port in [server] must be a whole number from 0 to 65535, not 70000"),
        ({"server": {"grace_seconds": -1}}, "grace_seconds in [server] must be a number, 0 or more, not -1"),
        ({"server": {"origins": [1]}}, "origins in [server] must be a list of texts, not this list"),
        ({"llm": {"stall_seconds": 0.0}}, "stall_seconds in [llm] must be a number over 0, not 0"),
        ({"agents": {"name": "x"}}, "[agents] must be a list of tables, not a table"),
        ({"agents": [{}]}, "[[agents]] needs name: 1 to 64 letters, digits or _ . -"),
        (
            {"log": {"level": "warn"}},
            'level in [log] must be one of "debug", "error", "info", "warning", not this text; did you mean "warning"?',
        ),
        (
            {"agents": [{"name": "a", "web_search": "yes"}]},
            "web_search in [[agents]] must be true or false, not this text",
        ),
        (
            {"agents": [{"name": "a", "welcome": {"en": "Hi", "zhh": "你好"}}]},
            'unknown key "zhh" in welcome in [[agents]]; did you mean "zh"?',
        ),
        (
            {"agents": [{"name": "a", "suggestions": {"fr": ["Bonjour"]}}]},
            'unknown key "fr" in suggestions in [[agents]]; known are en, zh',
        ),
        (
            {"agents": [{"name": "a", "welcome": 5}]},
            'welcome in [[agents]] must be text, or a table of languages: { en = "…", zh = "…" }, not 5',
        ),
        (
            {"agents": [{"name": "a", "prompt": "x"}]},
            'unknown key "prompt" in [[agents]]; did you mean "instructions"?',
        ),
        (
            {"auth": {"api_keys": [{"name": "a", "key": "short"}]}},
            "key in [[auth.api_keys]] must be text of at least 16 characters, not this text",
        ),
        (
            {"auth": {"api_keys": [{"name": "a", "key": "x" * 16, "limits": {"connection": 1}}]}},
            'unknown key "connection" in [auth.api_keys.limits]; did you mean "connections"?',
        ),
    ],
)
def test_one_mistake(table: dict[str, Any], sentence: str) -> None:
    assert said(table) == [sentence]


def test_every_mistake_is_said() -> None:
    _, problems = check({"server": {"prot": 1, "host": 2}, "agents": [{"name": "a"}, {"name": "b", "llm": 3}]})
    assert [problem.path for problem in problems] == [("server", "prot"), ("server", "host"), ("agents", 1, "llm")]


def test_one_text_is_as_good_as_a_list_of_one() -> None:
    values, problems = check({"llm": {"default": "spark"}, "agents": [{"name": "a", "llm": "demo"}]})
    assert not problems
    assert values == {"llm": {"default": ("spark",)}, "agents": [{"name": "a", "llm": ("demo",)}]}


def test_what_the_environment_says_is_text_whatever_it_means() -> None:
    values, problems = check(
        {
            "server": {"port": FromEnvironment("9000"), "origins": FromEnvironment("https://a, https://b")},
            "agents": [{"name": "a", "web_search": FromEnvironment("true"), "title": FromEnvironment("123")}],
        }
    )
    assert not problems
    assert values["server"] == {"port": 9000, "origins": ("https://a", "https://b")}
    assert values["agents"][0] == {"name": "a", "web_search": True, "title": "123"}


def test_no_sentence_repeats_a_text() -> None:
    secret = "hunter2-hunter2"
    assert secret not in "".join(said({"server": {"port": secret, "origins": {"x": secret}}, "log": {"level": secret}}))


@pytest.mark.parametrize(
    ("providers", "sentence"),
    [
        ({"sprak": {}}, "unknown house [providers.sprak]; did you mean [providers.spark]?"),
        ({"zzz": {}}, "unknown house [providers.zzz]; known are demo, spark"),
        ({"spark": {"appid": "x"}}, 'unknown key "appid" in [providers.spark]; did you mean "app_id"?'),
        ({"spark": {"timeout": "x"}}, "timeout in [providers.spark] must be a number, not this text"),
        ({"spark": {"api_secret": 5}}, "api_secret in [providers.spark] must be text, not 5"),
        ({"spark": {"domains": "x"}}, "domains in [providers.spark] must be a list, not this text"),
    ],
)
def test_houses_know_their_settings(providers: dict[str, Any], sentence: str) -> None:
    assert said({"providers": providers}, houses={"spark": SPARK, "demo": ()}) == [sentence]


def test_good_settings_of_a_house() -> None:
    spark = {"app_id": "x", "timeout": 5, "domains": ["a"], "api_secret": FromEnvironment("y")}
    assert said({"providers": {"spark": spark}}, houses={"spark": SPARK}) == []
    assert said({"providers": {"nobody": {"knows": 1}}}) == []


def test_problems_are_values() -> None:
    assert Problem(("a",), "b") == Problem(("a",), "b")
    assert expected(float) == "a number"
