"""Answers, and the offers that WHEP's counter-offers need: from what was decided to a text.

An ICE-lite agent says ``a=ice-lite``, gives all its candidates at once, and waits for the peer's DTLS (``setup:passive``).
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from salon.rtc.ice import Credentials
from salon.rtc.sdp.model import Candidate, Codec, Direction, Fingerprint

# RFC 8445 section 5.1.2.1: type preference 126 for host candidates; UDP before TCP (RFC 6544 section 4.2).
_PRIORITY = {"udp": 126 << 24 | 65535 << 8 | 255, "tcp": 90 << 24 | 65535 << 8 | 255}


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """What we send in a section: one stream, and what repeats it."""

    ssrc: int
    rtx_ssrc: int | None = None
    cname: str
    stream: str
    track: str


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """One section as it is answered. ``formats`` and ``protocol`` come from the offer and stand even where it is rejected.

    ``rids`` are the layers that we take from the peer; ``sctp_port`` makes it a data channel section.
    """

    mid: str
    kind: str
    protocol: str
    formats: tuple[str, ...]
    rejected: bool = False
    direction: Direction = "inactive"
    codecs: tuple[Codec, ...] = ()
    extensions: dict[int, str] = {}
    rids: tuple[str, ...] = ()
    sends: Sent | None = None
    sctp_port: int | None = None
    max_message_size: int = 262_144


class Transport(msgspec.Struct, frozen=True, kw_only=True):
    """What all sections share. ``setup`` is ``passive`` in an answer, ``actpass`` in an offer."""

    credentials: Credentials
    fingerprints: tuple[Fingerprint, ...]
    candidates: tuple[Candidate, ...]
    setup: str = "passive"


def write(session_id: int, version: int, transport: Transport, sections: Sequence[Section]) -> str:
    """The whole text, lines ended as RFC 8866 wants them."""
    bundled = [section.mid for section in sections if not section.rejected]
    lines = [
        "v=0",
        f"o=- {session_id} {version} IN IP4 0.0.0.0",
        "s=-",
        "t=0 0",
        "a=ice-lite",
        f"a=group:BUNDLE {' '.join(bundled)}".rstrip(),
        "a=extmap-allow-mixed",
        "a=msid-semantic: WMS *",
    ]
    for section in sections:
        lines += _rejected(section) if section.rejected else _section(section, transport)
    return "\r\n".join([*lines, ""])


def candidate_lines(candidates: Sequence[Candidate]) -> list[str]:
    lines = []
    for index, candidate in enumerate(candidates):
        # Earlier ones are preferred among those of one transport.
        priority = _PRIORITY[candidate.transport] - (index << 8)
        tail = " tcptype passive" if candidate.transport == "tcp" else ""
        lines.append(
            f"a=candidate:{index + 1} 1 {candidate.transport} {priority} {candidate.host} {candidate.port} typ host{tail}"
        )
    return [*lines, "a=end-of-candidates"]


def credential_lines(credentials: Credentials) -> list[str]:
    return [f"a=ice-ufrag:{credentials.ufrag}", f"a=ice-pwd:{credentials.password}"]


def _rejected(section: Section) -> list[str]:
    return [
        f"m={section.kind} 0 {section.protocol} {' '.join(section.formats)}",
        "c=IN IP4 0.0.0.0",
        f"a=mid:{section.mid}",
        "a=inactive",
    ]


def _section(section: Section, transport: Transport) -> list[str]:
    formats = section.formats if section.sctp_port is not None else [str(c.payload_type) for c in section.codecs]
    port = transport.candidates[0].port if transport.candidates else 9
    host = transport.candidates[0].host if transport.candidates else "0.0.0.0"  # noqa: S104  # SDP's word for none
    return [
        f"m={section.kind} {port} {section.protocol} {' '.join(formats)}",
        f"c=IN {'IP6' if ':' in host else 'IP4'} {host}",
        *candidate_lines(transport.candidates),
        *credential_lines(transport.credentials),
        *(f"a=fingerprint:{each.algorithm} {each.value}" for each in transport.fingerprints),
        f"a=setup:{transport.setup}",
        f"a=mid:{section.mid}",
        *(_data(section) if section.sctp_port is not None else _rtp(section)),
    ]


def _data(section: Section) -> list[str]:
    return [f"a=sctp-port:{section.sctp_port}", f"a=max-message-size:{section.max_message_size}"]


def _rtp(section: Section) -> list[str]:
    lines = [f"a={section.direction}", "a=rtcp-mux", "a=rtcp-rsize"]
    lines += [f"a=extmap:{local_id} {uri}" for local_id, uri in sorted(section.extensions.items())]
    for codec in section.codecs:
        channels = f"/{codec.channels}" if codec.channels > 1 else ""
        lines.append(f"a=rtpmap:{codec.payload_type} {codec.name}/{codec.clock_rate}{channels}")
        lines += [f"a=rtcp-fb:{codec.payload_type} {feedback}" for feedback in codec.feedback]
        if codec.parameters:
            pairs = ";".join(f"{name}={value}" if value else name for name, value in codec.parameters.items())
            lines.append(f"a=fmtp:{codec.payload_type} {pairs}")
    if section.rids:
        lines += [f"a=rid:{rid} recv" for rid in section.rids]
        lines.append(f"a=simulcast:recv {';'.join(section.rids)}")
    if section.sends is not None:
        lines += _sent(section.sends)
    return lines


def _sent(sent: Sent) -> list[str]:
    # The client plays event.streams[0]: the msid must name a stream.
    lines = [f"a=msid:{sent.stream} {sent.track}"]
    if sent.rtx_ssrc is not None:
        lines.append(f"a=ssrc-group:FID {sent.ssrc} {sent.rtx_ssrc}")
    for ssrc in (sent.ssrc, sent.rtx_ssrc):
        if ssrc is not None:
            lines += [f"a=ssrc:{ssrc} cname:{sent.cname}", f"a=ssrc:{ssrc} msid:{sent.stream} {sent.track}"]
    return lines
