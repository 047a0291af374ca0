"""A WebRTC client of a few parts, for crowds and for misbehaviour: one UDP socket, an ICE check, OpenSSL's DTLS, libsrtp.

It does nothing by itself. ``Light.offer`` is what it would say; ``connect`` goes through the handshake, step by step, against an
engine that runs in the same loop or elsewhere.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
import struct
from typing import Any, ClassVar

from OpenSSL import SSL
from pylibsrtp import Policy, Session

from salon.media.dtls import Identity
from salon.rtc import rtp, sdp, stun

_EXTRACTOR = b"EXTRACTOR-dtls_srtp"

_AUDIO = """m=audio 9 UDP/TLS/RTP/SAVPF 111
c=IN IP4 0.0.0.0
a=rtcp-mux
a=mid:0
a={direction}
a=rtpmap:111 opus/48000/2
a=fmtp:111 minptime=10;useinbandfec=1
a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
"""
_VIDEO = """m=video 9 UDP/TLS/RTP/SAVPF 96 97
c=IN IP4 0.0.0.0
a=rtcp-mux
a=mid:1
a={direction}
a=rtpmap:96 VP8/90000
a=rtcp-fb:96 goog-remb
a=rtcp-fb:96 nack
a=rtcp-fb:96 nack pli
a=rtcp-fb:96 transport-cc
a=rtpmap:97 rtx/90000
a=fmtp:97 apt=96
a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time
a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
"""

_DATA = """m=application 9 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 0.0.0.0
a=mid:2
a=sctp-port:5000
a=max-message-size:262144
"""


# One profile, whatever the server prefers: the keys below are cut for it.
_IDENTITY = Identity()
_IDENTITY.context.set_tlsext_use_srtp(b"SRTP_AEAD_AES_128_GCM")


class Remote:
    """What a client knows and says. ``direction`` is the SDP's: ``sendonly`` for a publisher, ``recvonly`` for a viewer."""

    identity = _IDENTITY

    def __init__(self, direction: str = "recvonly", *, fingerprint: str = "", data: bool = False) -> None:
        self.ufrag, self.password = secrets.token_hex(4), secrets.token_hex(12)
        self.remote_ufrag = self.remote_password = ""
        self.tls: Any = None
        self.sends: Any = None
        self.reads: Any = None
        shown = fingerprint or self.identity.fingerprints[0].value
        head = (
            f"v=0\no=- 1 1 IN IP4 127.0.0.1\ns=-\nt=0 0\na=group:BUNDLE 0 1{' 2' * data}\na=setup:actpass\n"
            f"a=ice-ufrag:{self.ufrag}\na=ice-pwd:{self.password}\na=fingerprint:sha-256 {shown}\n"
        )
        media = (_AUDIO + _VIDEO).format(direction=direction)
        if direction != "recvonly":
            media = media.replace("a=rtpmap:111", "a=ssrc:1111 cname:x\na=rtpmap:111").replace(
                "a=rtpmap:96", "a=ssrc:2222 cname:x\na=rtpmap:96"
            )
        self.offer = head + media + _DATA * data

    def answered(self, answer: str) -> None:
        transport = sdp.parse(answer).transport
        self.remote_ufrag, self.remote_password = transport.ufrag, transport.password

    def check(self, *, password: str = "", ufrag: str = "", controlling: bool = True) -> bytes:
        """An ICE check that nominates."""
        name = f"{ufrag or self.remote_ufrag}:{self.ufrag}".encode()
        role = stun.ICE_CONTROLLING if controlling else stun.ICE_CONTROLLED
        attributes = [(stun.USERNAME, name), (role, bytes(8)), (stun.PRIORITY, bytes(4)), (stun.USE_CANDIDATE, b"")]
        return stun.build(stun.BINDING_REQUEST, secrets.token_bytes(12), attributes, password or self.remote_password)

    def send(self, data: bytes) -> None:
        """A datagram to the server: subclasses have the way."""

    def hello(self) -> None:
        """The handshake's first flight, and no more."""
        self.tls = SSL.Connection(self.identity.context)
        self.tls.set_connect_state()
        self.tls.set_ciphertext_mtu(1200)
        self.shake()

    def shake(self) -> bool:
        """Go on with the handshake. True when it is done."""
        done = True
        try:
            self.tls.do_handshake()
        except SSL.WantReadError:
            done = False
        self.flush()
        if done:
            self._keys()
        return done

    def _keys(self) -> None:
        material = self.tls.export_keying_material(_EXTRACTOR, 2 * (16 + 12))
        keys = [material[16 * side : 16 * side + 16] + material[32 + 12 * side : 44 + 12 * side] for side in (0, 1)]
        kind = {"srtp_profile": Policy.SRTP_PROFILE_AEAD_AES_128_GCM}
        self.sends = Session(Policy(key=keys[0], ssrc_type=Policy.SSRC_ANY_OUTBOUND, **kind))
        self.reads = Session(Policy(key=keys[1], ssrc_type=Policy.SSRC_ANY_INBOUND, **kind))

    def flush(self) -> None:
        while True:
            try:
                self.send(self.tls.bio_read(1500))
            except SSL.Error:
                return

    def send_rtp(self, **packet: Any) -> None:
        self.send(self.sends.protect(rtp.build(**packet)))

    def send_rtcp(self, packet: bytes) -> None:
        self.send(self.sends.protect_rtcp(packet))

    def goodbye(self) -> None:
        self.tls.shutdown()
        self.flush()


