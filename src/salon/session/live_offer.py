"""What WHIP and WHEP allow in an offer, beyond what makes it SDP."""

from __future__ import annotations

from salon.base.errors import Refused
from salon.ports.media_stats import Kind
from salon.rtc.sdp.model import Media, Offer
from salon.session.broadcast import Role

DIRECTIONS: dict[Role, frozenset[str]] = {
    "publish": frozenset({"sendonly", "sendrecv"}),
    "watch": frozenset({"recvonly", "sendrecv"}),
}
WHO: dict[Role, str] = {"publish": "publisher", "watch": "viewer"}


def kinds(offer: Offer, role: Role) -> list[Kind]:
    """The kinds of the sections that are asked for, at least one. Raises ``Refused`` (422 ``unsupported_offer``)."""
    found: list[Kind] = []
    for media in offer.media:
        kind = _kind(media)
        if kind is None or media.rejected:
            continue
        if media.direction not in DIRECTIONS[role]:
            # RFC 9725 section 4.2: ""inactive" and "recvonly" attributes MUST NOT be used"; WHEP section 4.3.5 mirrors it.
            raise unsupported(f"A {WHO[role]}'s {kind} section may not be {media.direction}.")
        if kind in found:
            # RFC 9725 section 4.4.2: "it MUST NOT have two or more than MediaStreamTracks for the same media".
            raise unsupported(f"There may be one {kind} section at most.")
        found.append(kind)
    if not found:
        raise unsupported("The offer has neither an audio nor a video section.")
    used = [media.mid for media in offer.media if _kind(media) is not None and not media.rejected]
    # RFC 9725 section 4.4.1: client and endpoint "SHALL support [BUNDLE] and use "max-bundle" policy".
    if len(used) > 1 and not set(used) <= set(offer.bundle):
        raise unsupported("All sections must be in one BUNDLE group.")
    return found


def unsupported(message: str) -> Refused:
    return Refused(message, status=422, code="unsupported_offer")


def _kind(media: Media) -> Kind | None:
    match media.kind:
        case "audio":
            return "audio"
        case "video":
            return "video"
    return None
