from __future__ import annotations

from salon.base.surrogates import whole


def test_halves_are_joined_or_replaced() -> None:
    assert whole("a\ud83d\ude00b") == "a😀b"
    assert whole({"k\udc00": ["\ud83d", ("x",), 1, None]}) == {"k\ufffd": ["\ufffd", ["x"], 1, None]}
    assert whole("plain 字 😀") == "plain 字 😀"
