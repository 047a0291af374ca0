"""Which codecs and header extensions of an offer an answer takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from salon.rtc.sdp.model import Codec, Media

MID = "urn:ietf:params:rtp-hdrext:sdes:mid"
RID = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"
REPAIRED_RID = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"
AUDIO_LEVEL = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
ABS_SEND_TIME = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
TRANSPORT_SEQUENCE = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"

EXTENSIONS = frozenset({MID, RID, REPAIRED_RID, AUDIO_LEVEL, ABS_SEND_TIME, TRANSPORT_SEQUENCE})

FEEDBACK = {
    "audio": frozenset({"transport-cc", "nack"}),
    "video": frozenset({"transport-cc", "goog-remb", "nack", "nack pli", "ccm fir"}),
}

# What browsers all decode, first; what costs a viewer's battery least of the rest, next.
VIDEO = ("vp8", "h264", "vp9", "av1", "h265")
AUDIO = ("opus", "pcmu", "pcma")


def codecs(media: Media, wanted: Sequence[str]) -> tuple[Codec, ...]:
    """The first offered codec that is wanted, in the offer's order of preference, and what repeats it (RTX).

    One codec a section: a peer that may switch between several would send what its viewers never agreed to. Feedback is cut
    down to what both sides speak. Empty where nothing fits.
    """
    chosen = next((codec for codec in media.codecs if codec.key in wanted and _usable(codec)), None)
    if chosen is None:
        return ()
    repeats = next(
        (codec for codec in media.codecs if codec.key == "rtx" and codec.associated == chosen.payload_type), None
    )
    kept = FEEDBACK.get(media.kind, frozenset())
    taken = msgspec.structs.replace(chosen, feedback=tuple(line for line in chosen.feedback if line in kept))
    return (taken,) if repeats is None else (taken, repeats)


def same_codec(media: Media, published: Codec) -> tuple[Codec, ...]:
    """What of an offer can receive ``published`` as it is: the same codec in a compatible form, and what repeats it."""
    for codec in media.codecs:
        if codec.key == published.key and _fits(codec.parameters, published.parameters, published.key):
            only = msgspec.structs.replace(media, codecs=(codec, *(c for c in media.codecs if c.key == "rtx")))
            return codecs(only, (codec.key,))
    return ()


def extensions(media: Media) -> dict[int, str]:
    """The offered header extensions that are understood, with one-byte ids."""
    return {local_id: uri for local_id, uri in media.extensions.items() if uri in EXTENSIONS and local_id < 15}


def _usable(codec: Codec) -> bool:
    # Without packetization-mode=1 every H.264 NAL unit must fit a packet (RFC 6184 section 6.2); no browser's does.
    return codec.key != "h264" or codec.parameters.get("packetization-mode") == "1"


def _fits(theirs: Mapping[str, str], published: Mapping[str, str], key: str) -> bool:
    match key:
        case "h264":
            # Decoders take any level; what matters is the packetization, and the profile's first byte (66, 77, 100).
            same_mode = theirs.get("packetization-mode", "0") == published.get("packetization-mode", "0")
            return same_mode and theirs.get("profile-level-id", "42")[:2] == published.get("profile-level-id", "42")[:2]
        case "vp9":
            return theirs.get("profile-id", "0") == published.get("profile-id", "0")
        case "av1":
            return theirs.get("profile", "0") == published.get("profile", "0")
    return True
