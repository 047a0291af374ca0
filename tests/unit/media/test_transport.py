"""A peer's way in and out: who is let through, where packets go, and what is left when it is over."""

from __future__ import annotations

import pytest

from salon.media.tcp import Connection, TcpPort
from salon.ports.media import Wants
from salon.rtc import ice, rtcp, stun
from tests.fakes.house import House, Near

WANTS = Wants(publish={"audio": 1, "video": 1})


async def test_a_check_proves_an_address_and_dtls_makes_keys() -> None:
    house = House()
    near = Near(house, "sendonly")
    peer = near.join(WANTS)
    transport = peer.transport
    assert house.addresses == {near.address: transport}
    assert transport.remote == near.address
    assert transport.way == ("udp", f"198.51.100.7:{near.address[1]}")
    assert transport.keys is not None
    assert [moment.what for moment in peer.timeline()][2:] == [
        "first check",
        "selected",
        "dtls started",
        "dtls done",
        "connected",
    ]


async def test_packets_before_the_keys_and_broken_ones_change_nothing() -> None:
    house = House()
    near = Near(house, "sendonly")
    peer = near.join(WANTS, dtls=False)
    near.send(bytes((128, 96)) + bytes(30))
    assert peer.transport.received == 0
    near.hello()
    while not near.shake():
        near._hear()
    near.send(bytes((128, 96)) + bytes(30))
    near.send(bytes((128, 201)) + bytes(30))
    assert (peer.transport.broken, peer.transport.received) == (2, 0)
    assert peer.state == "connected"


async def test_a_new_address_is_followed_when_it_is_nominated() -> None:
    house = House()
    near = Near(house, "sendonly")
    peer = near.join(WANTS)
    near.address = ("203.0.113.9", 4)
    near.send(near.check())
    assert peer.transport.remote == near.address
    near.taken()
    peer.transport.send_rtcp(rtcp.build(rtcp.Pli(1, 2)))
    assert near.rtcp() == [rtcp.Pli(1, 2)]


async def test_a_peer_that_shows_ever_more_addresses_holds_a_bounded_number() -> None:
    house = House()
    near = Near(house, "sendonly")
    peer = near.join(WANTS)
    for port in range(30_000, 30_100):
        house.clock.pass_ms(1)
        near.address = ("203.0.113.9", port)
        near.send(near.check())
    assert len(house.addresses) == ice.MAX_SOURCES
    assert near.address in house.addresses
    peer.close()
    assert house.addresses == {}


async def test_an_address_that_another_peer_proves_is_that_ones() -> None:
    house = House()
    one, two = Near(house, "sendonly"), Near(house, "sendonly")
    first = one.join(WANTS)
    two.address = one.address
    second = two.join(WANTS, dtls=False)
    assert house.addresses[one.address] is second.transport
    first.close()
    assert house.addresses[one.address] is second.transport


async def test_a_restart_serves_old_and_new_until_a_check_nominates() -> None:
    house = House()
    near = Near(house, "sendonly")
    peer = near.join(WANTS)
    old = near.remote_ufrag
    peer.transport.restart(ice.Credentials("newufrag", "n" * 22), "theirs")
    assert set(house.ufrags) == {old, "newufrag"}
    near.ufrag, near.remote_ufrag, near.remote_password = "theirs", "newufrag", "n" * 22
    near.send(near.check())
    peer.transport.restart(ice.Credentials("another", "m" * 22), "theirs")
    assert set(house.ufrags) == {"newufrag", "another"}


async def test_silence_is_told_and_ends_it() -> None:
    house = House()
    near = Near(house, "sendonly")
    peer = near.join(WANTS)
    house.pass_ms(5_100)
    assert peer.state == "disconnected"
    near.send_rtp(payload_type=111, sequence=1, timestamp=1, ssrc=1111, payload=b"x")
    assert peer.state == "connected"
    house.pass_ms(30_100)
    assert (peer.state, house.over) == ("closed", [(peer.id, "vanished")])
    assert (house.addresses, house.ufrags, len(house.schedule)) == ({}, {}, 0)


async def test_who_never_comes_is_forgotten() -> None:
    house = House()
    near = Near(house, "sendonly")
    peer, _ = house.accept(near, WANTS)
    house.pass_ms(15_100)
    assert house.over == [(peer.id, "never came")]
    assert (house.ufrags, len(house.schedule)) == ({}, 0)


async def test_a_handshake_that_stalls_is_ended_though_checks_go_on() -> None:
    house = House()
    near = Near(house, "sendonly")
    peer = near.join(WANTS, dtls=False)
    near.hello()
    while peer.state != "closed":
        near.send(near.check())
        house.pass_ms(2_000)
    assert house.over == [(peer.id, "dtls timed out")]


async def test_a_packet_that_cannot_be_protected_is_not_sent() -> None:
    house = House()
    near = Near(house, "sendonly")
    transport = near.join(WANTS).transport
    near.taken()
    transport.send_rtp(bytearray(b"\x80" + bytes(transport.tag)))
    assert (transport.broken, near.taken()) == (1, [])
    transport.send_rtp(bytearray(stun_free_packet() + bytes(transport.tag)))
    assert len(near.rtp()) == 1


def stun_free_packet(sequence: int = 1) -> bytes:
    return b"\x80\x60" + sequence.to_bytes(2, "big") + bytes(7) + b"\x09" + b"payload"


async def test_over_tcp_the_connection_is_the_way_and_its_end_is_told() -> None:
    house = House()
    near = Near(house, "sendonly")
    port = TcpPort(house.buffer, lambda *_: None, lambda: None, lambda _: None)
    connection = Connection(port)
    connection.address = ("198.51.100.7", 5)
    sent: list[bytes] = []
    connection.send = lambda data: bool(sent.append(bytes(data))) or True  # type: ignore[assignment, method-assign]
    near.address = connection
    peer = near.join(WANTS, dtls=False)
    assert peer.transport.way == ("tcp", "198.51.100.7:5")
    assert connection.proved
    answer = stun.parse(sent[0])
    assert answer is not None
    assert answer.type == stun.BINDING_SUCCESS
    peer.transport.lost(connection)
    assert peer.transport.remote is None
    assert peer.transport.way == ("", "")
    assert house.addresses == {}
    assert connection.owner is None


@pytest.mark.parametrize("how", ["close", "end"])
async def test_over_is_over(how: str) -> None:
    house = House()
    near = Near(house, "sendonly")
    peer = near.join(WANTS)
    near.taken()
    if how == "close":
        peer.transport.close()
        peer.transport.close()
    else:
        peer.transport.end("left")
        peer.transport.end("left")
        assert peer.state == "closed"
    assert len(near.taken()) == 1  # the goodbye
    assert peer.transport.keys is None
    assert (house.addresses, house.ufrags) == ({}, {})
    peer.transport.send_rtcp(rtcp.build(rtcp.Pli(1, 2)))
    assert near.taken() == []
