"""The binary frame, by the vectors of the documents and our own."""

from __future__ import annotations

import gzip

import pytest

from salon.base.errors import BadAnswer
from salon.wire.volcengine.frame import (
    ANSWER,
    AUDIO,
    ERROR,
    EVENT,
    GZIP,
    JSON,
    LAST,
    LAST_SEQUENCE,
    MOST,
    REQUEST,
    SEQUENCE,
    SOUND,
    Frame,
    decode,
    encode,
)

SESSION = "75a6126e-427f-49a1-a2c1-621143cb9db3"
DIALOG = '{"dialog":{"bot_name":"豆包","dialog_id":"","extra":null}}'.encode()
VECTORS = {
    # StartConnection and StartSession: the documents' own.
    "1114100000000001000000027b7d": Frame(type=REQUEST, flags=EVENT, serialization=JSON, event=1, payload=b"{}"),
    "111410000000006400000024" + SESSION.encode().hex() + "0000003c" + DIALOG.hex(): Frame(
        type=REQUEST, flags=EVENT, serialization=JSON, event=100, id=SESSION, payload=DIALOG
    ),
    "11240000000000c800000024" + SESSION.encode().hex() + "0000000401000200": Frame(
        type=AUDIO, flags=EVENT, event=200, id=SESSION, payload=bytes.fromhex("01000200")
    ),
    "119410000000003200000002" + "6331" + "000000027b7d": Frame(
        type=ANSWER, flags=EVENT, serialization=JSON, event=50, id="c1", payload=b"{}"
    ),
    "11ff100002aea543" + "00000022" + b'{"error":"Abnormal silence audio"}'.hex(): Frame(
        type=ERROR, flags=0xF, serialization=JSON, code=45000003, payload=b'{"error":"Abnormal silence audio"}'
    ),
    "1111100000000001000000027b7d": Frame(type=REQUEST, flags=SEQUENCE, serialization=JSON, sequence=1, payload=b"{}"),
    "1121000000000002000000020000": Frame(type=AUDIO, flags=SEQUENCE, sequence=2, payload=b"\0\0"),
    "11230000fffffffd00000000": Frame(type=AUDIO, flags=LAST_SEQUENCE, sequence=-3),
    "1122000000000000": Frame(type=AUDIO, flags=LAST),
}


@pytest.mark.parametrize("vector", VECTORS)
def test_a_vector_is_written(vector: str) -> None:
    assert encode(VECTORS[vector]).hex() == vector


@pytest.mark.parametrize("vector", VECTORS)
def test_a_vector_is_read(vector: str) -> None:
    assert decode(bytes.fromhex(vector)) == VECTORS[vector]


def test_speech_begins_as_in_the_documents() -> None:
    frame = Frame(type=SOUND, flags=EVENT, event=352, id=SESSION, payload=b"OggS")
    assert encode(frame).hex().startswith("11b400000000016000000024")


def test_what_is_packed_is_unpacked() -> None:
    frame = Frame(
        type=ANSWER, flags=SEQUENCE, serialization=JSON, compression=GZIP, sequence=7, payload=b'{"a":1}' * 99
    )
    assert len(encode(frame)) < 99
    assert decode(encode(frame)) == frame


def test_a_longer_header_is_passed_over() -> None:
    assert decode(bytes.fromhex("12921000ffffffff0000000178")).payload == b"x"


def test_only_a_last_frame_is_last() -> None:
    assert decode(bytes.fromhex("1122000000000000")).last
    assert not decode(bytes.fromhex("11ff100002aea54300000000")).last


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"\x11\x91\x10",
        b"\x21\x91\x10\0",
        b"\x10\x91\x10\0",
        bytes.fromhex("11911000000000010000ffff7b7d"),
        bytes.fromhex("11941000000000640000ffff"),
        bytes.fromhex("119111000000000100000003616263"),
        bytes.fromhex("119112000000000100000003616263"),
        "text",
    ],
)
def test_what_is_no_frame_is_a_bad_answer(broken: bytes | str) -> None:
    with pytest.raises(BadAnswer, match="no frame"):
        decode(broken)


def test_a_bomb_is_not_unpacked() -> None:
    bomb = gzip.compress(bytes(MOST + 1))
    with pytest.raises(BadAnswer):
        decode(bytes.fromhex("1191110000000001") + len(bomb).to_bytes(4, "big") + bomb)
