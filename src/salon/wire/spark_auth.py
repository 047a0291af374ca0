"""The signed URL of iFlytek's WebSocket services: how it is made and how it is checked.

Source: xfyun.cn/doc/spark/general_url_authentication.html. The service's gateway is Kong's hmac-auth plug-in; the four
rejections are Kong's. Both sides are pure: the date is an argument.

What is signed is three lines, joined by ``\\n``, with none at the end::

    host: spark-api.xf-yun.com
    date: Sun, 01 Nov 2026 08:00:00 GMT
    GET /v3.5/chat HTTP/1.1

The signature is HMAC-SHA256 under the APISecret. It travels in the query parameters ``authorization`` (Base64 of
``api_key="…", algorithm="hmac-sha256", headers="host date request-line", signature="…"``), ``date`` and ``host``.
A signature is good for as often as one likes within the window: clients sign one URL and use it twice within a second.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from datetime import UTC
from email.utils import formatdate, parsedate_to_datetime
from urllib.parse import urlencode, urlsplit

import msgspec

#: Seconds that the two clocks may differ, either way.
ALLOWED_SKEW = 300

_SIGNED = ("host", "date", "request-line")
_PAIR = re.compile(r'([a-z_]+)\s*=\s*"([^"]*)"')


class Rejection(msgspec.Struct, frozen=True):
    """The HTTP answer in place of 101. ``reason`` is a word for counters and logs."""

    status: int
    message: str
    reason: str

    @property
    def body(self) -> bytes:
        return msgspec.json.encode({"message": self.message})


UNSIGNED = Rejection(401, "Unauthorized", "unsigned")
UNREADABLE = Rejection(401, "HMAC signature cannot be verified", "unreadable")
UNKNOWN_KEY = Rejection(401, "HMAC signature cannot be verified: fail to retrieve credential", "unknown_key")
WRONG_SIGNATURE = Rejection(401, "HMAC signature does not match", "wrong_signature")
WRONG_DATE = Rejection(
    403,
    "HMAC signature cannot be verified, a valid date or x-date header is required for HMAC Authentication",
    "wrong_date",
)


class Claim(msgspec.Struct, frozen=True):
    """Who a URL says it comes from, and the proof. Nothing in it has been checked."""

    api_key: str
    signature: str
    headers: tuple[str, ...]
    host: str
    date: str


def http_date(unix: float) -> str:
    """RFC 1123 in GMT, as the signature wants it. ``unix`` is seconds since 1970."""
    return formatdate(unix, usegmt=True)


def parse_http_date(text: str) -> float | None:
    """Seconds since 1970; None if ``text`` is no date. ``UTC`` does for ``GMT``: Go programs write it."""
    try:
        moment = parsedate_to_datetime(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def sign(
    api_secret: str, *, host: str, date: str, path: str, method: str = "GET", headers: tuple[str, ...] = _SIGNED
) -> str:
    """The signature: 44 characters of Base64. ``headers`` is the order of the lines."""
    lines = {"host": f"host: {host}", "date": f"date: {date}", "request-line": f"{method} {path} HTTP/1.1"}
    text = "\n".join(lines[name] for name in headers)
    return base64.b64encode(hmac.digest(api_secret.encode(), text.encode(), hashlib.sha256)).decode()


def authorization(api_key: str, signature: str) -> str:
    """The value of the query parameter of that name, not yet URL-encoded."""
    origin = f'api_key="{api_key}", algorithm="hmac-sha256", headers="{" ".join(_SIGNED)}", signature="{signature}"'
    return base64.b64encode(origin.encode()).decode()


def signed_url(url: str, *, api_key: str, api_secret: str, date: str, method: str = "GET") -> str:
    """``url`` with the three parameters. The signed host is the URL's own, with its port where it names one."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    path = parts.path or "/"
    signature = sign(api_secret, host=host, date=date, path=path, method=method)
    signed = urlencode({"authorization": authorization(api_key, signature), "date": date, "host": host})
    query = f"{parts.query}&{signed}" if parts.query else signed
    return parts._replace(path=path, query=query).geturl()


def parse(query: Mapping[str, str]) -> Claim | Rejection:
    """Read the URL-decoded query parameters.

    Real clients put many spaces after the commas or none, and write ``hmac username="K"`` for ``api_key="K"``; so the
    pairs are looked for, wherever they stand.
    """
    encoded = query.get("authorization")
    if not encoded:
        return UNSIGNED
    try:
        # A client that does not URL-encode its Base64 has its plus signs read as spaces.
        origin = base64.b64decode(encoded.replace(" ", "+"), validate=True).decode()
    except (binascii.Error, ValueError):
        return UNREADABLE
    pairs = dict(_PAIR.findall(origin))
    api_key = pairs.get("api_key") or pairs.get("username")
    headers = tuple(pairs.get("headers", "").split())
    host, date = query.get("host"), query.get("date")
    if not (api_key and pairs.get("signature") and host and date):
        return UNREADABLE
    if pairs.get("algorithm", "").lower() != "hmac-sha256" or sorted(headers) != sorted(_SIGNED):
        return UNREADABLE
    return Claim(api_key, pairs["signature"], headers, host, date)


def verify(
    query: Mapping[str, str], *, path: str, secret_of: Callable[[str], str | None], now: float, method: str = "GET"
) -> Claim | Rejection:
    """Check a request's signature, then its date.

    ``query`` is URL-decoded; ``path`` is the request's path as it was sent. ``secret_of`` gives the APISecret of an
    APIKey, None for an unknown one. ``now`` is seconds since 1970.

    The signed host and date are those of the query, as received: clients behind a proxy, and some that sign one host
    and dial another, are right by their own words.
    """
    claim = parse(query)
    if isinstance(claim, Rejection):
        return claim
    secret = secret_of(claim.api_key)
    if secret is None:
        return UNKNOWN_KEY
    expected = sign(secret, host=claim.host, date=claim.date, path=path, method=method, headers=claim.headers)
    if not hmac.compare_digest(expected.encode(), claim.signature.encode()):
        return WRONG_SIGNATURE
    signed_at = parse_http_date(claim.date)
    if signed_at is None or abs(now - signed_at) > ALLOWED_SKEW:
        return WRONG_DATE
    return claim
