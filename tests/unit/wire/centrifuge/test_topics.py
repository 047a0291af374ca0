from __future__ import annotations

import pytest

from salon.base.errors import ClientError
from salon.wire.centrifuge.topics import (
    ChangeData,
    ConnectData,
    InputData,
    SignalData,
    SubscribeData,
    change_or_input,
    key_of,
    read,
)


def test_what_is_absent_is_empty() -> None:
    assert read(b"", ConnectData) == ConnectData()
    assert read(b'{"rate": 5, "unknown": 1}', SubscribeData) == SubscribeData(5.0)


@pytest.mark.parametrize(
    ("data", "type"),
    [
        (b"[1]", ConnectData),
        (b'{"user": 1}', ConnectData),
        (b'{"rate": 0}', SubscribeData),
        (b'{"rate": -1}', SubscribeData),
        (b"{}", SignalData),
        (b"{", SignalData),
        (b"[" * 100_000, SignalData),
        (b"\xff", SignalData),
    ],
)
def test_what_has_another_shape_is_refused(data: bytes, type: object) -> None:
    with pytest.raises(ClientError) as refused:
        read(data, type)
    assert refused.value.code == "invalid_value"


def test_a_change_or_an_input() -> None:
    change = change_or_input(b'{"set": {"a": [1, 2]}, "remove": ["b"], "ttl_ms": 5, "private": true}')
    assert isinstance(change, ChangeData)
    assert (bytes(change.set["a"]), change.remove, change.ttl_ms, change.private) == (b"[1, 2]", ("b",), 5, True)
    said = change_or_input(b'{"sequence": 7, "input": {"x": 1}}')
    assert isinstance(said, InputData) and (said.sequence, bytes(said.input)) == (7, b'{"x": 1}')
    for data in (b'{"sequence": -1}', b'{"set": []}', b'{"ttl_ms": 0}'):
        with pytest.raises(ClientError):
            change_or_input(data)


@pytest.mark.parametrize(
    ("data", "key"),
    [
        (b'{"key": "a", "p": 1}', "a"),
        (b'{"key": 600519}', "600519"),
        (b'{"key": null}', ""),
        (b'{"key": true}', ""),
        (b'{"p": 1}', ""),
        (b"[1]", ""),
        (b"1", ""),
    ],
)
def test_the_key_of_a_publication(data: bytes, key: str) -> None:
    assert key_of(data) == key
