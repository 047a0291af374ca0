from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest

from salon.base.errors import ClientError
from salon.wire.token import MAX_TOKEN, Claims, SalonClaim, looks_like_token, mint, verify

SECRET = b"s" * 32
NOW = 1_800_000_000


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def sign(header: Any, payload: Any, secret: bytes = SECRET) -> str:
    """A token as somebody else's library makes it. Bytes are taken as they are."""
    parts = [part if isinstance(part, bytes) else json.dumps(part).encode() for part in (header, payload)]
    signed = ".".join(b64(part) for part in parts)
    return f"{signed}.{b64(hmac.new(secret, signed.encode(), hashlib.sha256).digest())}"


HS256 = {"typ": "JWT", "alg": "HS256"}


def refusal(token: str, **settings: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        verify(token, settings.pop("secrets", SECRET), settings.pop("now", NOW), **settings)
    # What is refused is not repeated: it may be a good token sent to the wrong server.
    assert all(part not in caught.value.message for part in token.split(".") if len(part) > 8)
    return caught.value.code, caught.value.message


def test_the_example_of_rfc_7515_is_verified() -> None:
    # RFC 7515 appendix A.1: {"typ":"JWT",\r\n "alg":"HS256"} . {"iss":"joe",\r\n "exp":1300819380,\r\n ...}
    secret = base64.urlsafe_b64decode(
        "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow=="
    )
    token = (
        "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9"
        ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
        ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    )
    claims = verify(token, secret, 1_300_819_379)
    assert (claims.iss, claims.exp, claims.salon.talk) == ("joe", 1_300_819_380, False)
    assert looks_like_token(token)


def test_what_is_minted_is_verified() -> None:
    claims = Claims(
        sub="ada",
        exp=NOW + 60,
        info={"name": "Ada"},
        channels=("news",),
        salon=SalonClaim(talk=True, agents=("host",), rooms=("lobby",)),
    )
    token = mint(claims, SECRET)
    assert verify(token, SECRET, NOW) == claims
    payload = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    assert payload["salon"] == {"talk": True, "agents": ["host"], "rooms": ["lobby"]}


def test_a_centrifugo_back_ends_token_is_understood_and_unknown_claims_are_ignored() -> None:
    payload = {"sub": "42", "exp": NOW + 5, "info": {"a": 1}, "subs": {"x": {}}, "new": 1, "salon": {"later": [1]}}
    claims = verify(sign(HS256, payload), SECRET, NOW)
    assert (claims.sub, claims.info, claims.subs, claims.salon) == ("42", {"a": 1}, {"x": {}}, SalonClaim())


def test_an_old_secret_still_verifies_while_it_is_listed() -> None:
    old, new = b"o" * 32, b"n" * 32
    token = mint(Claims(sub="ada"), old)
    assert verify(token, [new, old], NOW).sub == "ada"
    assert refusal(token, secrets=[new])[0] == "invalid_token"


@pytest.mark.parametrize("secrets", [[], b"", [b""]])
def test_no_secret_verifies_nothing(secrets: Any) -> None:
    assert refusal(sign(HS256, {}, secret=b""), secrets=secrets)[0] == "invalid_token"


@pytest.mark.parametrize(
    ("claim", "now", "code"),
    [
        ({"exp": NOW}, NOW + 29, None),
        ({"exp": NOW}, NOW + 30, "token_expired"),
        ({"exp": NOW + 0.5}, NOW + 30, None),
        ({"nbf": NOW}, NOW - 30, None),
        ({"nbf": NOW}, NOW - 31, "token_not_yet_valid"),
        ({}, NOW, None),
    ],
)
def test_times_have_a_leeway_of_30_seconds(claim: dict[str, Any], now: int, code: str | None) -> None:
    token = sign(HS256, claim)
    if code is None:
        verify(token, SECRET, now)
    else:
        assert refusal(token, now=now)[0] == code


@pytest.mark.parametrize("alg", ["none", "None", "", "HS512", "RS256", "hs256"])
def test_other_algorithms_are_refused_even_when_the_signature_fits(alg: str) -> None:
    code, message = refusal(sign({"alg": alg}, {"sub": "ada"}))
    assert (code, message) == ("invalid_token", "This token cannot be accepted: it is not signed with HS256.")


def test_an_unsigned_token_is_refused() -> None:
    header, payload, _ = sign({"alg": "none"}, {}).split(".")
    assert refusal(f"{header}.{payload}.")[0] == "invalid_token"


def test_critical_extensions_are_refused() -> None:
    assert "extensions" in refusal(sign({**HS256, "crit": ["exp"]}, {}))[1]


def test_a_changed_token_is_refused() -> None:
    header, _, signature = mint(Claims(sub="ada"), SECRET).split(".")
    forged = b64(b'{"sub":"eve","salon":{"admin":true}}')
    assert "signature" in refusal(f"{header}.{forged}.{signature}")[1]


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        ("", "three parts"),
        ("a.b", "three parts"),
        ("a.b.c.d", "three parts"),
        ("!!!!.####.$$$$", "base64url"),
        ("é.é.é", "characters"),
        ("A.AA.AA", "base64url"),
        ("a" * (MAX_TOKEN + 1), "longer than"),
        (sign(b"not json", {}), "header"),
        (sign([1], {}), "header"),
        (sign(HS256, b"[1]"), "claims"),
        (sign(HS256, b"null"), "claims"),
        (sign(HS256, b'"text"'), "claims"),
        (sign(HS256, b"\xff\xfe"), "claims"),
        (sign(HS256, b"[" * 3000), "claims"),
        (sign(HS256, {"sub": 42}), "`$.sub`"),
        (sign(HS256, {"exp": "soon"}), "`$.exp`"),
        (sign(HS256, {"exp": True}), "`$.exp`"),
        (sign(HS256, b'{"exp":1e999}'), "claims"),
        (sign(HS256, {"salon": {"talk": "yes"}}), "`$.salon.talk`"),
    ],
)
def test_what_is_no_grant_is_refused_with_a_reason(token: str, reason: str) -> None:
    code, message = refusal(token)
    assert code == "invalid_token"
    assert reason in message


