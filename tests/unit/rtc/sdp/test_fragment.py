"""Bodies of WHIP's PATCH."""

from __future__ import annotations

import pytest

from salon.base.errors import ClientError
from salon.rtc.ice import Credentials
from salon.rtc.sdp import Candidate, fragment

BODY = (
    "a=group:BUNDLE 0 1\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=ice-ufrag:EsAw\r\n"
    "a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\na=candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host\r\n"
    "a=end-of-candidates\r\n"
)


def test_candidates_and_credentials_are_read() -> None:
    read = fragment.parse(BODY)
    assert (read.ufrag, read.password) == ("EsAw", "P2uYro0UCOQ4zxjKXaWCBui1")
    assert len(read.candidates) == 1
    assert read.ended


def test_what_is_written_is_read_again() -> None:
    credentials = Credentials("ours", "our-password-of-22-chars")
    text = fragment.write(credentials, [Candidate(host="192.0.2.1", port=8000)], ["0", "1"])
    read = fragment.parse(text)
    assert Credentials(read.ufrag, read.password) == credentials
    assert read.candidates == ("1 1 udp 2130706431 192.0.2.1 8000 typ host",)


@pytest.mark.parametrize("body", ["", "a=ice-ufrag:EsAw\n", "a=ice-ufrag:x\na=ice-pwd:short\n", "x" * 40_000])
def test_what_is_no_fragment_is_said_so(body: str) -> None:
    with pytest.raises(ClientError) as caught:
        fragment.parse(body)
    assert caught.value.code == "invalid_sdp"
