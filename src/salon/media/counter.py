"""Our own offers, for peers whose offer did not fit (WHEP's 406): what is written in them, and what an answer makes of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from salon.base.errors import ClientError
from salon.media.plan import Planned
from salon.media.tracks import Source
from salon.rtc.sdp import negotiate
from salon.rtc.sdp.model import Codec, Media, Offer

PROTOCOL: Final = "UDP/TLS/RTP/SAVPF"
FIRST_TYPE: Final = 96
_EXTENSIONS: Final = {1: negotiate.MID, 2: negotiate.ABS_SEND_TIME}
_FEEDBACK: Final = {"audio": (), "video": ("goog-remb", "nack", "nack pli", "ccm fir")}


def offered(sources: Sequence[Source]) -> list[Planned]:
    """A section for each source, in the codec that it is published in."""
    planned, payload_type = [], FIRST_TYPE
    for index, source in enumerate(sources):
        main = msgspec.structs.replace(source.codec, payload_type=payload_type, feedback=_FEEDBACK[source.kind])
        codecs = [main]
        if source.kind == "video":
            repeats = Codec(
                payload_type=payload_type + 1,
                name="rtx",
                clock_rate=main.clock_rate,
                parameters={"apt": str(payload_type)},
            )
            codecs.append(repeats)
        payload_type += len(codecs)
        media = Media(
            kind=source.kind,
            mid=str(index),
            port=9,
            protocol=PROTOCOL,
            formats=tuple(str(codec.payload_type) for codec in codecs),
            codecs=tuple(codecs),
            extensions=_EXTENSIONS,
        )
        planned.append(Planned(media=media, codecs=tuple(codecs), extensions=_EXTENSIONS, gives=True, source=source))
    return planned


def answered(answer: Offer, planned: Sequence[Planned]) -> list[Planned]:
    """What the peer took of it. Raises ``ClientError`` (``invalid_sdp``) where it took nothing or something else."""
    transport = answer.transport
    if not transport.ufrag or not transport.password or not transport.fingerprints:
        raise _invalid("it has no ICE credentials or no fingerprint")
    if transport.setup != "active":
        raise _invalid("its setup is not active")
    by_mid = {media.mid: media for media in answer.media}
    taken = []
    for each in planned:
        media = by_mid.get(each.media.mid)
        if media is None or media.rejected or media.direction not in ("recvonly", "sendrecv"):
            taken.append(Planned(media=each.media))
            continue
        types = {codec.payload_type for codec in media.codecs}
        if each.codecs[0].payload_type not in types:
            taken.append(Planned(media=each.media))
            continue
        codecs = tuple(codec for codec in each.codecs if codec.payload_type in types)
        extensions = {
            local_id: uri for local_id, uri in each.extensions.items() if media.extensions.get(local_id) == uri
        }
        taken.append(Planned(media=each.media, codecs=codecs, extensions=extensions, gives=True, source=each.source))
    if all(each.rejected for each in taken):
        raise _invalid("it takes nothing of what was offered")
    return taken


def _invalid(why: str) -> ClientError:
    return ClientError(f"This is not an answer to our offer: {why}.", code="invalid_sdp", param="sdp")
