"""SRTP in place: what one side protects the other reads, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salon.media.srtp import PROFILES, Buffer, Keys, Profile, available
from salon.rtc import rtcp, rtp


def pair(profile: Profile) -> tuple[Keys, Keys]:
    material = bytes(range(2 * (profile.key + profile.salt)))
    return Keys(profile, material, server=True), Keys(profile, material, server=False)


def packet(sequence: int = 1, payload: bytes = b"data") -> bytes:
    return rtp.build(payload_type=96, sequence=sequence, timestamp=1, ssrc=7, payload=payload)


def protected(keys: Keys, plain: bytes) -> bytes:
    out = bytearray(plain + bytes(keys.tag))
    assert keys.protect(out)
    return bytes(out)


def read(keys: Keys, buffer: Buffer, data: bytes) -> bytes:
    buffer.data[: len(data)] = data
    return bytes(buffer.view[: keys.unprotect(buffer, len(data))])


def test_every_profile_is_available_and_gcm_comes_first() -> None:
    assert available() == PROFILES
    assert b"GCM" in PROFILES[0].name


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name.decode())
def test_what_is_protected_can_be_read_once_and_only_by_the_other(profile: Profile) -> None:
    server, client = pair(profile)
    buffer = Buffer()
    data = protected(server, packet())
    assert len(data) == len(packet()) + profile.tag
    assert b"data" not in data
    assert read(server, buffer, data) == b""
    assert read(client, buffer, data) == packet()
    assert read(client, buffer, data) == b"", "a replay"


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name.decode())
def test_rtcp_likewise(profile: Profile) -> None:
    server, client = pair(profile)
    buffer, plain = Buffer(), rtcp.build(rtcp.Pli(1, 2))
    data = client.protect_rtcp(plain)
    buffer.data[: len(data)] = data
    size = server.unprotect_rtcp(buffer, len(data))
    assert bytes(buffer.view[:size]) == plain
    buffer.data[: len(data)] = data
    assert server.unprotect_rtcp(buffer, len(data)) == 0


def test_a_bit_that_was_changed_is_seen() -> None:
    server, client = pair(PROFILES[0])
    data = bytearray(protected(server, packet()))
    data[14] ^= 1
    assert read(client, Buffer(), bytes(data)) == b""


def test_packets_that_come_late_are_read_within_the_window() -> None:
    server, client = pair(PROFILES[0])
    buffer = Buffer()
    sent = [protected(server, packet(sequence)) for sequence in range(1, 1_200)]
    assert read(client, buffer, sent[-1]) == packet(1_199)
    assert read(client, buffer, sent[500]) == packet(501)
    assert read(client, buffer, sent[10]) == b"", "older than the window"


@given(st.binary(min_size=12, max_size=200))
def test_no_bytes_break_it(data: bytes) -> None:
    _, client = pair(PROFILES[0])
    buffer = Buffer()
    buffer.data[: len(data)] = data
    assert client.unprotect(buffer, len(data)) == 0
    assert client.unprotect_rtcp(buffer, len(data)) == 0


def test_what_is_no_rtcp_is_not_protected() -> None:
    server, _ = pair(PROFILES[0])
    assert server.protect_rtcp(b"") == b""
