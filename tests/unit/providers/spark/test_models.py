from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from salon.base.errors import ConfigError
from salon.providers.spark.models import MODELS, find


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("lite", "lite"),
        ("general", "lite"),
        ("generalv3", "pro"),
        ("generalv3.5", "max"),
        ("GENERALV3.5", "max"),
        ("4.0Ultra", "4.0Ultra"),
        ("4.0ultra", "4.0Ultra"),
        ("ultra", "4.0Ultra"),
        ("pro-128k", "pro-128k"),
        ("Max-32K", "max-32k"),
        ("spark-x", "x1"),
        ("x1", "x1"),
        ("X2", "x2"),
        ("imagev3", "image"),
        ("kjwx", "kjwx"),
        ("multilang", "multilang"),
        ("iflycode.ge", "iflycode"),
    ],
)
def test_names(name: str, found: str) -> None:
    assert find(name).name == found


def test_a_name_that_is_nearly_right() -> None:
    with pytest.raises(ConfigError, match=r"no model '4\.0Ulta'\. Did you mean 4\.0Ultra\?"):
        find("4.0Ulta")


def test_a_name_that_is_far_off() -> None:
    with pytest.raises(ConfigError, match="Known are lite, v2, pro"):
        find("qqqqqqqq")


def test_maas() -> None:
    model = find("maas/xdeepseekv3")
    assert (model.name, model.dialect.domain) == ("maas/xdeepseekv3", "xdeepseekv3")
    with pytest.raises(ConfigError):
        find("maas/")


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_rows(model: object) -> None:
    row = find(model.name)  # type: ignore[attr-defined]
    assert row is model
    assert urlsplit(row.url).scheme == "wss"
    assert row.traits.images == bool(row.images)
    assert row.traits.max_output == row.dialect.max_output
    assert (row.images == "own") == row.dialect.images


def test_names_are_told_apart() -> None:
    names = [name.lower() for row in MODELS for name in (row.name, *row.also)]
    assert len(names) == len(set(names))
