from __future__ import annotations

from typing import Any

import pytest

from salon.base.errors import ConfigError
from salon.ports.house import House
from salon.providers.spark import house

KEYS = {"app_id": "app", "api_key": "the-key", "api_secret": "the-secret"}


def settings(**changed: Any) -> dict[str, Any]:
    return {setting.name: setting.default for setting in house.settings} | KEYS | changed


def test_it_is_a_house() -> None:
    the_house: House = house
    assert (the_house.name, the_house.default_model) == ("spark", "4.0Ultra")
    assert the_house.default_model in the_house.models
    assert "讯飞星火" in the_house.title


def test_settings_from_the_usual_environment() -> None:
    by_name = {setting.name: setting for setting in house.settings}
    assert {name: by_name[name].env for name in ("app_id", "api_key", "api_secret", "url")} == {
        "app_id": "SPARK_APP_ID",
        "api_key": "SPARK_API_KEY",
        "api_secret": "SPARK_API_SECRET",
        "url": "SPARK_URL",
    }
    assert [setting.name for setting in house.settings if setting.secret] == ["api_key", "api_secret"]


def test_a_model() -> None:
    llm = house.llm("Generalv3.5", settings())
    assert (llm.name, llm.traits.context) == ("spark:max", 8192)
    assert house.llm("", settings()).name == "spark:4.0Ultra"


@pytest.mark.parametrize("missing", KEYS)
def test_a_missing_key_says_which_and_where(missing: str) -> None:
    with pytest.raises(ConfigError, match=f"SPARK_{missing.upper()}"):
        house.llm("lite", settings(**{missing: None}))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("stall_timeout", "soon"),
        ("connect_timeout", 0),
        ("first_token_timeout", "inf"),
        ("first_token_timeout", []),
        ("url", "https://spark-api.xf-yun.com"),
        ("url", "wss://"),
        ("url", "wss://host:port"),
        ("url", "wss://[::1"),
    ],
)
def test_a_setting_that_makes_no_sense(name: str, value: Any) -> None:
    with pytest.raises(ConfigError, match=name):
        house.llm("lite", settings(**{name: value}))


def test_times_may_be_text() -> None:
    assert house.llm("lite", settings(stall_timeout="1.5", url="wss://spark.example/v1.1/chat")).name == "spark:lite"


def test_no_secret_in_a_repr() -> None:
    llm = house.llm("lite", settings())
    shown = repr(vars(llm))
    assert "the-key" not in shown
    assert "the-secret" not in shown
