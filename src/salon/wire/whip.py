"""WHIP (RFC 9725) and WHEP (draft-ietf-wish-whep-03) as HTTP sees them: headers, media types, entity-tags, problems.

The SDP inside the bodies is ``salon.rtc.sdp``'s.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import quote

import msgspec

SDP = "application/sdp"
FRAGMENT = "application/trickle-ice-sdpfrag"
PROBLEM = "application/problem+json"

MAX_SDP = 256 * 1024
"""Bytes of an offer or answer. Chromium's largest are about 10 kB for each section."""
MAX_FRAGMENT = 32 * 1024
"""Bytes of a trickle ICE fragment."""

# What a room's name may have: RFC 3986's unreserved characters, so that it stands in a URL as it is.
ROOM = re.compile(r"[A-Za-z0-9_.~-]{1,128}")

Door = Literal["whip", "whep"]
ANY: Literal["*"] = "*"

# RFC 9110 section 8.8.3: etagc is any visible character but the double quote.
_TAG = re.compile(r'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"')
_MEDIA_TYPE = re.compile(r"[ \t]*([\w!#$%&'*+.^`|~-]+/[\w!#$%&'*+.^`|~-]+)[ \t]*(?:;|$)")
# RFC 3986 section 2: what a URI may hold; a percent sign must begin an escape.
_NOT_URI = re.compile(r"[^A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]|%(?![0-9A-Fa-f]{2})")
_NOT_FIELD = re.compile(r"[^\t\x20-\x7e]")


class IceServer(msgspec.Struct, frozen=True, kw_only=True):
    """A STUN or TURN server: its URLs as RFC 7064 and RFC 7065 write them. Its ``repr`` hides the credential."""

    urls: tuple[str, ...]
    username: str = ""
    credential: str = ""

    def __repr__(self) -> str:
        return f"IceServer(urls={self.urls!r}, username={self.username!r}, credential={'***' if self.credential else ''!r})"


def turn_credentials(secret: bytes, identity: str, expires_at: int) -> tuple[str, str]:
    """Username and password that a TURN server with the same secret takes until ``expires_at`` (seconds since 1970).

    The form is draft-uberti-behave-turn-rest-00's, coturn's ``use-auth-secret``.
    """
    # A colon ends the time; the rest is for the server's log.
    username = f"{expires_at}:{identity}"
    digest = hmac.new(secret, username.encode(), hashlib.sha1).digest()
    return username, base64.b64encode(digest).decode()


def links(servers: Iterable[IceServer]) -> list[str]:
    """The values of ``Link`` headers, one for each URL (RFC 9725 section 4.6)."""
    return [_link(url, server) for server in servers for url in server.urls]


def _link(url: str, server: IceServer) -> str:
    value = f'<{_NOT_URI.sub(lambda found: quote(found[0], safe=""), url)}>; rel="ice-server"'
    if server.username:
        value += f"; username={_quoted(server.username)}; credential={_quoted(server.credential)}"
        value += '; credential-type="password"'
    return value


def _quoted(text: str) -> str:
    """RFC 9110 section 5.6.4: a quoted-string. What no header may hold is left out."""
    return '"' + _NOT_FIELD.sub("", text).replace("\\", "\\\\").replace('"', '\\"') + '"'


def strong_tag(opaque: str) -> str:
    """The ``ETag`` of an ICE session."""
    return f'"{opaque}"'


def if_match(values: Sequence[str]) -> Literal["*"] | tuple[str, ...] | None:
    """The strong tags that ``If-Match`` names, without quotes: ``*`` for any, None where the header is absent.

    Weak tags are left out: RFC 9110 section 13.1.1 has a server "use the strong comparison function", and they equal nothing
    in it. RFC 9725's own examples quote the asterisk, and so do clients.
    """
    if not values:
        return None
    text = ",".join(values).strip()
    if text in ("*", '"*"'):
        return ANY
    found = tuple(match[2] for match in _TAG.finditer(text) if not match[1])
    if not found and '"' not in text:
        # Clients that strip the quotes off ETag send it back so.
        found = tuple(word for word in (part.strip() for part in text.split(",")) if word)
    return found


def media_type(value: str | None) -> str:
    """The type of a ``Content-Type``, in small letters and without parameters; empty where there is none or it is malformed."""
    match = _MEDIA_TYPE.match(value or "")
    return match[1].lower() if match else ""


def location(prefix: str, door: Door, room: str, session: str) -> str:
    """The session's URL, as a reference relative to the host: whatever name or proxy the client came by stays right."""
    return f"{prefix}/{door}/{room}/{session}"


def counter_offer_type(valid_until: int) -> str:
    """``Content-Type`` of a counter-offer that is good until then (seconds since 1970)."""
    # WHEP section 4.3.2: "The "valid-until" parameter value MUST be an HTTP-date".
    return f'{SDP}; valid-until="{http_date(valid_until)}"'


def http_date(unix: int) -> str:
    """RFC 9110 section 5.6.7: ``Wed, 09 Oct 2024 10:00:00 GMT``."""
    moment = datetime.fromtimestamp(unix, UTC)
    day = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[moment.weekday()]
    months = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    return f"{day}, {moment.day:02} {months[moment.month - 1]} {moment:%Y %H:%M:%S} GMT"


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Problem details (RFC 9457). ``detail`` is the sentence for people, ``code`` is Salon's."""

    title: str
    status: int
    detail: str
    code: str


def accept_patch(door: Door) -> str:
    """RFC 5789 section 3.1. A viewer may also answer a counter-offer."""
    return f"{FRAGMENT}, {SDP}" if door == "whep" else FRAGMENT
