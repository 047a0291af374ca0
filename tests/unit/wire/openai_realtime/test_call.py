"""The bodies in which clients send an offer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from salon.base.errors import ClientError
from salon.wire.openai_realtime.call import read

OFFER = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\n"
TYPED = (
    '--b\r\nContent-Disposition: form-data; name="sdp"\r\nContent-Type: application/sdp\r\n\r\n' + OFFER + "\r\n"
    '--b\r\nContent-Disposition: form-data; name="session"\r\nContent-Type: application/json\r\n\r\n'
    '{"type": "realtime"}\r\n--b--\r\n'
)
PLAIN = TYPED.replace("Content-Type: application/sdp\r\n", "").replace("Content-Type: application/json\r\n", "")


@pytest.mark.parametrize(
    ("content_type", "body", "session"),
    [
        ("application/sdp", OFFER, None),
        ("Application/SDP; charset=utf-8", OFFER, None),
        ("", OFFER, None),
        ("multipart/form-data; boundary=b", TYPED, {"type": "realtime"}),
        ('multipart/form-data; boundary="b"', PLAIN, {"type": "realtime"}),
        ("application/json", '{"sdp": "v=0\\r\\no=- 1 2 IN IP4 127.0.0.1\\r\\n"}', None),
    ],
)
def test_an_offer_and_its_session(content_type: str, body: str, session: object) -> None:
    sdp, found = read(content_type, body.encode())
    assert sdp.strip() == OFFER.strip()
    assert found == session


@pytest.mark.parametrize(
    ("content_type", "body", "code"),
    [
        ("application/sdp", b"", "missing_required_parameter"),
        ("application/json", b"[1]", "missing_required_parameter"),
        ("application/json", b'{"sdp": 3}', "missing_required_parameter"),
        ("application/json", b"{", "invalid_json"),
        ("text/plain", b"v=0", "unsupported_content_type"),
        ("multipart/form-data; boundary=b", b"--b--", "missing_required_parameter"),
        ("multipart/form-data", b"v=0", "missing_required_parameter"),
        ("multipart/form-data; boundary=b", PLAIN.replace('{"type', '{{"type').encode(), "invalid_json"),
    ],
)
def test_what_is_wrong_is_said(content_type: str, body: bytes, code: str) -> None:
    with pytest.raises(ClientError) as caught:
        read(content_type, body)
    assert caught.value.code == code


@given(
    some.one_of(some.text(max_size=40), some.sampled_from(["multipart/form-data; boundary=b", "application/json", ""])),
    some.one_of(some.binary(max_size=200), some.just(TYPED.encode()[:150])),
)
def test_any_body_is_read_or_refused(content_type: str, body: bytes) -> None:
    try:
        sdp, _ = read(content_type, body)
    except ClientError as error:
        assert error.code
    else:
        assert sdp.strip()
