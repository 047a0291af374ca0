from __future__ import annotations

import json
from typing import Any

import pytest

from salon.base.errors import ClientError
from salon.wire.centrifuge import commands
from salon.wire.centrifuge.commands import Heard, Unreadable, decode, decode_connect


def one(command: dict[str, Any]) -> Heard | Unreadable:
    (heard,) = decode(json.dumps(command))
    return heard


@pytest.mark.parametrize("method", commands.METHODS)
def test_every_method_of_the_protocol_is_read(method: str) -> None:
    heard = one({"id": 7, method: {"channel": "r/t", "data": {}, "token": "t"}})
    assert isinstance(heard, Heard)
    assert (heard.id, heard.method) == (7, method)
    assert type(heard.request).__name__.lower() == method.replace("_", "")


def test_one_frame_has_commands_in_their_order() -> None:
    frame = '{"id":1,"subscribe":{"channel":"r/a"}}\n{}\n\n{"send":{"data":1}}\n{"id":2,"ping":{}}\n'
    assert [(heard.id, heard.method) for heard in decode(frame) if isinstance(heard, Heard)] == [
        (1, "subscribe"),
        (0, ""),
        (0, "send"),
        (2, "ping"),
    ]


def test_payloads_stay_as_they_were_written() -> None:
    (heard,) = decode('{"id":1,"publish":{"channel":"r/a","data":{"b": 1.0, "a": [ 1e2 ]}}}')
    assert isinstance(heard, Heard) and isinstance(heard.request, commands.Publish)
    assert bytes(heard.request.data) == b'{"b": 1.0, "a": [ 1e2 ]}'


def test_what_newer_clients_say_beside_is_ignored() -> None:
    heard = one({"id": 1, "subscribe": {"channel": "r/a", "flag": 1, "of_tomorrow": [1]}, "later": {}})
    assert isinstance(heard, Heard) and heard.method == "subscribe"


def test_an_unknown_method_is_a_command_without_a_request() -> None:
    assert one({"id": 3, "fly": {}}) == Heard(3, "", None)


@pytest.mark.parametrize(
    "members",
    [
        {"channel": 5},
        {},
        {"channel": "r/a", "offset": -1},
        {"channel": "r/a", "offset": 2**63},
        {"channel": "r/a", "epoch": None},
    ],
)
def test_wrong_members_are_answered_by_their_id(members: dict[str, Any]) -> None:
    heard = one({"id": 9, "subscribe": members})
    assert isinstance(heard, Unreadable)
    assert heard.id == 9


@pytest.mark.parametrize(
    "frame",
    [
        "[]",
        "1",
        "nonsense",
        '{"id":"x","ping":{}}',
        '{"id":-1,"ping":{}}',
        '{"send":{"data":1}',
        '{"publish":5}',
        "\ud800",
    ],
)
def test_what_is_no_command_ends_the_connection(frame: str) -> None:
    with pytest.raises(ClientError) as caught:
        list(decode(frame))
    assert caught.value.code == "invalid_event"
    assert "nonsense" not in str(caught.value)


def test_frames_are_bounded() -> None:
    for frame in ("{}\n" * commands.MAX_COMMANDS, " " * (commands.MAX_FRAME + 1)):
        with pytest.raises(ClientError) as caught:
            list(decode(frame))
        assert caught.value.code == "data_too_large"


def test_a_connect_request_in_a_query() -> None:
    asked = decode_connect('{"token":"t","subs":{"r/a":{"recover":true,"offset":3,"epoch":"e"}}}')
    assert asked.token == "t"
    assert asked.subs["r/a"] == commands.Resume(True, 3, "e")
    with pytest.raises(ClientError):
        decode_connect('{"token":5}')