class Light(Remote):
    """Over a UDP socket."""

    open: ClassVar[set[Light]] = set()

    def __init__(self, direction: str = "recvonly", *, host: str = "127.0.0.1", **options: Any) -> None:
        super().__init__(direction, **options)
        self.socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.socket.setblocking(False)
        self.socket.bind((host, 0))
        self.open.add(self)
        self.server: tuple[str, int] = ("", 0)
        self.ssrcs: tuple[int, ...] = ()

    def answered(self, answer: str) -> None:
        super().answered(answer)
        line = next(line for line in answer.splitlines() if line.startswith("a=candidate:") and " udp " in line)
        words = line.split()
        self.server = (words[4], int(words[5]))

    def send(self, data: bytes) -> None:
        self.socket.sendto(data, self.server)

    async def receive(self, seconds: float = 10.0) -> bytes:
        async with asyncio.timeout(seconds):
            while True:
                data = await asyncio.get_running_loop().sock_recv(self.socket, 2048)
                if data[:2] != b"\x00\x01":
                    return data
                self.checked(data)

    def checked(self, data: bytes) -> None:
        """A server that is no lite agent checks us too."""
        request = stun.parse(data)
        assert request is not None
        mapped = stun.xor_address(*self.server, request.transaction_id)
        attributes = [(stun.XOR_MAPPED_ADDRESS, mapped)]
        self.send(stun.build(stun.BINDING_SUCCESS, request.transaction_id, attributes, self.password))

    async def connect(self, *, dtls: bool = True) -> None:
        self.send(self.check())
        answer = stun.parse(await self.receive())
        assert answer is not None
        assert answer.type == stun.BINDING_SUCCESS
        if dtls:
            await self.handshake()

    async def handshake(self) -> None:
        self.hello()
        while True:
            try:
                data = await self.receive(1.1)
            except TimeoutError:
                # RFC 6347 section 4.2.4: a flight that is not answered goes out again.
                self.tls.DTLSv1_handle_timeout()
                self.flush()
                continue
            if 19 < data[0] < 64:
                self.tls.bio_write(data)
                if self.shake():
                    return

    async def read_rtp(self, seconds: float = 10.0) -> rtp.Packet:
        """The next RTP packet; what is not one is passed over."""
        while True:
            data = await self.receive(seconds)
            if 127 < data[0] < 192 and not rtp.is_rtcp(data):
                packet = rtp.parse(self.reads.unprotect(data))
                assert packet is not None
                return packet

    async def read_rtcp(self, seconds: float = 10.0) -> bytes:
        while True:
            data = await self.receive(seconds)
            if 127 < data[0] < 192 and rtp.is_rtcp(data):
                return bytes(self.reads.unprotect_rtcp(data))

    def close(self) -> None:
        self.socket.close()
        self.open.discard(self)


def vp8(*, key: bool, first: bool = True, size: int = 1100) -> bytes:
    """A payload that looks like VP8's (RFC 7741), 640 x 360."""
    descriptor = bytes((0x10 if first else 0x00,))
    head = (
        struct.pack("<3s3sHH", b"\x00\x00\x00" if key else b"\x01\x00\x00", b"\x9d\x01\x2a", 640, 360) if first else b""
    )
    return descriptor + head + bytes(max(size - len(head) - 1, 0))
