from __future__ import annotations

import json

import pytest

from salon.base.errors import ClientError
from salon.wire import peerjs

# As Chromium 156 sent it through npm peerjs 1.5.5, the SDP shortened.
OFFER = (
    '{"type":"OFFER","payload":{"sdp":{"type":"offer","sdp":"v=0\\r\\no=- 46 2 IN IP4 127.0.0.1\\r\\n"},"type":"data",'
    '"connectionId":"dc_7n9v","metadata":{"name":"Ada \\u00e9"},"label":"dc_7n9v","reliable":false,"serialization":"binary"},'
    '"dst":"bob"}'
)


def test_an_offer_is_read_and_handed_on_under_the_speakers_own_id() -> None:
    heard = peerjs.decode(OFFER)
    assert (heard.type, heard.dst) == ("OFFER", "bob")
    told = json.loads(peerjs.relayed(heard, "alice"))
    assert told == {"type": "OFFER", "src": "alice", "dst": "bob", "payload": json.loads(OFFER)["payload"]}


def test_a_payload_is_handed_on_byte_for_byte() -> None:
    payload = '{ "n":1.0e2,"text":"\\u00e9 é" , "deep":[[],{}]}'
    told = peerjs.relayed(peerjs.decode(f'{{"type":"CANDIDATE","dst":"bob","payload": {payload} }}'), "alice")
    assert told == f'{{"type":"CANDIDATE","src":"alice","dst":"bob","payload":{payload}}}'


def test_only_four_members_survive() -> None:
    heard = peerjs.decode('{"type":"ANSWER","src":"mallory","dst":"bob","payload":{},"ttl":9,"type2":"OPEN"}')
    assert json.loads(peerjs.relayed(heard, "alice")) == {
        "type": "ANSWER", "src": "alice", "dst": "bob", "payload": {},
    }  # fmt: skip


def test_a_heartbeat_and_a_farewell_need_nothing_else() -> None:
    assert peerjs.decode('{"type":"HEARTBEAT"}') == peerjs.Heard("HEARTBEAT")
    assert peerjs.decode('{"type":"LEAVE"}').dst == ""
    heard = peerjs.decode('{"type":"LEAVE","dst":"bob","payload":"bye"}')
    assert json.loads(peerjs.relayed(heard, "alice")) == {"type": "LEAVE", "src": "alice", "dst": "bob"}


@pytest.mark.parametrize(
    ("text", "code", "param"),
    [
        ("", "invalid_event", None),
        ("peace", "invalid_event", None),
        ("[]", "invalid_event", None),
        ("{}", "invalid_event", None),
        ("\ud800", "invalid_event", None),
        ('{"type":"OFFER","dst":"bob","payload":{"a":01}}', "invalid_event", None),
        ('{"type":"OFFER","dst":"bob","payload":{"a":' + "[" * 9000 + "]" * 9000 + "}}", "invalid_event", None),
        ('{"type":7}', "invalid_type", "type"),
        ('{"type":"OFFER","dst":7,"payload":{}}', "invalid_type", "dst"),
        ('{"type":"OFFER","dst":"bob"}', "invalid_type", "payload"),
        ('{"type":"CANDIDATE","dst":"bob","payload":null}', "invalid_type", "payload"),
        ('{"type":"ANSWER","dst":"bob","payload":[]}', "invalid_type", "payload"),
        ('{"type":"OFFER","payload":{}}', "missing_required_parameter", "dst"),
        ('{"type":"OPEN"}', "invalid_value", "type"),
        ('{"type":"EXPIRE","dst":"bob"}', "invalid_value", "type"),
    ],
    ids=lambda value: value[:50] if isinstance(value, str) else None,
)
def test_what_no_client_says(text: str, code: str, param: str | None) -> None:
    with pytest.raises(ClientError) as caught:
        peerjs.decode(text)
    assert (caught.value.code, caught.value.param) == (code, param)


def test_the_servers_own_words() -> None:
    assert json.loads(peerjs.OPEN) == {"type": "OPEN"}
    assert json.loads(peerjs.ID_TAKEN) == {"type": "ID-TAKEN", "payload": {"msg": "ID is taken"}}
    assert json.loads(peerjs.error('No "x"')) == {"type": "ERROR", "payload": {"msg": 'No "x"'}}
    assert json.loads(peerjs.expired("bob", "alice")) == {"type": "EXPIRE", "src": "bob", "dst": "alice"}
    assert json.loads(peerjs.left("bob", "alice")) == {"type": "LEAVE", "src": "bob", "dst": "alice"}


@pytest.mark.parametrize("id", ["a", "7", "alice", "alice-2_b c", "1f0a-9c", "A" * peerjs.MAX_ID])
def test_ids(id: str) -> None:
    assert peerjs.is_id(id)


@pytest.mark.parametrize(
    "id", ["", "-a", "a-", "a--b", "a_ b", "a.b", "a@b.c", "é", "a\n", "a\tb", "１", "A" * (peerjs.MAX_ID + 1)]
)
def test_what_is_no_id(id: str) -> None:
    assert not peerjs.is_id(id)