def test_one_signature_has_one_spelling() -> None:
    token = mint(Claims(sub="ada"), SECRET)
    # 32 bytes are 43 characters; the last one carries four bits, and two that must be zero.
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    other = token[:-1] + alphabet[alphabet.index(token[-1]) + 1]
    assert "base64url" in refusal(other)[1]
    assert "base64url" in refusal(token + "=")[1]


def test_audience_and_issuer_are_compared_when_asked_for() -> None:
    token = sign(HS256, {"aud": ["salon", "other"], "iss": "app"})
    assert verify(token, SECRET, NOW, audience="salon", issuer="app").iss == "app"
    assert verify(sign(HS256, {"aud": "salon"}), SECRET, NOW, audience="salon").aud == "salon"
    assert "audience" in refusal(token, audience="sal")[1]
    assert "audience" in refusal(sign(HS256, {}), audience="salon")[1]
    assert "issuer" in refusal(token, issuer="else")[1]


def test_nothing_is_minted_that_could_not_be_verified() -> None:
    with pytest.raises(ValueError, match="needs a secret"):
        mint(Claims(), b"")
    with pytest.raises(ValueError, match="limit is 8192"):
        mint(Claims(info="x" * MAX_TOKEN), SECRET)


@pytest.mark.parametrize("credential", ["sk-abc", "a.b.c", "eyJhbGci", "ek_x.y.z"])
def test_keys_do_not_look_like_tokens(credential: str) -> None:
    assert not looks_like_token(credential)


def test_what_may_be_broadcast_is_part_of_a_grant() -> None:
    claims = Claims(salon=SalonClaim(publish=("alice-*",), watch=("*",)))
    assert verify(mint(claims, SECRET), SECRET, NOW).salon == claims.salon
    assert verify(mint(Claims(), SECRET), SECRET, NOW).salon.publish == ()
