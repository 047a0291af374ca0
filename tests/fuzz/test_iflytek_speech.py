"""Whatever a speech service sends, it is a frame or a ``BadAnswer``."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salon.base.errors import BadAnswer, ProviderError
from salon.wire.iflytek_speech import Sentence, Transcript, error_for, iat, spark_iat, super_tts, tts

DECODERS: list[Callable[[str | bytes], Any]] = [iat.decode, spark_iat.decode, tts.decode, super_tts.decode]
NAMES = "code message sid data status result sn ls pgs rg ws cw w header payload audio ced text seq bg"
KEYS = st.sampled_from(NAMES.split(" "))
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["rpl", "apd", "AQA="]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=25,
)
CODE = st.just(0) | st.integers()


@pytest.mark.parametrize("decode", DECODERS, ids=lambda each: each.__module__)
@given(data=st.binary(max_size=200) | st.text(max_size=200) | JSON.map(lambda each: json.dumps(each)))
def test_rubbish(decode: Callable[[str | bytes], Any], data: str | bytes) -> None:
    try:
        decode(data)
    except BadAnswer as error:
        assert error.house == "spark"


@pytest.mark.parametrize("decode", DECODERS, ids=lambda each: each.__module__)
@given(code=CODE, inner=JSON)
def test_what_looks_like_a_frame(decode: Callable[[str | bytes], Any], code: int, inner: Any) -> None:
    text = base64.b64encode(json.dumps(inner).encode()).decode()
    for frame in (
        {"code": code, "data": {"status": 1, "result": inner, "audio": text}},
        {"header": {"code": code}, "payload": {"result": {"text": text}, "audio": {"audio": text}}},
        {"code": code, "header": {"code": code}, "data": inner, "payload": inner},
    ):
        with suppress(BadAnswer):
            decode(json.dumps(frame))


@given(
    st.lists(
        st.builds(
            Sentence,
            sn=st.integers(),
            pgs=st.sampled_from([None, "apd", "rpl", "?"]),
            rg=st.none() | st.lists(st.integers(), max_size=3),
        ),
        max_size=30,
    )
)
def test_any_sequence_of_results_is_a_text(sentences: list[Sentence]) -> None:
    transcript = Transcript()
    for each in sentences:
        transcript.put(each)
    assert 0 <= transcript.stable <= len(transcript.text)


@given(st.integers(), st.text(), st.text())
def test_any_code_is_an_error(code: int, message: str, sid: str) -> None:
    assert isinstance(error_for(code, message, sid), ProviderError)
