"""STUN messages (RFC 8489), as far as an ICE-lite agent needs them (RFC 8445).

``parse`` never raises: what is not a STUN message is None. A message keeps the bytes it came as, since its integrity is
computed over them.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import struct
import zlib
from typing import Final, NamedTuple

COOKIE: Final = 0x2112A442
_COOKIE_BYTES: Final = COOKIE.to_bytes(4, "big")
_FINGERPRINT_MASK: Final = 0x5354554E  # RFC 8489 section 14.7: "XORed with the 32-bit value 0x5354554e"

BINDING_REQUEST: Final = 0x0001
BINDING_INDICATION: Final = 0x0011
BINDING_SUCCESS: Final = 0x0101
BINDING_ERROR: Final = 0x0111

USERNAME: Final = 0x0006
MESSAGE_INTEGRITY: Final = 0x0008
ERROR_CODE: Final = 0x0009
UNKNOWN_ATTRIBUTES: Final = 0x000A
XOR_MAPPED_ADDRESS: Final = 0x0020
PRIORITY: Final = 0x0024
USE_CANDIDATE: Final = 0x0025
SOFTWARE: Final = 0x8022
FINGERPRINT: Final = 0x8028
ICE_CONTROLLED: Final = 0x8029
ICE_CONTROLLING: Final = 0x802A

# Attributes below 0x8000 must be understood; these are the ones that a check may carry.
UNDERSTOOD: Final = frozenset(
    {USERNAME, MESSAGE_INTEGRITY, ERROR_CODE, UNKNOWN_ATTRIBUTES, XOR_MAPPED_ADDRESS, PRIORITY, USE_CANDIDATE}
)

MAX_ATTRIBUTES: Final = 32


class Message(NamedTuple):
    """``attributes`` has the first value of each type. ``signed`` is where MESSAGE-INTEGRITY begins, -1 without one."""

    type: int
    transaction_id: bytes
    attributes: dict[int, bytes]
    raw: bytes
    signed: int

    @property
    def username(self) -> str:
        return self.attributes.get(USERNAME, b"").decode("utf-8", "replace")

    @property
    def unknown(self) -> tuple[int, ...]:
        """Attributes that must be understood and are not."""
        return tuple(kind for kind in self.attributes if kind < 0x8000 and kind not in UNDERSTOOD)

    @property
    def error_code(self) -> int:
        """0 without one."""
        value = self.attributes.get(ERROR_CODE, b"")
        return value[2] * 100 + value[3] if len(value) >= 4 else 0

    def is_signed_with(self, password: str) -> bool:
        """RFC 8489 section 14.5: the HMAC is over the message up to the attribute, with the length in the header adjusted
        to end behind it."""
        shown = self.attributes.get(MESSAGE_INTEGRITY)
        if shown is None or self.signed < 0:
            return False
        expected = _integrity(self.raw[: self.signed], password)
        return hmac.compare_digest(shown, expected)


def is_stun(datagram: bytes) -> bool:
    """RFC 7983 section 7: the first byte tells; the cookie makes sure."""
    return len(datagram) >= 20 and datagram[0] < 4 and datagram[4:8] == _COOKIE_BYTES


def parse(datagram: bytes) -> Message | None:
    """A STUN message, or None. A FINGERPRINT that is there must be right."""
    if not is_stun(datagram):
        return None
    kind, length = struct.unpack_from("!HH", datagram)
    if length % 4 or len(datagram) != 20 + length:
        return None
    attributes: dict[int, bytes] = {}
    signed, position = -1, 20
    while position < len(datagram):
        if position + 4 > len(datagram) or len(attributes) >= MAX_ATTRIBUTES:
            return None
        attribute, size = struct.unpack_from("!HH", datagram, position)
        value = datagram[position + 4 : position + 4 + size]
        if len(value) != size:
            return None
        if attribute == FINGERPRINT:
            if size != 4 or int.from_bytes(value, "big") != _fingerprint(datagram[:position]):
                return None
        # Section 14.5: "agents MUST ignore all other attributes that follow MESSAGE-INTEGRITY", FINGERPRINT excepted.
        elif signed < 0:
            attributes.setdefault(attribute, value)
            if attribute == MESSAGE_INTEGRITY:
                signed = position
        position += 4 + size + (-size % 4)
    if position != len(datagram):
        return None
    return Message(kind, datagram[8:20], attributes, datagram, signed)


def build(
    kind: int, transaction_id: bytes, attributes: list[tuple[int, bytes]], password: str | bytes | None = None
) -> bytes:
    """A message with MESSAGE-INTEGRITY where there is a password, or as bytes a key, and FINGERPRINT."""
    body = b"".join(
        struct.pack("!HH", attribute, len(value)) + value + bytes(-len(value) % 4) for attribute, value in attributes
    )
    message = struct.pack("!HHI", kind, len(body), COOKIE) + transaction_id + body
    if password is not None:
        message += struct.pack("!HH", MESSAGE_INTEGRITY, 20) + _integrity(message, password)
    # The fingerprint covers a header whose length counts the fingerprint in.
    message = _with_length(message, len(message) - 20 + 8)
    return message + struct.pack("!HHI", FINGERPRINT, 4, _fingerprint(message))


def error(code: int, reason: str) -> bytes:
    """The value of an ERROR-CODE attribute."""
    return bytes((0, 0, code // 100, code % 100)) + reason.encode()


def xor_address(host: str, port: int, transaction_id: bytes) -> bytes:
    """The value of XOR-MAPPED-ADDRESS (section 14.2). An IPv4 address mapped into IPv6 is given as IPv4."""
    address = ipaddress.ip_address(host.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return struct.pack("!BBH", 0, 1 if address.version == 4 else 2, port ^ (COOKIE >> 16)) + _masked(
        address.packed, transaction_id
    )


def read_xor_address(value: bytes, transaction_id: bytes) -> tuple[str, int] | None:
    """Host and port of XOR-MAPPED-ADDRESS, or None."""
    if len(value) < 4 or len(value) != {1: 8, 2: 20}.get(value[1]):
        return None
    address = ipaddress.ip_address(_masked(value[4:], transaction_id))
    return str(address), int.from_bytes(value[2:4], "big") ^ (COOKIE >> 16)


def _masked(packed: bytes, transaction_id: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(packed, _COOKIE_BYTES + transaction_id, strict=False))


def _with_length(message: bytes, length: int) -> bytes:
    return message[:2] + struct.pack("!H", length) + message[4:]


def _integrity(message: bytes, password: str | bytes) -> bytes:
    # RFC 8445 section 7.1: short-term credentials; the key is the password itself.
    key = password.encode() if isinstance(password, str) else password
    return hmac.digest(key, _with_length(message, len(message) - 20 + 24), hashlib.sha1)


def _fingerprint(message: bytes) -> int:
    return zlib.crc32(message) ^ _FINGERPRINT_MASK
