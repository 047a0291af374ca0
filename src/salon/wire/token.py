"""Grants: JSON Web Tokens (RFC 7519) signed with HMAC-SHA256, in the compact form of RFC 7515.

The claims are Centrifugo's (https://centrifugal.dev/docs/server/authentication), so that a back end which already mints
tokens for Centrifugo can mint them for Salon, plus one claim of our own, ``salon``, that says what the holder may do here.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from typing import Any

import msgspec

from salon.base.errors import ClientError

MAX_TOKEN = 8 * 1024
"""Characters. A longer token is not looked at: it would not fit into a request header everywhere either."""


class TopicsClaim(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Patterns of channels (``room/topic``) for each thing that may be done there: hear, say, signal to one, send inputs."""

    subscribe: tuple[str, ...] = ()
    publish: tuple[str, ...] = ()
    signal: tuple[str, ...] = ()
    intent: tuple[str, ...] = ()


class SalonClaim(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the holder may do here; everything defaults to no.

    ``talk`` lets in at the doors where models answer. ``agents`` names the agents that may be talked with; empty is all of
    them. ``rooms`` names rooms, as patterns, in which everything may be done that participants do; ``topics`` says it topic by
    topic. ``publish`` and ``watch`` name the broadcasts that may be sent and seen, as patterns of
    ``matches``. ``peer`` is the id by which the holder can be called, where it is not ``sub``. ``admin`` allows what an
    administrator's key allows. Members unknown to this version are ignored, so that newer minters and older servers go
    together.
    """

    talk: bool = False
    agents: tuple[str, ...] = ()
    rooms: tuple[str, ...] = ()
    topics: TopicsClaim = TopicsClaim()
    publish: tuple[str, ...] = ()
    watch: tuple[str, ...] = ()
    peer: str = ""
    admin: bool = False


class Claims(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The payload. ``exp``, ``nbf`` and ``iat`` are seconds since 1970 (RFC 7519 section 2, NumericDate).

    ``sub`` is the user. ``info``, ``b64info``, ``meta``, ``channels``, ``subs``, ``channel`` and ``expire_at`` mean what they
    mean to Centrifugo.
    """

    sub: str = ""
    exp: int | float | None = None
    iat: int | float | None = None
    nbf: int | float | None = None
    aud: str | tuple[str, ...] | None = None
    iss: str | None = None
    jti: str | None = None
    info: Any = None
    b64info: str | None = None
    meta: Any = None
    channels: tuple[str, ...] = ()
    subs: dict[str, Any] = {}
    channel: str | None = None
    expire_at: int | float | None = None
    salon: SalonClaim = SalonClaim()


class _Header(msgspec.Struct, frozen=True):
    alg: str
    crit: Any = None


# msgspec lets Python's own errors through for text that is not UTF-8 and for lists in lists in lists.
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

_header = msgspec.json.Decoder(_Header)
_claims = msgspec.json.Decoder(Claims)
_HEADER = base64.urlsafe_b64encode(b'{"alg":"HS256","typ":"JWT"}').rstrip(b"=")


def mint(claims: Claims, secret: bytes) -> str:
    """Sign ``claims``. Raises ``ValueError`` for an empty secret or claims that make a token nobody would read."""
    if not secret:
        raise ValueError("A token needs a secret.")
    signed = _HEADER + b"." + _encode(msgspec.json.encode(claims))
    token = (signed + b"." + _encode(_sign(signed, secret))).decode()
    if len(token) > MAX_TOKEN:
        raise ValueError(f"These claims make a token of {len(token)} characters; the limit is {MAX_TOKEN}.")
    return token


def verify(
    token: str,
    secrets: bytes | Sequence[bytes],
    now: int,
    leeway: int = 30,
    *,
    audience: str | None = None,
    issuer: str | None = None,
) -> Claims:
    """The claims of a token that one of ``secrets`` signed (several while a secret is being replaced).

    ``now`` is seconds since 1970; ``leeway`` seconds are granted to clocks that disagree. ``audience`` and ``issuer`` are
    compared when given. Raises ``ClientError`` with code ``invalid_token``, ``token_expired`` or ``token_not_yet_valid``;
    no message repeats any part of the token.
    """
    signed, header, payload, signature = _split(token)
    _check_header(header)
    candidates = (secrets,) if isinstance(secrets, bytes) else secrets
    # Every secret is tried, so that the time taken does not tell which one fits.
    matches = [hmac.compare_digest(_sign(signed, secret), signature) for secret in candidates if secret]
    if not any(matches):
        raise _invalid("its signature does not match")
    # Nothing of the payload is read before its signature is known to be good.
    try:
        claims = _claims.decode(payload)
    except _UNREADABLE as error:
        # A ValidationError says which claim and which type; the others may quote what they could not read.
        detail = f": {error}" if isinstance(error, msgspec.ValidationError) else ""
        raise _invalid(f"its claims are not those of a grant{detail}") from None
    _check_times(claims, now, leeway)
    if audience is not None and audience not in ((claims.aud,) if isinstance(claims.aud, str) else claims.aud or ()):
        raise _invalid("it is meant for another audience")
    if issuer is not None and claims.iss != issuer:
        raise _invalid("it comes from another issuer")
    return claims


def looks_like_token(credential: str) -> bool:
    """Whether it has the shape of a compact JWS: three parts, the first a JSON object (``eyJ`` is ``{"`` in base64)."""
    return credential.startswith("eyJ") and credential.count(".") == 2


def _split(token: str) -> tuple[bytes, bytes, bytes, bytes]:
    if len(token) > MAX_TOKEN:
        raise _invalid(f"it is longer than {MAX_TOKEN} characters")
    try:
        parts = token.encode("ascii").split(b".")
    except UnicodeEncodeError:
        raise _invalid("it has characters that no token has") from None
    if len(parts) != 3:
        raise _invalid("it does not have three parts")
    header, payload, signature = (_decode(part) for part in parts)
    return parts[0] + b"." + parts[1], header, payload, signature


def _check_header(header: bytes) -> None:
    try:
        read = _header.decode(header)
    except _UNREADABLE:
        raise _invalid("its header cannot be read") from None
    # RFC 8725 section 3.1: "Libraries MUST enable the caller to specify a supported set of algorithms and MUST NOT use
    # any other algorithms". Ours is a set of one: ``none`` and public-key algorithms never get near the secret.
    if read.alg != "HS256":
        raise _invalid("it is not signed with HS256")
    # RFC 7515 section 4.1.11: "If any of the listed extension Header Parameters are not understood and supported by the
    # recipient, then the JWS is invalid."
    if read.crit is not None:
        raise _invalid("it asks for extensions that are not supported")


def _check_times(claims: Claims, now: int, leeway: int) -> None:
    # RFC 7519 section 4.1.4: the current date/time "MUST be before the expiration date/time"; "Implementers MAY provide
    # for some small leeway".
    if claims.exp is not None and now - leeway >= claims.exp:
        raise ClientError("This token has expired. Ask for a new one.", code="token_expired")
    if claims.nbf is not None and now + leeway < claims.nbf:
        raise ClientError(
            "This token is not valid yet. Compare the clocks of the two machines.", code="token_not_yet_valid"
        )


def _sign(signed: bytes, secret: bytes) -> bytes:
    return hmac.new(secret, signed, hashlib.sha256).digest()


def _encode(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def _decode(part: bytes) -> bytes:
    try:
        data = base64.b64decode(part + b"=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise _invalid("a part of it is not base64url") from None
    # RFC 4648 section 3.5: pad bits that are not zero would let many spellings stand for one token.
    if _encode(data) != part:
        raise _invalid("a part of it is not base64url")
    return data


def _invalid(why: str) -> ClientError:
    return ClientError(f"This token cannot be accepted: {why}.", code="invalid_token")
