"""Whatever is sent as a token, the verifier answers with claims or a ``ClientError``, and lets in only what was signed."""

from __future__ import annotations

import base64
import hashlib
import hmac
from contextlib import suppress

from hypothesis import example, given, settings
from hypothesis import strategies as st

from salon.base.errors import ClientError
from salon.wire.token import Claims, SalonClaim, mint, verify

SECRET = b"s" * 32
NOW = 1_800_000_000
LIMITED = settings(max_examples=400, deadline=None, derandomize=True)

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
names = st.text(max_size=20)
claims = st.builds(
    Claims,
    sub=names,
    exp=st.none() | st.integers(NOW, 2**53),
    nbf=st.none() | st.integers(0, NOW),
    aud=st.none() | names | st.lists(names, max_size=3).map(tuple),
    info=json_values,
    channels=st.lists(names, max_size=3).map(tuple),
    salon=st.builds(SalonClaim, talk=st.booleans(), agents=st.lists(names, max_size=3).map(tuple), admin=st.booleans()),
)


@LIMITED
@given(st.text() | st.from_regex(r"[A-Za-z0-9_\-=]*\.[A-Za-z0-9_\-=]*\.[A-Za-z0-9_\-=]*", fullmatch=True))
@example("\ud800.a.b")
@example("..")
def test_text_is_refused_and_nothing_else_happens(text: str) -> None:
    try:
        verify(text, SECRET, NOW)
    except ClientError as error:
        assert error.code == "invalid_token"
    else:
        raise AssertionError("unsigned text was let in")


@LIMITED
@given(st.binary(max_size=200) | st.recursive(st.just(b"{}"), lambda inner: inner.map(lambda b: b'{"a":' + b + b"}")))
def test_a_signed_payload_of_any_bytes_gives_claims_or_a_client_error(payload: bytes) -> None:
    header = base64.urlsafe_b64encode(b'{"alg":"HS256"}').rstrip(b"=")
    signed = header + b"." + base64.urlsafe_b64encode(payload).rstrip(b"=")
    signature = base64.urlsafe_b64encode(hmac.new(SECRET, signed, hashlib.sha256).digest()).rstrip(b"=")
    with suppress(ClientError):
        assert isinstance(verify((signed + b"." + signature).decode(), SECRET, NOW), Claims)


@LIMITED
@given(claims)
def test_claims_come_back_as_they_were(given_claims: Claims) -> None:
    assert verify(mint(given_claims, SECRET), SECRET, NOW) == given_claims


@LIMITED
@given(claims, st.data())
def test_no_changed_character_gets_past_the_signature(given_claims: Claims, data: st.DataObject) -> None:
    token = mint(given_claims, SECRET)
    position = data.draw(st.integers(0, len(token) - 1))
    character = data.draw(st.characters(min_codepoint=33, max_codepoint=126).filter(lambda c: c != token[position]))
    changed = token[:position] + character + token[position + 1 :]
    try:
        verify(changed, SECRET, NOW)
    except ClientError:
        return
    raise AssertionError("a changed token was let in")
