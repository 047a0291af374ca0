"""Shapes of what clients send: what they need not say, and that what is not known is passed over."""

from __future__ import annotations

import msgspec
import pytest
from msgspec import UNSET

from salon.wire.openai_realtime import shapes


def test_any_object_has_a_head() -> None:
    assert msgspec.json.decode('{"type": 5, "more": [1]}', type=shapes.Head) == shapes.Head(5, None)


def test_absent_and_null_are_told_apart_where_it_matters() -> None:
    absent = msgspec.convert({"type": "realtime"}, shapes.SessionIn)
    null = msgspec.convert({"type": "realtime", "instructions": None, "audio": None}, shapes.SessionIn)
    assert (absent.instructions, absent.audio) == (UNSET, UNSET)
    assert (null.instructions, null.audio) == (None, None)


@pytest.mark.parametrize(
    "shape", [shapes.ResponseIn, shapes.ItemIn, shapes.Tool, shapes.Part, shapes.AudioIn, shapes.AudioOut]
)
def test_what_is_not_known_is_passed_over(shape: type) -> None:
    required = {"type": "x"} if shape in (shapes.ItemIn, shapes.Part) else {}
    assert msgspec.convert({**required, "unheard_of": {"a": 1}}, shape) == msgspec.convert(required, shape)


def test_a_response_takes_null_for_everything() -> None:
    nulls = dict.fromkeys(shapes.ResponseIn.__struct_fields__)
    assert msgspec.convert(nulls, shapes.ResponseIn) == shapes.ResponseIn()
