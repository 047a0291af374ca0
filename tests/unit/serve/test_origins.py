from __future__ import annotations

from collections.abc import Sequence

import pytest
from starlette.datastructures import Headers

from salon.base.errors import Refused
from salon.serve.origins import Origins


def refused(
    host: str, origin: str | None = None, *, open: bool = True, origins: Sequence[str] = (), address: str = "127.0.0.1"
) -> str | None:
    headers = {"host": host} if origin is None else {"host": host, "origin": origin}
    try:
        Origins(origins, ["salon.lan", "other.lan:9000"]).check(Headers(headers), open=open, address=address)
    except Refused as error:
        assert error.status == 403
        return error.code
    return None


@pytest.mark.parametrize(
    "host",
    ["localhost", "localhost:8000", "LOCALHOST:8000", "127.0.0.1:8000", "127.1.2.3", "[::1]:8000", "salon.lan:8000"],
)
def test_an_open_server_answers_to_its_own_names(host: str) -> None:
    assert refused(host) is None


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8000",
        "localhost.evil.example",
        "192.0.2.1:8000",
        "",
        "[::1",
        "other.lan",
        "0.0.0.0:8000",
    ],
)
def test_an_open_server_does_not_answer_to_others_which_stops_dns_rebinding(host: str) -> None:
    assert refused(host, f"http://{host}") == "host_not_allowed"
    assert refused(host) == "host_not_allowed"


@pytest.mark.parametrize("address", ["192.0.2.1", "::ffff:192.0.2.1", "2001:db8::1"])
def test_an_open_server_does_not_answer_to_strangers_that_a_proxy_brings(address: str) -> None:
    assert refused("127.0.0.1:8000", address=address) == "host_not_allowed"
    assert refused("localhost", address=address) == "host_not_allowed"
    # Listing the name says that whoever uses it has been let in already.
    assert refused("salon.lan", address=address) is None
    assert refused("127.0.0.1:8000", open=False, address=address) is None


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "::ffff:127.0.0.1", "", "testclient"])
def test_an_open_server_answers_to_this_machine(address: str) -> None:
    assert refused("localhost:8000", address=address) is None


def test_a_server_with_keys_answers_to_any_name() -> None:
    assert refused("salon.example.com", open=False) is None


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("localhost:8000", "http://localhost:8000"),
        ("salon.example.com", "https://salon.example.com"),
        ("salon.example.com:443", "https://salon.example.com"),
        ("salon.example.com", "https://salon.example.com:443"),
        ("Salon.Example.com:80", "http://salon.example.com"),
        ("[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_its_own_pages_may_use_a_server(host: str, origin: str) -> None:
    assert refused(host, origin, open=False) is None


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "http://localhost:3000",
        "https://localhost.evil.example:8000",
        "null",
        "",
        "http://",
        "localhost:8000",
        "https://localhost:8000@evil.example",
    ],
)
@pytest.mark.parametrize("open", [True, False])
def test_pages_of_other_sites_may_not(origin: str, open: bool) -> None:
    assert refused("localhost:8000", origin, open=open) == "origin_not_allowed"


@pytest.mark.parametrize(
    "listed", ["https://App.example.com", "https://app.example.com/", "https://app.example.com:443", "*"]
)
def test_listed_pages_may(listed: str) -> None:
    assert refused("localhost:8000", "https://app.example.com", origins=[listed]) is None


def test_one_listed_site_does_not_let_in_its_neighbours() -> None:
    origins = ["https://app.example.com"]
    assert refused("localhost", "http://app.example.com", origins=origins) == "origin_not_allowed"
    assert refused("localhost", "https://app.example.com:8443", origins=origins) == "origin_not_allowed"
    assert refused("localhost", "https://app.example.com.evil.example", origins=origins) == "origin_not_allowed"
