"""``application/trickle-ice-sdpfrag`` (RFC 8840), the body of WHIP's and WHEP's PATCH."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from salon.base.errors import ClientError
from salon.rtc.ice import Credentials
from salon.rtc.sdp.model import Candidate
from salon.rtc.sdp.write import candidate_lines, credential_lines

MAX_CHARACTERS = 32 * 1024


class Fragment(msgspec.Struct, frozen=True):
    """``candidates`` are lines behind ``a=candidate:``: a lite agent learns where its peer is from the peer's checks, and
    needs none of them."""

    ufrag: str
    password: str
    candidates: tuple[str, ...] = ()
    ended: bool = False


def parse(text: str) -> Fragment:
    """Raises ``ClientError`` (``invalid_sdp``)."""
    if len(text) > MAX_CHARACTERS:
        raise _invalid(f"more than {MAX_CHARACTERS} characters")
    ufrag = password = ""
    candidates: list[str] = []
    ended = False
    for line in text.splitlines():
        name, _, value = line.strip().partition(":")
        match name:
            case "a=ice-ufrag":
                ufrag = ufrag or value
            case "a=ice-pwd":
                password = password or value
            case "a=candidate":
                candidates.append(value[:512])
            case "a=end-of-candidates":
                ended = True
    if not 4 <= len(ufrag) <= 256 or not 22 <= len(password) <= 256:
        raise _invalid("ice-ufrag and ice-pwd are missing")
    return Fragment(ufrag, password, tuple(candidates[:64]), ended)


def write(credentials: Credentials, candidates: Sequence[Candidate], mids: Sequence[str]) -> str:
    """Our side after an ICE restart."""
    mid = mids[0] if mids else "0"
    lines = [
        f"a=group:BUNDLE {' '.join(mids)}".rstrip(),
        "a=ice-lite",
        *credential_lines(credentials),
        "m=audio 9 UDP/TLS/RTP/SAVPF 0",
        f"a=mid:{mid}",
        *candidate_lines(candidates),
        "",
    ]
    return "\r\n".join(lines)


def _invalid(why: str) -> ClientError:
    return ClientError(f"This is not a trickle ICE fragment: {why}.", code="invalid_sdp")
