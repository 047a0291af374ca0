"""DTLS-SRTP (RFC 5764): our certificate, and one peer's handshake, as a machine that takes datagrams and returns them.

::

    new ──first datagram──> handshaking ──finished, fingerprint right──> connected ──close_notify──> closed
                                 └──10 s, alert, wrong fingerprint──> failed

The peer is always the client: an ICE-lite answer says ``setup:passive``. No cookies are exchanged, because ICE has proved the
peer's address before the first datagram is let through.
"""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Sequence
from typing import Final, Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from OpenSSL import SSL

from salon.media import instants, srtp
from salon.rtc.sdp.model import Fingerprint

HANDSHAKE_MS: Final = 10_000
# What fits IPv6's smallest MTU under UDP, or TURN, with room to spare.
MTU: Final = 1_200
MAX_RECORD: Final = 16_384 + 256

_CIPHERS: Final = (
    b"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-SHA"
)
_LABEL: Final = b"EXTRACTOR-dtls_srtp"  # RFC 5764 section 4.2
_HASHES: Final[dict[str, hashes.HashAlgorithm]] = {
    "sha-512": hashes.SHA512(),
    "sha-384": hashes.SHA384(),
    "sha-256": hashes.SHA256(),
}

State = Literal["new", "handshaking", "connected", "closed", "failed"]


class Identity:
    """One self-signed ECDSA P-256 certificate, for the life of an engine, and the context that handshakes are made with."""

    def __init__(self) -> None:
        self.profiles = srtp.available()
        key = ec.generate_private_key(ec.SECP256R1())
        now = instants.today()
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "salon")])
        self.certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            # Peers compare fingerprints and look at no date, but some refuse one that is over.
            .not_valid_after(now + datetime.timedelta(days=365))
            .sign(key, hashes.SHA256())
        )
        context = SSL.Context(SSL.DTLS_METHOD)
        context.set_options(SSL.OP_NO_TICKET | SSL.OP_NO_RENEGOTIATION | SSL.OP_NO_QUERY_MTU)
        context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
        # Any certificate is let through here; its fingerprint decides, below.
        context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, lambda *_: True)
        context.use_certificate(self.certificate)
        context.use_privatekey(key)
        context.set_cipher_list(_CIPHERS)
        context.set_tlsext_use_srtp(b":".join(profile.name for profile in self.profiles))
        self.context = context

    @property
    def fingerprints(self) -> tuple[Fingerprint, ...]:
        """What an answer says. sha-256 is what every peer knows."""
        return (Fingerprint("sha-256", fingerprint(self.certificate, "sha-256")),)


def fingerprint(certificate: x509.Certificate, algorithm: str) -> str:
    return certificate.fingerprint(_HASHES[algorithm]).hex(":").upper()


def matches(certificate: x509.Certificate, expected: Sequence[Fingerprint]) -> bool:
    """RFC 8122 section 5: the certificate must match a fingerprint of the strongest hash function that both know."""
    for algorithm in _HASHES:
        values = [each.value.upper() for each in expected if each.algorithm == algorithm]
        if values:
            return fingerprint(certificate, algorithm) in values
    return False


