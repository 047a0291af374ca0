"""From an offer and our wants to what each section becomes. Nothing is made here: a plan that cannot be is refused whole."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from salon.base.errors import ClientError
from salon.media.tracks import Source
from salon.ports.media import Wants
from salon.ports.media_stats import Kind
from salon.rtc.sdp import negotiate
from salon.rtc.sdp.model import Codec, Direction, Media, Offer

_SENDS = frozenset({"sendrecv", "sendonly"})
_RECEIVES = frozenset({"sendrecv", "recvonly"})


class Planned(msgspec.Struct, kw_only=True):
    """One section. ``takes``: the peer sends here. ``gives``: we do, ``source`` if there is one, our ``voice``, or later.
    ``idle``: nobody does, and it stands for its transport alone."""

    media: Media
    codecs: tuple[Codec, ...] = ()
    extensions: dict[int, str] = {}
    takes: bool = False
    gives: bool = False
    voice: bool = False
    source: Source | None = None
    rids: tuple[str, ...] = ()
    data: bool = False
    idle: bool = False

    @property
    def rejected(self) -> bool:
        return not (self.takes or self.gives or self.data or self.idle)

    @property
    def direction(self) -> Direction:
        if self.takes and self.gives:
            return "sendrecv"
        return "recvonly" if self.takes else "sendonly" if self.gives else "inactive"

    @property
    def ids(self) -> dict[str, int]:
        return {uri: local_id for local_id, uri in self.extensions.items()}


class _Left:
    """What of our wants is not placed yet."""

    def __init__(self, offer: Offer, wants: Wants, present: Mapping[str, Source]) -> None:
        self.present = present
        self.publish: dict[Kind, int] = dict(wants.publish)
        self.play: list[Source] = [source for source in wants.play if isinstance(source, Source)]
        self.slots: dict[Kind, Codec] = dict(wants.slots)
        self.voice = wants.voice
        self.data = wants.data
        self.misfits: set[str] = set()
        layered = bool(self.slots) or any(source.simulcast for source in self.play)
        pictures = [codec for media in offer.media for codec in media.codecs if codec.key in negotiate.VIDEO]
        # A viewer of sources without layers need not tell of each packet: every such answer costs 30 us, ten times a second, to
        # decide nothing. Its own estimate (REMB), once a second, says enough.
        self.lean = not layered and all("goog-remb" in codec.feedback for codec in pictures)


def check(offer: Offer) -> None:
    """Raises ``ClientError`` where there can be no transport."""
    transport = offer.transport
    if not transport.ufrag or len(transport.password) < 22:
        raise _invalid("it has no ice-ufrag and ice-pwd")
    if not any(each.algorithm in ("sha-256", "sha-384", "sha-512") for each in transport.fingerprints):
        raise _invalid("it has no fingerprint of sha-256 or better")
    if transport.setup == "passive":
        raise _invalid("setup:passive, but this server waits for the peer's DTLS too")
    if offer.ice_lite:
        raise _invalid("ice-lite on both sides would never meet")


def plan(offer: Offer, wants: Wants, present: Mapping[str, Source]) -> list[Planned]:
    """One for each section of the offer. ``present`` is what is played already, by mid: it stays where it is.

    Raises ``ClientError``: ``invalid_sdp``, or ``codec_mismatch``.
    """
    check(offer)
    left = _Left(offer, wants, present)
    bundle = offer.bundle or tuple(media.mid for media in offer.media[:1])
    planned = [_section(media, wants, left) if media.mid in bundle else Planned(media=media) for media in offer.media]
    if left.misfits or all(each.rejected for each in planned):
        what = " and ".join(sorted(left.misfits)) or "sections"
        raise ClientError(f"Nothing fits of the offered {what}.", code="codec_mismatch", param="sdp")
    head = next((each for each in planned if each.media.mid == bundle[0]), None)
    if head is not None and head.rejected and head.media.codecs and not head.media.rejected:
        # The transport of all is this section's. RFC 9143 section 7.3.3 lets it be rejected all the same, but libwebrtc with
        # "max-bundle" then has none for the others and refuses the answer.
        head.idle, head.codecs = True, head.media.codecs[:1]
    return planned


def describe(planned: list[Planned]) -> str:
    """What a reader of the timeline wants to know of an offer: no addresses, no keys."""
    return ", ".join(
        "data" if each.data else f"{each.media.kind} {each.codecs[0].name} {each.direction}"
        for each in planned
        if not each.rejected
    )


def _section(media: Media, wants: Wants, left: _Left) -> Planned:
    planned = Planned(media=media)
    if media.rejected:
        return planned
    if media.kind == "application":
        if left.data and media.sctp_port is not None:
            left.data, planned.data = False, True
        return planned
    if media.kind not in ("audio", "video"):
        return planned
    kind: Kind = "audio" if media.kind == "audio" else "video"
    if kind == "audio" and left.voice:
        _voice(planned, media, wants, left)
        return planned
    if media.direction in _RECEIVES:
        _give(planned, media, kind, left)
    if media.direction in _SENDS and left.publish.get(kind, 0) > 0:
        _take(planned, media, kind, wants, left)
    if not planned.rejected:
        planned.extensions = _extensions(planned)
    return planned


def _voice(planned: Planned, media: Media, wants: Wants, left: _Left) -> None:
    codecs = negotiate.codecs(media, wants.audio)
    if not codecs or codecs[0].key != "opus":
        left.misfits.add("audio")
        return
    left.voice = False
    # Speech alone needs no estimate of what the network carries.
    planned.codecs = _without_transport(codecs)
    planned.takes = media.direction in _SENDS
    planned.gives = planned.voice = media.direction in _RECEIVES
    planned.extensions = _extensions(planned)


def _give(planned: Planned, media: Media, kind: Kind, left: _Left) -> None:
    others = [source for mid, source in left.present.items() if mid != media.mid]
    candidates = [source for source in left.play if source.kind == kind]
    # What is played here already; else what is played nowhere yet.
    source = next((source for source in candidates if source is left.present.get(media.mid)), None)
    source = source or next((source for source in candidates if source not in others), None)
    published = source.codec if source is not None else left.slots.get(kind)
    if published is None:
        return
    codecs = negotiate.same_codec(media, published)
    if not codecs:
        left.misfits.add(kind)
        return
    codecs += tuple(codec for codec in media.codecs if codec.key == "red" and codec.clock_rate == published.clock_rate)[
        :1
    ]
    left.misfits.discard(kind)
    if source is not None:
        left.play.remove(source)
    else:
        del left.slots[kind]
    planned.gives, planned.source, planned.codecs = True, source, codecs
    if left.lean:
        planned.codecs = _without_transport(codecs)


def _take(planned: Planned, media: Media, kind: Kind, wants: Wants, left: _Left) -> None:
    wanted = (planned.codecs[0].key,) if planned.gives else wants.audio if kind == "audio" else wants.video
    codecs = planned.codecs or negotiate.codecs(media, wanted)
    if not codecs:
        left.misfits.add(kind)
        return
    left.publish[kind] -= 1
    planned.takes, planned.codecs = True, codecs
    if wants.simulcast and media.simulcast is not None:
        planned.rids = tuple(rid for rid in media.simulcast.rids if rid in media.rids)


def _without_transport(codecs: tuple[Codec, ...]) -> tuple[Codec, ...]:
    feedback = tuple(line for line in codecs[0].feedback if line != "transport-cc")
    return (msgspec.structs.replace(codecs[0], feedback=feedback), *codecs[1:])


def _extensions(planned: Planned) -> dict[int, str]:
    found = negotiate.extensions(planned.media)
    if "transport-cc" not in planned.codecs[0].feedback:
        found = {local_id: uri for local_id, uri in found.items() if uri != negotiate.TRANSPORT_SEQUENCE}
    if planned.gives and not planned.takes:
        # What we do not send, and what is about simulcast, has no place in a section that we send in.
        spoken = {negotiate.MID, negotiate.ABS_SEND_TIME, negotiate.TRANSPORT_SEQUENCE}
        found = {local_id: uri for local_id, uri in found.items() if uri in spoken}
    if not planned.rids:
        simulcast = {negotiate.RID, negotiate.REPAIRED_RID}
        found = {local_id: uri for local_id, uri in found.items() if uri not in simulcast}
    return found


def _invalid(why: str) -> ClientError:
    return ClientError(f"This is not an SDP offer that can be answered: {why}.", code="invalid_sdp", param="sdp")
