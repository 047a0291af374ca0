"""A STUN or TURN server is tried as a browser would."""

from __future__ import annotations

import socket

import pytest

from salon.app.relay import ADVICE, Target, target_of, try_server
from salon.ports.llm import CheckStep
from tests.fakes.turn_server import PASSWORD, USERNAME, TurnServer, over_tcp, over_udp


async def tried(url: str, patience: float = 5.0) -> list[CheckStep]:
    return [step async for step in try_server(url, USERNAME, PASSWORD, patience)]


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("stun:a.example", Target(False, False, "a.example", 3478, False)),
        ("turn:[2001:db8::1]:99", Target(True, False, "2001:db8::1", 99, False)),
        ("turn:a?transport=tcp", Target(True, False, "a", 3478, True)),
        ("turns:a", Target(True, True, "a", 5349, True)),
    ],
)
def test_where_an_address_leads(url: str, target: Target) -> None:
    assert target_of(url) == target


def test_what_is_no_address() -> None:
    with pytest.raises(ValueError, match="http"):
        target_of("http://a")


@pytest.mark.parametrize(
    "server", [TurnServer(), TurnServer(silent=1), TurnServer(stale=True)], ids=["", "lossy", "stale"]
)
async def test_an_allocation_over_udp_is_made_and_given_back(server: TurnServer) -> None:
    async with over_udp(server) as port:
        assert await tried(f"turn:127.0.0.1:{port}?transport=udp") == [
            CheckStep("relay", True, "relays from 192.0.2.9")
        ]
    assert server.lifetimes == [0]


async def test_an_allocation_over_tcp() -> None:
    server = TurnServer()
    async with over_tcp(server) as port:
        assert await tried(f"turn:127.0.0.1:{port}?transport=tcp") == [
            CheckStep("relay", True, "relays from 192.0.2.9")
        ]
    assert server.lifetimes == [0]


async def test_a_public_address() -> None:
    async with over_udp(TurnServer()) as port:
        [step] = await tried(f"stun:127.0.0.1:{port}")
    assert step == CheckStep("address", True, "this machine is seen as 198.51.100.7")


@pytest.mark.parametrize("code", [*ADVICE, 500])
async def test_what_is_refused_is_explained(code: int) -> None:
    async with over_udp(TurnServer(code)) as port:
        [step] = await tried(f"turn:127.0.0.1:{port}")
    assert (step.ok, step.detail) == (False, f"{code} No.")
    assert step.advice == ADVICE.get(code, "Look into the TURN server's log.")


async def test_one_that_relays_for_everybody_is_told() -> None:
    async with over_udp(TurnServer(open=True)) as port:
        [step] = await tried(f"turn:127.0.0.1:{port}")
    assert (step.ok, step.detail) == (False, "it relays for everybody")


async def test_nobody_answers() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
        deaf.bind(("127.0.0.1", 0))
        [step] = await tried(f"turn:127.0.0.1:{deaf.getsockname()[1]}", patience=0.05)
    assert (step.ok, step.detail) == (False, "no answer in 0.05 s")
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        [step] = await tried(f"turn:127.0.0.1:{port}?transport=tcp")
    assert (step.ok, step.name) == (False, "reach")


@pytest.mark.parametrize("garbage", [b"HTTP/1.1 400 Bad Request\r\n\r\n", bytes(20)])
async def test_another_program_has_the_port(garbage: bytes) -> None:
    async with over_tcp(TurnServer(), garbage) as port:
        [step] = await tried(f"turn:127.0.0.1:{port}?transport=tcp")
    assert (step.ok, step.detail) == (False, "it answers, but not with STUN")