class Dtls:
    """One peer's. After each call, send ``take()``; ``wake_at`` is when to call ``wake`` next, None for never."""

    __slots__ = (
        "_began",
        "_connection",
        "_expected",
        "_first_flight_at",
        "_profiles",
        "cipher",
        "keys",
        "reason",
        "rtt",
        "state",
        "wake_at",
    )

    def __init__(self, identity: Identity, expected: Sequence[Fingerprint]) -> None:
        self.state: State = "new"
        self.reason = ""
        self.cipher = ""
        self.keys: srtp.Keys | None = None
        self.rtt: int | None = None
        self.wake_at: int | None = None
        self._profiles = identity.profiles
        self._expected = tuple(expected)
        self._began = 0
        self._first_flight_at: int | None = None
        self._connection: SSL.Connection | None = SSL.Connection(identity.context)
        self._connection.set_accept_state()
        self._connection.set_ciphertext_mtu(MTU)

    def receive(self, datagram: bytes, now: int) -> list[bytes]:
        """A datagram of the peer. Returns the application data in it."""
        connection = self._connection
        if connection is None:
            return []
        if self.state == "new":
            self.state = "handshaking"
            self._began = now
        connection.bio_write(datagram)
        if self.state == "handshaking":
            self._handshake(connection, now)
        return self._read(connection) if self.state == "connected" else []

    def wake(self, now: int) -> None:
        """A timer is due: repeat the last flight, or give up."""
        connection = self._connection
        if connection is None or self.state != "handshaking":
            self.wake_at = None
            return
        if now - self._began >= HANDSHAKE_MS:
            self._fail("dtls timed out")
            return
        try:
            connection.DTLSv1_handle_timeout()
        except SSL.Error:
            self._fail("dtls failed")
            return
        self._arm(connection, now)

    def send(self, data: bytes) -> bool:
        """Application data, at most ``MTU`` less the record's overhead of about 40 bytes."""
        if self._connection is None or self.state != "connected":
            return False
        try:
            self._connection.send(data)
        except SSL.Error:
            return False
        return True

    def take(self) -> list[bytes]:
        """The datagrams to send now."""
        if self._connection is None:
            return []
        flight = b""
        while True:
            try:
                flight += self._connection.bio_read(MAX_RECORD)
            except SSL.Error:
                return _datagrams(flight) if flight else []

    def close(self) -> list[bytes]:
        """Say goodbye: the datagrams to send, and nothing after them."""
        connection, state = self._connection, self.state
        if connection is None:
            return []
        if state == "connected":
            with contextlib.suppress(SSL.Error):  # the peer was faster
                connection.shutdown()
        last = self.take()
        if state != "failed":
            self.state = "closed"
        self._connection = None
        self.wake_at = None
        return last

    def _handshake(self, connection: SSL.Connection, now: int) -> None:
        try:
            connection.do_handshake()
        except SSL.WantReadError:
            if self._first_flight_at is None:
                self._first_flight_at = now
            self._arm(connection, now)
            return
        except SSL.Error:
            self._fail("dtls failed")
            return
        self.wake_at = None
        if self._first_flight_at is not None:
            self.rtt = now - self._first_flight_at
        certificate = connection.get_peer_certificate(as_cryptography=True)
        if certificate is None or not matches(certificate, self._expected):
            # RFC 8122 section 6.2: the endpoint MUST NOT go on.
            self._fail("dtls failed")
            return
        name = connection.get_selected_srtp_profile()
        profile = next((profile for profile in self._profiles if profile.name == name), None)
        if profile is not None:
            size = 2 * (profile.key + profile.salt)
            self.keys = srtp.Keys(profile, connection.export_keying_material(_LABEL, size))
        self.cipher = connection.get_cipher_name() or ""
        self.state = "connected"

    def _read(self, connection: SSL.Connection) -> list[bytes]:
        messages = []
        while True:
            try:
                messages.append(connection.recv(MAX_RECORD))
            except SSL.WantReadError:
                return messages
            except SSL.ZeroReturnError:
                self.state, self.reason = "closed", "left"
                return messages
            except SSL.Error:
                self._fail("dtls failed")
                return messages

    def _arm(self, connection: SSL.Connection, now: int) -> None:
        left = connection.DTLSv1_get_timeout()
        give_up = self._began + HANDSHAKE_MS
        self.wake_at = give_up if left is None else min(now + int(left * 1000) + 1, give_up)

    def _fail(self, reason: str) -> None:
        self.state, self.reason = "failed", reason
        self.wake_at = None


def _datagrams(flight: bytes) -> list[bytes]:
    """Whole records, as many as fit a datagram: OpenSSL writes a flight as one run of bytes."""
    datagrams, begin, position = [], 0, 0
    while position + 13 <= len(flight):
        end = position + 13 + int.from_bytes(flight[position + 11 : position + 13], "big")
        if end - begin > MTU and position > begin:
            datagrams.append(flight[begin:position])
            begin = position
        position = end
    datagrams.append(flight[begin:])
    return datagrams
