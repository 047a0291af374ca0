"""One peer's handshake as a machine: against OpenSSL as the client, without a socket."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salon.media.dtls import HANDSHAKE_MS, MTU, Dtls, Identity, fingerprint, matches
from salon.rtc.sdp.model import Fingerprint
from tests.fakes.light_peer import Remote

IDENTITY = Identity()


class Client(Remote):
    def __init__(self) -> None:
        super().__init__()
        self.out: list[bytes] = []

    def send(self, data: bytes) -> None:
        self.out.append(data)

    def meet(self, server: Dtls, now: int = 0, lose: Callable[[bytes], bool] = lambda _: False) -> list[bytes]:
        """Pass datagrams until nobody has any. Returns the application data that the server read."""
        read: list[bytes] = []
        if self.tls is None:
            self.hello()
        while self.out:
            batch, self.out = self.out, []
            for datagram in batch:
                read += server.receive(datagram, now)
                self.hear(server, lose)
        return read

    def hear(self, server: Dtls, lose: Callable[[bytes], bool] = lambda _: False) -> None:
        for answer in server.take():
            assert len(answer) <= MTU
            if not lose(answer):
                self.tls.bio_write(answer)
                if self.sends is None:
                    self.shake()


def server() -> Dtls:
    return Dtls(IDENTITY, Remote.identity.fingerprints)


def test_a_handshake_gives_both_sides_the_same_keys() -> None:
    dtls, client = server(), Client()
    assert dtls.state == "new"
    client.meet(dtls, now=100)
    assert dtls.state == "connected"
    assert dtls.keys is not None
    assert dtls.keys.profile.name == b"SRTP_AEAD_AES_128_GCM"
    assert "GCM" in dtls.cipher
    assert dtls.rtt == 0
    assert dtls.wake_at is None
    data = dtls.keys.protect_rtcp(b"\x80\xc9\x00\x01\x00\x00\x00\x01")
    assert client.reads.unprotect_rtcp(data)[:2] == b"\x80\xc9"


def test_application_data_goes_both_ways() -> None:
    dtls, client = server(), Client()
    client.meet(dtls)
    client.tls.send(b"hello")
    client.flush()
    assert client.meet(dtls) == [b"hello"]
    assert dtls.send(b"and you")
    client.hear(dtls)
    assert client.tls.recv(100) == b"and you"


def test_nothing_is_sent_before_the_handshake_and_after_the_end() -> None:
    dtls = server()
    assert not dtls.send(b"early")
    dtls.close()
    assert not dtls.send(b"late")
    assert (dtls.receive(b"\x16", 0), dtls.take(), dtls.close()) == ([], [], [])


def test_a_wrong_fingerprint_ends_it_and_gives_no_keys() -> None:
    dtls, client = Dtls(IDENTITY, (Fingerprint("sha-256", ":".join(["AB"] * 32)),)), Client()
    client.meet(dtls)
    assert (dtls.state, dtls.reason, dtls.keys) == ("failed", "dtls failed", None)


def test_the_strongest_hash_that_both_know_decides() -> None:
    certificate = IDENTITY.certificate
    right = {name: Fingerprint(name, fingerprint(certificate, name)) for name in ("sha-256", "sha-512")}
    assert matches(certificate, (right["sha-256"],))
    assert matches(certificate, (Fingerprint("sha-256", right["sha-256"].value.lower()),))
    assert not matches(certificate, (right["sha-256"], Fingerprint("sha-512", "00")))
    assert matches(certificate, (Fingerprint("sha-512", "00"), right["sha-512"]))
    assert not matches(certificate, (Fingerprint("sha-1", "00"),))
    assert not matches(certificate, ())


def test_a_flight_that_is_lost_is_sent_again() -> None:
    dtls, client = server(), Client()
    client.meet(dtls, now=0, lose=lambda _: True)
    assert dtls.state == "handshaking"
    due = dtls.wake_at
    assert due is not None
    assert 0 < due <= 1_100
    assert dtls.take() == []
    dtls._connection.get_app_data()  # type: ignore[union-attr]  # still there
    assert dtls.wake_at == due


def test_who_stalls_is_given_up_after_10_s() -> None:
    dtls, client = server(), Client()
    client.hello()
    dtls.receive(client.out[0], 1_000)
    dtls.wake(1_000 + HANDSHAKE_MS - 1)
    assert dtls.state == "handshaking"
    dtls.wake(1_000 + HANDSHAKE_MS)
    assert (dtls.state, dtls.reason, dtls.wake_at) == ("failed", "dtls timed out", None)


def test_a_goodbye_is_heard_and_said() -> None:
    dtls, client = server(), Client()
    client.meet(dtls)
    client.goodbye()
    client.meet(dtls)
    assert (dtls.state, dtls.reason) == ("closed", "left")
    other, second = server(), Client()
    second.meet(other)
    goodbye = other.close()
    assert goodbye
    assert other.state == "closed"


def test_a_later_client_hello_does_not_disturb_the_keys() -> None:
    dtls, client = server(), Client()
    client.meet(dtls)
    keys = dtls.keys
    again = Client()
    again.hello()
    dtls.receive(again.out[0], 5)
    assert dtls.state == "connected"
    assert dtls.keys is keys


@given(st.lists(st.binary(min_size=1, max_size=300), max_size=6))
@settings(max_examples=60)
def test_no_bytes_break_a_handshake(datagrams: list[bytes]) -> None:
    dtls = server()
    for datagram in datagrams:
        dtls.receive(bytes((22, 254, 253)) + datagram, 0)
        dtls.take()
    assert dtls.state in ("handshaking", "failed", "new")
    assert dtls.keys is None


@pytest.mark.parametrize("cut", [1, 13, 40, 100])
def test_a_hello_cut_short_is_no_hello(cut: int) -> None:
    dtls, client = server(), Client()
    client.hello()
    dtls.receive(client.out[0][:cut], 0)
    assert dtls.take() == []
    assert dtls.keys is None
