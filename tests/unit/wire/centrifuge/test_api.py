from __future__ import annotations

import pytest

from salon.base.errors import ClientError
from salon.wire.centrifuge import api


def test_what_is_asked() -> None:
    asked = api.decode("publish", b'{"channel": "a/b", "data": {"x": 1}, "tags": {"t": "u"}, "unknown": 1}')
    assert isinstance(asked, api.Publish)
    assert (asked.channel, bytes(asked.data), asked.tags) == ("a/b", b'{"x": 1}', {"t": "u"})
    assert api.decode("info", b"") == api.Info()
    assert api.decode("channels", b"{}") == api.Channels("*")


@pytest.mark.parametrize(
    ("method", "body", "code"),
    [
        ("teleport", b"{}", "method_not_found"),
        ("publish", b"{}", "invalid_value"),
        ("publish", b'{"channel": 1, "data": 1}', "invalid_value"),
        ("publish", b'{"channel": "a/b", "data": "\xff"}', "invalid_value"),
        ("publish", b"{", "invalid_value"),
        ("disconnect", b'{"seconds": -1}', "invalid_value"),
        ("batch", b"[" * 100_000, "invalid_value"),
    ],
)
def test_what_cannot_be_read(method: str, body: bytes, code: str) -> None:
    with pytest.raises(ClientError) as refused:
        api.decode(method, body)
    assert refused.value.code == code
