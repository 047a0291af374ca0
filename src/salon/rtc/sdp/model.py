"""What an offer says, and what an answer is made of."""

from __future__ import annotations

from typing import Literal

import msgspec

Direction = Literal["sendrecv", "sendonly", "recvonly", "inactive"]

REVERSED: dict[Direction, Direction] = {
    "sendrecv": "sendrecv",
    "sendonly": "recvonly",
    "recvonly": "sendonly",
    "inactive": "inactive",
}


class Codec(msgspec.Struct, frozen=True, kw_only=True):
    """One payload type. ``name`` is in capital letters but for ``opus`` and ``rtx``'s like: compare ``key``. ``feedback`` are
    the ``a=rtcp-fb`` values, as ``nack pli``. ``parameters`` is ``a=fmtp``, by name."""

    payload_type: int
    name: str
    clock_rate: int
    channels: int = 1
    parameters: dict[str, str] = {}
    feedback: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        return self.name.lower()

    @property
    def associated(self) -> int | None:
        """Of a retransmission codec: the payload type that it repeats (RFC 4588 section 8.6)."""
        apt = self.parameters.get("apt", "")
        return int(apt) if apt.isdecimal() and len(apt) <= 3 else None


class Fingerprint(msgspec.Struct, frozen=True):
    """``algorithm`` in small letters, ``value`` in capital hexadecimal with colons (RFC 8122 section 5)."""

    algorithm: str
    value: str


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """One of our own, for an answer. ``transport`` tcp is passive (RFC 6544)."""

    host: str
    port: int
    transport: Literal["udp", "tcp"] = "udp"


class Simulcast(msgspec.Struct, frozen=True):
    """The layers that the peer sends, by RTP stream id, in its order; those it starts paused are in ``paused``."""

    rids: tuple[str, ...]
    paused: frozenset[str] = frozenset()


class Media(msgspec.Struct, frozen=True, kw_only=True):
    """One section. ``extensions`` are header extensions: URI by local id. ``groups`` are ``a=ssrc-group`` lines."""

    kind: str
    mid: str
    port: int
    protocol: str
    formats: tuple[str, ...]
    direction: Direction = "sendrecv"
    codecs: tuple[Codec, ...] = ()
    extensions: dict[int, str] = {}
    ufrag: str = ""
    password: str = ""
    fingerprints: tuple[Fingerprint, ...] = ()
    setup: str = ""
    ssrcs: tuple[int, ...] = ()
    groups: tuple[tuple[str, tuple[int, ...]], ...] = ()
    msid: str = ""
    rids: tuple[str, ...] = ()
    simulcast: Simulcast | None = None
    rtcp_mux: bool = False
    sctp_port: int | None = None
    max_message_size: int = 65536

    @property
    def rejected(self) -> bool:
        """RFC 3264 section 6: a port of zero. ``bundle-only`` sections have one too and are not rejected (RFC 9143)."""
        return self.port == 0

    def codec(self, payload_type: int) -> Codec | None:
        return next((codec for codec in self.codecs if codec.payload_type == payload_type), None)


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """``bundle`` are the mids that share one transport, in order; the first one's ICE and DTLS lines are the transport's."""

    media: tuple[Media, ...]
    bundle: tuple[str, ...] = ()
    ice_lite: bool = False

    @property
    def transport(self) -> Media:
        """The section whose ICE and DTLS attributes count."""
        leading = self.bundle[0] if self.bundle else self.media[0].mid
        return next((media for media in self.media if media.mid == leading), self.media[0])
