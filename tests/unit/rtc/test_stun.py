"""STUN: RFC 5769's test vectors, and what must be refused."""

from __future__ import annotations

import pytest

from salon.rtc import stun

PASSWORD = "VOkJxbRl1RmTxUk/WvJxBt"
# RFC 5769 section 2.1, sample request.
REQUEST = bytes.fromhex(
    "000100582112a442b7e7a701bc34d686fa87dfae802200105354554e207465737420636c69656e74002400046e0001ff80290008932ff9b151263b36"
    "000600096576746a3a68367659202020000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a280280004e57a3bcf"
)
# Sections 2.2 and 2.3, sample IPv4 and IPv6 responses.
RESPONSE_4 = bytes.fromhex(
    "0101003c2112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220002000080001a147e112a643000800142b91f599fd9e90c3"
    "8c7489f92af9ba53f06be7d780280004c07d4c96"
)
RESPONSE_6 = bytes.fromhex(
    "010100482112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9"
    "00080014a382954e4be67bf11784c97c8292c275bfe3ed4180280004c8fb0b4c"
)


def test_the_sample_request_is_read_and_its_signature_holds() -> None:
    message = stun.parse(REQUEST)
    assert message is not None
    assert message.type == stun.BINDING_REQUEST
    assert message.username == "evtj:h6vY"
    assert message.attributes[stun.PRIORITY] == bytes.fromhex("6e0001ff")
    assert message.is_signed_with(PASSWORD)
    assert not message.is_signed_with(PASSWORD + "x")
    assert message.unknown == ()


@pytest.mark.parametrize(
    ("response", "address"),
    [(RESPONSE_4, ("192.0.2.1", 32853)), (RESPONSE_6, ("2001:db8:1234:5678:11:2233:4455:6677", 32853))],
)
def test_the_sample_responses_are_read(response: bytes, address: tuple[str, int]) -> None:
    message = stun.parse(response)
    assert message is not None
    assert message.is_signed_with(PASSWORD)
    assert stun.read_xor_address(message.attributes[stun.XOR_MAPPED_ADDRESS], message.transaction_id) == address


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1", "fe80::1%eth0"])
def test_what_is_built_is_read_again(host: str) -> None:
    transaction = bytes(range(12))
    built = stun.build(
        stun.BINDING_SUCCESS,
        transaction,
        [(stun.XOR_MAPPED_ADDRESS, stun.xor_address(host, 4711, transaction))],
        "secret",
    )
    message = stun.parse(built)
    assert message is not None and message.is_signed_with("secret")
    read = stun.read_xor_address(message.attributes[stun.XOR_MAPPED_ADDRESS], transaction)
    assert read == (host.removeprefix("::ffff:").removesuffix("%eth0"), 4711)


def test_attributes_behind_the_integrity_do_not_count() -> None:
    signed = stun.build(stun.BINDING_REQUEST, bytes(12), [(stun.USERNAME, b"a:b")], "secret")[:-8]
    forged = signed + bytes.fromhex("00250000")
    forged = forged[:2] + (len(forged) - 20).to_bytes(2, "big") + forged[4:]
    message = stun.parse(forged)
    assert message is not None
    assert stun.USE_CANDIDATE not in message.attributes
    assert message.is_signed_with("secret")


def test_errors_carry_a_code() -> None:
    message = stun.parse(
        stun.build(stun.BINDING_ERROR, bytes(12), [(stun.ERROR_CODE, stun.error(487, "Role Conflict"))])
    )
    assert message is not None
    assert message.error_code == 487
    assert not message.is_signed_with("secret")


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        REQUEST[:19],
        REQUEST[:-1],
        REQUEST + b"\0\0\0\0",
        b"\x80" + REQUEST[1:],
        REQUEST[:4] + b"\0\0\0\0" + REQUEST[8:],
        REQUEST[:-1] + b"\0",
        REQUEST[:22] + b"\xff\xff" + REQUEST[24:],
    ],
)
def test_what_is_not_a_message_is_none(damaged: bytes) -> None:
    assert stun.parse(damaged) is None


@pytest.mark.parametrize("value", [b"", b"\0\1\0\0", b"\0\3" + bytes(6), b"\0\1" + bytes(18)])
def test_a_broken_address_is_none(value: bytes) -> None:
    assert stun.read_xor_address(value, bytes(12)) is None
