"""Whatever Volcengine sends, it is a frame or a ``BadAnswer``; what is written can be read."""

from __future__ import annotations

import json
from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from salon.base.errors import BadAnswer, ProviderError
from salon.wire.volcengine import Frame, asr, decode, encode, error_for, tts
from salon.wire.volcengine.frame import ERROR, EVENT, GZIP, PLAIN, SEQUENCE, WITHOUT_ID

I32 = st.integers(-(2**31), 2**31 - 1)
NAMES = "result text utterances definite words start_time end_time status_code message error code"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(NAMES.split(" ")), inner, max_size=5),
    max_leaves=25,
)


@given(st.binary(max_size=300))
def test_rubbish(data: bytes) -> None:
    with suppress(BadAnswer):
        decode(data)


@given(
    head=st.binary(min_size=2, max_size=2), rest=st.binary(max_size=100), sizes=st.lists(st.integers(0, 20), max_size=3)
)
def test_what_looks_like_a_frame(head: bytes, rest: bytes, sizes: list[int]) -> None:
    data = b"\x11" + head + b"\0" + b"".join(size.to_bytes(4, "big") for size in sizes) + rest
    with suppress(BadAnswer):
        decode(data)


@given(
    type_=st.integers(0, 15),
    flags=st.integers(0, 7),
    compression=st.sampled_from([PLAIN, GZIP]),
    sequence=I32,
    event=I32,
    code=st.integers(0, 2**32 - 1),
    name=st.text(max_size=40),
    payload=st.binary(max_size=200),
)
def test_what_is_written_can_be_read(
    type_: int, flags: int, compression: int, sequence: int, event: int, code: int, name: str, payload: bytes
) -> None:
    name = name.encode("utf-8", "replace").decode()
    failed = type_ == ERROR
    has_event = not failed and bool(flags & EVENT)
    frame = Frame(
        type=type_,
        flags=flags,
        compression=compression,
        code=code if failed else None,
        sequence=sequence if not failed and flags & SEQUENCE else None,
        event=event if has_event else None,
        id=name if has_event and event not in WITHOUT_ID else "",
        payload=payload,
    )
    assert decode(encode(frame)) == frame


@given(JSON, st.binary(max_size=50))
def test_payloads(said: object, rubbish: bytes) -> None:
    for payload in (json.dumps(said).encode(), json.dumps({"result": said}).encode(), rubbish):
        frame = Frame(type=9, payload=payload)
        with suppress(BadAnswer):
            heard = asr.heard(frame)
            assert 0 <= heard.stable <= len(heard.text)
            assert all(heard.text[word.at :].startswith(word.text) for word in heard.words)
        tts.sentence(frame)
        assert isinstance(error_for(None, payload), ProviderError)
