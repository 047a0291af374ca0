from __future__ import annotations

import json
from typing import Any

from salon.base.rooms import Patch, Publication, Seat, Snapshot, Who
from salon.wire.centrifuge import codes, encode

WHO = Who("alice", "client_1", b'{"name":"Alice"}')
INFO = {"user": "alice", "client": "client_1", "conn_info": {"name": "Alice"}}


def read(text: str) -> Any:
    assert "\n" not in text and "\r" not in text
    return json.loads(text)


def test_replies_and_errors() -> None:
    assert read(encode.reply(3, "publish", encode.Nothing())) == {"id": 3, "publish": {}}
    assert read(encode.error(4, codes.PERMISSION_DENIED, 'No "way".')) == {
        "id": 4,
        "error": {"code": 103, "message": 'No "way".'},
    }
    assert read(encode.error(4, codes.INTERNAL, "Later."))["error"]["temporary"] is True


def test_a_publication_of_a_log() -> None:
    published = Publication(b'{"a": 1}', 5, "e", who=WHO, at=12, tags={"k": "v"})
    push = encode.publication("r/t", encode.pub(published))
    expected = {
        "channel": "r/t",
        "pub": {"data": {"a": 1}, "offset": 5, "info": INFO, "tags": {"k": "v"}, "time": 12000},
    }
    assert read(push.stream) == expected
    assert read(push.socket) == {"push": expected}


def test_a_publication_of_latest_has_its_key_and_no_offset() -> None:
    made = read(encode.publication("r/t", encode.pub(Publication(b"1", 5, "e", key="x", tags={"u": "C"}))).stream)
    assert made["pub"] == {"data": 1, "tags": {"u": "C", "key": "x"}}


def test_newlines_between_members_do_not_end_the_line() -> None:
    made = read(encode.publication("r/t", encode.pub(Publication(b'{\n  "a":\r\n "b\\nc"\n}', 1, "e"))).socket)
    assert made["push"]["pub"]["data"] == {"a": "b\nc"}
    assert read(encode.message(b"[\n1]").stream) == {"message": {"data": [1]}}


def test_no_data_is_null() -> None:
    assert read(encode.message(b"").stream) == {"message": {"data": None}}


def test_states() -> None:
    whole = encode.publication("r/s", encode.snapshot_pub(Snapshot(3, "e", {"k": b'{"x": 1}'}, 9))).stream
    assert read(whole)["pub"] == {
        "data": {"type": "snapshot", "version": 3, "epoch": "e", "entries": {"k": {"x": 1}}, "time": 9},
        "offset": 3,
    }
    patch = Patch(3, 4, "e", {"k": b"2"}, ("j",), acks={"client_1": 7}, time=10)
    assert read(encode.publication("r/s", encode.patch_pub(patch)).stream)["pub"]["data"] == {
        "type": "patch",
        "base": 3,
        "version": 4,
        "epoch": "e",
        "set": {"k": 2},
        "removed": ["j"],
        "acks": {"client_1": 7},
        "time": 10,
    }


def test_who_is_there() -> None:
    seats = [
        Seat(session="c1", identity="a", attributes=b'{"mood":1}', joined_at=1, seen_at=2, away=True),
        Seat(session="c2", identity="a", kind="agent"),
    ]
    second = {"user": "a", "client": "c2", "chan_info": {"kind": "agent", "joined_at": 0, "seen_at": 0}}
    known = {"kind": "user", "joined_at": 1, "seen_at": 2, "away": True, "attributes": {"mood": 1}}
    assert read(encode.reply(1, "presence", encode.presence(seats)))["presence"]["presence"] == {
        "c1": {"user": "a", "client": "c1", "chan_info": known},
        "c2": second,
    }
    stats = read(encode.reply(1, "presence_stats", encode.presence_stats(seats)))["presence_stats"]
    assert stats == {"num_clients": 2, "num_users": 1}
    assert read(encode.joined("r/t", encode.member(seats[1])).stream)["join"] == {"info": second}
    assert read(encode.left("r/t", encode.member(seats[1])).stream)["leave"] == {"info": second}


def test_proofs_and_connections_are_told_to_nobody() -> None:
    seat = Seat(session="c", identity="a", connection="conn-secret", proof=b"proof-secret")
    assert "secret" not in encode.joined("r/t", encode.member(seat)).stream


def test_endings() -> None:
    assert read(encode.unsubscribed("r/t", codes.INSUFFICIENT_STATE).stream)["unsubscribe"]["code"] == 2500
    last = read(encode.disconnected(codes.SLOW).stream)
    assert last == {"disconnect": {"code": 3008, "reason": "slow", "reconnect": True}}
    assert read(encode.disconnected(codes.BAD_FRAME).stream)["disconnect"]["reconnect"] is False


def test_the_beginning() -> None:
    subs = {"r/t": encode.SubscribeResult(recoverable=True, positioned=True, epoch="e", offset=2)}
    made = encode.connected(encode.ConnectResult("c", "1", subs=subs, ping=25, pong=True))
    assert read(made.stream)["connect"] == {
        "client": "c",
        "version": "1",
        "subs": {"r/t": {"recoverable": True, "positioned": True, "epoch": "e", "offset": 2}},
        "ping": 25,
        "pong": True,
    }
    assert read(encode.subscribed("r/t", subs["r/t"]).stream)["subscribe"]["offset"] == 2
    assert read(encode.refreshed(60).stream) == {"refresh": {"expires": True, "ttl": 60}}
