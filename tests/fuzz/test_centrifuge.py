"""Whatever a client sends, the codec answers with commands or a ``ClientError``; whatever is told, is one line of JSON."""

from __future__ import annotations

import json
from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from salon.base.errors import ClientError
from salon.base.rooms import Patch, Publication, Snapshot, Who
from salon.wire.centrifuge import api, encode, topics
from salon.wire.centrifuge.commands import METHODS, Heard, Unreadable, decode, decode_connect

LIMITED = settings(max_examples=300, deadline=None, derandomize=True)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
members = st.fixed_dictionaries(
    {},
    optional={
        "channel": st.text(max_size=20) | json_values,
        "data": json_values,
        "token": st.text(max_size=20) | json_values,
        "offset": st.integers() | json_values,
        "epoch": st.text(max_size=9) | json_values,
        "recover": st.booleans() | json_values,
        "since": json_values,
        "limit": json_values,
        "flag": json_values,
        "subs": json_values,
    },
)
commands = st.dictionaries(
    st.sampled_from(["id", *METHODS, "push", "error"]), st.integers(-2, 2**33) | members | json_values, max_size=3
)
payloads = st.builds(
    lambda value, indent: json.dumps(value, indent=indent).encode(), json_values, st.sampled_from([None, 2])
)


@LIMITED
@given(st.text() | st.lists(commands, max_size=4).map(lambda each: "\n".join(map(json.dumps, each))))
def test_any_frame_is_read_or_refused(frame: str) -> None:
    with suppress(ClientError):
        for heard in decode(frame):
            assert isinstance(heard, Heard | Unreadable)


@LIMITED
@given(st.text() | members.map(json.dumps))
def test_any_connect_request_is_read_or_refused(text: str) -> None:
    with suppress(ClientError):
        decode_connect(text)


@LIMITED
@given(
    payloads,
    st.text(max_size=9),
    st.text(max_size=9),
    st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=2),
)
def test_whatever_is_published_is_one_line_and_the_same(
    data: bytes, channel: str, key: str, tags: dict[str, str]
) -> None:
    made = encode.publication(channel, encode.pub(Publication(data, 1, "e", key, Who(key, channel), 1, tags)))
    for text in (made.socket, made.stream):
        assert len(text.splitlines()) == 1 or not any(end in text for end in "\r\n")
    assert json.loads(made.stream)["pub"]["data"] == json.loads(data)
    assert json.loads(made.socket)["push"] == json.loads(made.stream)


@LIMITED
@given(st.dictionaries(st.text(max_size=5), payloads, max_size=4))
def test_states_go_through_unchanged(entries: dict[str, bytes]) -> None:
    expected = {key: json.loads(value) for key, value in entries.items()}
    whole = json.loads(encode.publication("r/s", encode.snapshot_pub(Snapshot(1, "e", entries))).stream)
    assert whole["pub"]["data"]["entries"] == expected
    patch = json.loads(encode.publication("r/s", encode.patch_pub(Patch(0, 1, "e", entries))).stream)
    assert patch["pub"]["data"]["set"] == expected


@LIMITED
@given(st.sampled_from([*api.SHAPES, "teleport"]), json_values.map(json.dumps).map(str.encode) | st.binary(max_size=80))
def test_any_body_is_read_or_refused(method: str, body: bytes) -> None:
    with suppress(ClientError):
        api.decode(method, body)


@LIMITED
@given(
    st.sampled_from([topics.ConnectData, topics.SubscribeData, topics.SignalData, topics.PublishCall, topics.RateCall]),
    st.dictionaries(st.sampled_from(["user", "device", "rate", "to", "id", "data", "channel", "key"]), json_values)
    .map(json.dumps)
    .map(str.encode)
    | st.binary(max_size=80),
)
def test_any_data_is_read_or_refused(shape: object, data: bytes) -> None:
    with suppress(ClientError):
        topics.read(data, shape)
    with suppress(ClientError):
        topics.change_or_input(data)
    assert isinstance(topics.key_of(data), str)
