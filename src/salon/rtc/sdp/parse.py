"""From the text of an offer to an ``Offer``.

Tolerant where browsers, OBS, GStreamer, aiortc and libwebrtc differ; strict where a mistake would only show later as a call
without sound. ``ClientError`` with code ``invalid_sdp`` is all that it raises.
"""

from __future__ import annotations

import re
from typing import Any, cast

from salon.base.errors import ClientError
from salon.rtc.sdp.model import Codec, Direction, Fingerprint, Media, Offer, Simulcast

MAX_CHARACTERS = 256 * 1024
MAX_SECTIONS = 64
MAX_CODECS = 128
MAX_LINES = 8192

# RFC 3551 table 4: what goes without a=rtpmap.
STATIC = {0: ("PCMU", 8000), 8: ("PCMA", 8000), 9: ("G722", 8000)}
DIRECTIONS = frozenset({"sendrecv", "sendonly", "recvonly", "inactive"})

_ICE = re.compile(r"[A-Za-z0-9+/=_-]{4,256}")
_FINGERPRINT = re.compile(r"([\w-]{1,32}) ((?:[0-9A-Fa-f]{2}:){7,63}[0-9A-Fa-f]{2})")
_RTPMAP = re.compile(r"(\d{1,3}) ([\w.+-]{1,64})/(\d{1,7})(?:/(\d{1,2}))?")
_EXTMAP = re.compile(r"(\d{1,3})(?:/\w+)? (\S{1,256})")
_TOKEN = re.compile(r"[\w!#$%&'*+.^`{|}~-]{1,64}")


class _Section:
    """Attributes of one section, by name, in order."""

    def __init__(self, line: str = "") -> None:
        self.line = line
        self.attributes: dict[str, list[str]] = {}

    def add(self, attribute: str) -> None:
        name, _, value = attribute.partition(":")
        self.attributes.setdefault(name, []).append(value)

    def all(self, name: str) -> list[str]:
        return self.attributes.get(name, [])

    def first(self, name: str, otherwise: str = "") -> str:
        return next(iter(self.attributes.get(name, ())), otherwise)


def parse(text: str) -> Offer:
    if len(text) > MAX_CHARACTERS:
        raise _invalid(f"more than {MAX_CHARACTERS} characters")
    lines = text.splitlines()
    if not lines or lines[0].strip() != "v=0":
        raise _invalid("it does not begin with v=0")
    if len(lines) > MAX_LINES:
        raise _invalid(f"more than {MAX_LINES} lines")
    session, sections = _Section(), list[_Section]()
    for line in lines:
        if line.startswith("m="):
            sections.append(_Section(line[2:].strip()))
        elif line.startswith("a="):
            (sections[-1] if sections else session).add(line[2:].strip())
    if not sections:
        raise _invalid("it has no media section")
    if len(sections) > MAX_SECTIONS:
        raise _invalid(f"more than {MAX_SECTIONS} media sections")
    media = tuple(_media(section, session, index) for index, section in enumerate(sections))
    mids = [each.mid for each in media]
    if len(set(mids)) != len(mids):
        raise _invalid("two media sections have the same mid")
    group = next((value for value in session.all("group") if value.split(" ")[0] == "BUNDLE"), "")
    bundle = tuple(mid for mid in group.split()[1:] if mid in mids)
    return Offer(media=media, bundle=bundle, ice_lite="ice-lite" in session.attributes)


def _media(section: _Section, session: _Section, index: int) -> Media:
    words = section.line.split()
    if len(words) < 4:
        raise _invalid("a media line has too few words")
    kind, port, protocol, formats = words[0], words[1].partition("/")[0], words[2], tuple(words[3:])
    if not port.isdecimal() or len(port) > 5:
        raise _invalid("a media line has no port")
    mid = section.first("mid", str(index))
    if not _TOKEN.fullmatch(mid):
        raise _invalid("a mid is not a token")

    def inherited(name: str) -> str:
        return section.first(name) or session.first(name)

    direction = next((name for name in DIRECTIONS if name in section.attributes), None) or next(
        (name for name in DIRECTIONS if name in session.attributes), "sendrecv"
    )
    return Media(
        kind=kind,
        mid=mid,
        port=9 if "bundle-only" in section.attributes else int(port),
        protocol=protocol,
        formats=formats,
        direction=cast(Direction, direction),
        codecs=_codecs(section, formats) if kind in ("audio", "video") else (),
        extensions=_extensions(section),
        ufrag=_credential(inherited("ice-ufrag")),
        password=_credential(inherited("ice-pwd")),
        fingerprints=_fingerprints(section.all("fingerprint") or session.all("fingerprint")),
        setup=inherited("setup"),
        rtcp_mux="rtcp-mux" in section.attributes,
        **_streams(section),
        **_sctp(section, kind, rejected=port == "0" and "bundle-only" not in section.attributes),
    )


