"""Small questions that an offer answers."""

from __future__ import annotations

from salon.rtc.sdp import Codec, Media, Offer


def media(mid: str, port: int = 9) -> Media:
    return Media(kind="audio", mid=mid, port=port, protocol="UDP/TLS/RTP/SAVPF", formats=("0",))


def test_the_transport_is_the_bundles_first() -> None:
    offer = Offer(media=(media("a"), media("b")), bundle=("b", "a"))
    assert offer.transport.mid == "b"
    assert Offer(media=(media("a"), media("b"))).transport.mid == "a"


def test_a_port_of_zero_is_a_rejection() -> None:
    assert media("a", 0).rejected
    assert not media("a").rejected


def test_what_a_retransmission_repeats() -> None:
    codec = Codec(payload_type=97, name="rtx", clock_rate=90000, parameters={"apt": "96"})
    assert codec.associated == 96
    assert Codec(payload_type=97, name="rtx", clock_rate=90000, parameters={"apt": "x"}).associated is None
