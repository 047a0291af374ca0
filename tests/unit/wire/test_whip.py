"""WHIP and WHEP over HTTP."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest

from salon.wire import whip
from salon.wire.whip import IceServer


def test_a_turn_server_with_its_credentials() -> None:
    server = IceServer(urls=("turn:turn.example.net?transport=udp",), username="user", credential="myPassword")
    # RFC 9725 figure 5, on one line.
    assert whip.links([server]) == [
        '<turn:turn.example.net?transport=udp>; rel="ice-server"; username="user"; credential="myPassword"; '
        'credential-type="password"'
    ]


def test_a_stun_server_has_no_credentials() -> None:
    assert whip.links([IceServer(urls=("stun:stun.example.net",))]) == ['<stun:stun.example.net>; rel="ice-server"']


def test_every_url_has_a_link_of_its_own() -> None:
    servers = [IceServer(urls=("stun:a", "stun:b")), IceServer(urls=("turn:c",), username="u", credential="p")]
    assert [link.partition(";")[0] for link in whip.links(servers)] == ["<stun:a>", "<stun:b>", "<turn:c>"]


def test_quotes_and_line_ends_cannot_leave_their_place() -> None:
    server = IceServer(urls=("turn:x>\r\nSet-Cookie: a=b",), username='say "hi"\\', credential="p\r\nX: y")
    (link,) = whip.links([server])
    assert link.startswith("<turn:x%3E%0D%0ASet-Cookie:%20a=b>;")
    assert 'username="say \\"hi\\"\\\\"' in link
    assert 'credential="pX: y"' in link
    assert "\r" not in link and "\n" not in link


def test_an_ice_server_does_not_show_its_credential() -> None:
    shown = repr(IceServer(urls=("turn:c",), username="u", credential="hidden"))
    assert "hidden" not in shown and "'***'" in shown
    assert "***" not in repr(IceServer(urls=("stun:c",)))


def test_turn_credentials_are_those_that_coturn_computes() -> None:
    username, credential = whip.turn_credentials(b"north", "alice", 1795493588)
    assert username == "1795493588:alice"
    assert base64.b64decode(credential) == hmac.new(b"north", b"1795493588:alice", hashlib.sha1).digest()


@pytest.mark.parametrize(
    ("header", "meaning"),
    [
        ([], None),
        (["*"], "*"),
        (['"*"'], "*"),
        ([' "xyzzy" '], ("xyzzy",)),
        (['"a", "b"'], ("a", "b")),
        (['"a"', '"b"'], ("a", "b")),
        (['W/"a"'], ()),
        (['W/"a", "b"'], ("b",)),
        (["xyzzy"], ("xyzzy",)),
        (['"'], ()),
        ([""], ()),
        (['"a,b"'], ("a,b",)),
    ],
)
def test_if_match(header: list[str], meaning: object) -> None:
    assert whip.if_match(header) == meaning


def test_a_tag_comes_back_as_it_went() -> None:
    assert whip.if_match([whip.strong_tag("4f2a")]) == ("4f2a",)


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("application/sdp", "application/sdp"),
        ("Application/SDP; charset=utf-8", "application/sdp"),
        ("application/trickle-ice-sdpfrag ;x", "application/trickle-ice-sdpfrag"),
        ("application/sdpx", "application/sdpx"),
        ("application/sdp, text/plain", ""),
        ("sdp", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_media_types(value: str | None, read: str) -> None:
    assert whip.media_type(value) == read


def test_where_a_session_is() -> None:
    assert whip.location("", "whip", "studio", "live_1") == "/whip/studio/live_1"
    assert whip.location("/salon", "whep", "studio", "live_1") == "/salon/whep/studio/live_1"


def test_how_long_a_counter_offer_is_good_for() -> None:
    # The example of RFC 9110 section 5.6.7.
    assert whip.http_date(784111777) == "Sun, 06 Nov 1994 08:49:37 GMT"
    assert whip.counter_offer_type(784111777) == 'application/sdp; valid-until="Sun, 06 Nov 1994 08:49:37 GMT"'


@pytest.mark.parametrize(("name", "good"), [("studio", True), ("a.b_c~d-9", True), ("", False), ("a/b", False)])
def test_names_of_rooms(name: str, good: bool) -> None:
    assert bool(whip.ROOM.fullmatch(name)) is good
    assert not whip.ROOM.fullmatch("x" * 129)


def test_only_viewers_answer_offers_of_ours() -> None:
    assert whip.SDP in whip.accept_patch("whep")
    assert whip.accept_patch("whip") == whip.FRAGMENT