def _streams(section: _Section) -> dict[str, Any]:
    """What the peer sends in this section."""
    ssrcs = dict.fromkeys(
        int(number)
        for line in section.all("ssrc")
        if (number := line.partition(" ")[0]).isdecimal() and len(number) <= 10
    )
    groups = []
    for line in section.all("ssrc-group"):
        semantics, *members = line.split()[:17] or [""]
        if members and all(member.isdecimal() and len(member) <= 10 for member in members):
            groups.append((semantics, tuple(map(int, members))))
    msid = section.first("msid") or next(
        (line.partition("msid:")[2] for line in section.all("ssrc") if " msid:" in line), ""
    )
    rids = tuple(words[0] for line in section.all("rid") if len(words := line.split()) >= 2 and words[1] == "send")
    return {
        "ssrcs": tuple(list(ssrcs)[:64]),
        "groups": tuple(groups[:32]),
        "msid": msid[:512],
        "rids": tuple(rid for rid in rids if _TOKEN.fullmatch(rid))[:8],
        "simulcast": _simulcast(section.first("simulcast")),
    }


def _simulcast(value: str) -> Simulcast | None:
    """RFC 8853: ``send 1;~2;3 recv 4``. Of alternatives, ``1,2``, the first counts."""
    words = value.split()
    for direction, streams in zip(words[::2], words[1::2], strict=False):
        if direction == "send":
            first = [stream.partition(",")[0] for stream in streams.split(";") if stream][:8]
            paused = frozenset(rid[1:] for rid in first if rid.startswith("~"))
            return Simulcast(tuple(rid.removeprefix("~") for rid in first), paused)
    return None


def _sctp(section: _Section, kind: str, *, rejected: bool) -> dict[str, Any]:
    # RFC 3264 section 8.2: a section that has ended stays in its place, with port zero and perhaps nothing more.
    if kind != "application" or rejected:
        return {}
    port, size = section.first("sctp-port"), section.first("max-message-size", "65536")
    if not port:
        # Before RFC 8841 the port stood in a=sctpmap.
        port = section.first("sctpmap").partition(" ")[0]
    if not (port.isdecimal() and len(port) <= 5) or not (size.isdecimal() and len(size) <= 19):
        raise _invalid("the data channel section has no sctp-port")
    # RFC 8841 section 6: zero means that there is no limit.
    return {"sctp_port": int(port), "max_message_size": int(size) or 2**31}


def _codecs(section: _Section, formats: tuple[str, ...]) -> tuple[Codec, ...]:
    maps = {int(found[1]): found for line in section.all("rtpmap") if (found := _RTPMAP.match(line))}
    parameters = {pt: _parameters(rest) for pt, rest in _by_payload_type(section.all("fmtp"))}
    feedback: dict[int, list[str]] = {}
    everywhere = [line[2:].strip() for line in section.all("rtcp-fb") if line.startswith("* ")]
    for pt, rest in _by_payload_type(section.all("rtcp-fb")):
        feedback.setdefault(pt, []).append(rest)
    codecs = []
    for text in formats[:MAX_CODECS]:
        if not text.isdecimal() or len(text) > 3 or (pt := int(text)) > 127:
            raise _invalid(f"{text[:20]!r} is not a payload type")
        if found := maps.get(pt):
            name, rate, channels = found[2], int(found[3]), int(found[4] or 1)
        elif pt in STATIC:
            (name, rate), channels = STATIC[pt], 1
        else:
            continue
        codecs.append(
            Codec(
                payload_type=pt,
                name=name,
                clock_rate=rate,
                channels=channels,
                parameters=parameters.get(pt, {}),
                feedback=tuple(feedback.get(pt, [])[:32] + everywhere[:32]),
            )
        )
    return tuple(codecs)


def _by_payload_type(lines: list[str]) -> list[tuple[int, str]]:
    found = []
    for line in lines:
        number, _, rest = line.partition(" ")
        if number.isdecimal() and len(number) <= 3:
            found.append((int(number), rest.strip()))
    return found


def _parameters(text: str) -> dict[str, str]:
    found = {}
    for pair in text[:2048].split(";"):
        name, _, value = pair.strip().partition("=")
        if name:
            found[name.strip().lower()] = value.strip()
    return found


def _extensions(section: _Section) -> dict[int, str]:
    found = {}
    for line in section.all("extmap")[:64]:
        if (match := _EXTMAP.match(line)) and 1 <= (local_id := int(match[1])) <= 255:
            found[local_id] = match[2]
    return found


def _fingerprints(lines: list[str]) -> tuple[Fingerprint, ...]:
    return tuple(
        Fingerprint(match[1].lower(), match[2].upper()) for line in lines[:8] if (match := _FINGERPRINT.fullmatch(line))
    )


def _credential(value: str) -> str:
    if value and not _ICE.fullmatch(value):
        raise _invalid("an ICE credential has characters that it may not have")
    return value


def _invalid(why: str) -> ClientError:
    return ClientError(f"This is not an SDP offer that can be answered: {why}.", code="invalid_sdp", param="sdp")
