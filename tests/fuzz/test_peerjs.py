"""Whatever a client sends, it is answered with a message or a ``ClientError``; what is handed on is what one JSON reader after
another takes for the same, and never says that somebody else spoke."""

from __future__ import annotations

import json
from contextlib import suppress

from hypothesis import example, given, settings
from hypothesis import strategies as st

from salon.base.errors import ClientError
from salon.wire import peerjs

LIMITED = settings(max_examples=500, deadline=None, derandomize=True)

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
types = st.sampled_from(["OFFER", "ANSWER", "CANDIDATE", "LEAVE", "HEARTBEAT", "OPEN", "EXPIRE", "ID-TAKEN", "ERROR"])
messages = st.fixed_dictionaries(
    {"type": types | values},
    optional={"dst": st.text(max_size=8) | values, "src": values, "payload": values, "more": values},
)


def damage(message: object, at: int, length: int, instead: str) -> str:
    """JSON with a piece cut out or replaced: nearly right is where decoders go wrong."""
    text = json.dumps(message)
    return text[: at % len(text)] + instead + text[at % len(text) + length :]


damaged = st.builds(
    damage,
    messages,
    st.integers(0, 200),
    st.integers(0, 4),
    st.text(max_size=3) | st.sampled_from(['"', "}", "{", ",", "\\", "\\u", "e", "-", "0"]),
)


@LIMITED
@given(st.text() | damaged | messages.map(json.dumps))
@example('{"type":"OFFER","dst":"b","payload":{"a":"\\ud800"}}')
@example('{"type":"OFFER","dst":"b","payload":{"a":1e999}}')
@example('{"type":"OFFER","dst":"b","payload":{"type":"OPEN"},"type":"OFFER","src":"root"}')
def test_any_text(text: str) -> None:
    try:
        heard = peerjs.decode(text)
    except ClientError as error:
        assert error.code in {"invalid_event", "invalid_type", "invalid_value", "missing_required_parameter"}
        return
    assert heard.type in {"OFFER", "ANSWER", "CANDIDATE", "LEAVE", "HEARTBEAT"}
    if heard.type == "HEARTBEAT":
        return
    told = json.loads(peerjs.relayed(heard, "alice"))
    assert told.pop("type") == heard.type
    assert told.pop("src") == "alice"
    assert told.pop("dst") == heard.dst
    if heard.type == "LEAVE":
        assert told == {}
    else:
        assert set(told) == {"payload"}
        assert isinstance(told["payload"], dict)
        assert told["payload"] == json.loads(text)["payload"]


@LIMITED
@given(st.binary(max_size=200))
def test_any_bytes_that_are_text(data: bytes) -> None:
    with suppress(ClientError):
        peerjs.decode(data.decode("utf-8", "surrogateescape"))


@LIMITED
@given(st.text(max_size=40))
def test_an_id_is_one_to_every_client(text: str) -> None:
    if peerjs.is_id(text):
        assert text.isascii()
        assert text[0].isalnum()
        assert text[-1].isalnum()
        # It stands in a URL's query as it is, but for spaces.
        assert all(character.isalnum() or character in " -_" for character in text)
