from __future__ import annotations

import msgspec
import pytest

from salon.base.errors import ClientError, Refused
from salon.base.ids import counting
from salon.serve.centrifuge.grants import of_claims, participant
from salon.serve.gate import Caller
from salon.serve.limits import Limits
from salon.wire.centrifuge.topics import ConnectData
from salon.wire.token import Claims, SalonClaim, TopicsClaim

OPEN = Caller("open", "open", Limits(), admin=True)


def told(**data: object) -> ConnectData:
    return msgspec.convert(data, ConnectData)


def test_on_an_open_server_everybody_is_who_they_say() -> None:
    who = participant(OPEN, ConnectData(user="alice", info=msgspec.Raw(b'{"name":"Alice"}')), counting())
    assert (who.identity, who.kind, who.info) == ("alice", "user", b'{"name":"Alice"}')
    assert who.grants.allow("publish", "any/thing") and not who.grants.admin
    assert participant(OPEN, ConnectData(), counting()).identity == "guest_1"


@pytest.mark.parametrize("user", ["salon", "agent:assistant", "agent:"])
def test_nobody_calls_himself_what_the_house_is_called(user: str) -> None:
    with pytest.raises(Refused) as refused:
        participant(OPEN, told(user=user), counting())
    assert refused.value.status == 403
    assert participant(Caller("backend", "key", Limits()), told(user=user), counting()).identity == user
    assert participant(OPEN, told(user="salonkeeper"), counting()).identity == "salonkeeper"


def test_keys_speak_for_others() -> None:
    key = Caller("backend", "key", Limits())
    assert participant(key, ConnectData(), counting()).identity == "backend"
    assert participant(key, told(user="alice", kind="agent"), counting())[:2] == ("alice", "agent")
    admin = Caller("root", "key", Limits(), admin=True)
    assert participant(admin, ConnectData(), counting()).grants.admin


def test_a_token_says_who_and_what() -> None:
    claims = Claims(
        sub="alice",
        exp=1_900_000_000,
        info={"name": "Alice"},
        channels=("news/all",),
        subs={"news/all": {}, "me/alice": {}},
        salon=SalonClaim(rooms=("lobby", "team-*"), topics=TopicsClaim(publish=("open/chat",))),
    )
    who = participant(Caller("alice", "grant", Limits(), claims=claims), told(user="eve", kind="agent"), counting())
    assert (who.identity, who.kind, who.info, who.expires_at) == ("alice", "user", b'{"name":"Alice"}', 1_900_000_000)
    assert who.channels == ("news/all", "me/alice")
    allowed = [
        ("subscribe", "lobby/chat"),
        ("intent", "team-1/state"),
        ("subscribe", "news/all"),
        ("history", "me/alice"),
        ("publish", "open/chat"),
    ]
    denied = [("publish", "news/all"), ("subscribe", "open/chat"), ("subscribe", "lobby2/chat"), ("signal", "me/alice")]
    assert all(who.grants.allow(action, channel) for action, channel in allowed)  # type: ignore[arg-type]
    assert not any(who.grants.allow(action, channel) for action, channel in denied)  # type: ignore[arg-type]
    assert of_claims(Claims(salon=SalonClaim(admin=True))).admin


def test_a_device_has_one_session() -> None:
    one, again = (participant(OPEN, told(user="alice", device="phone"), counting()) for _ in range(2))
    assert one.session == again.session and one.proof == again.proof
    assert "phone" not in one.session
    assert participant(OPEN, told(user="bob", device="phone"), counting()).session != one.session
    guest, same = (participant(OPEN, told(device="phone"), counting()) for _ in range(2))
    assert guest.identity == same.identity and guest.identity.startswith("guest_")


def test_who_may_not() -> None:
    with pytest.raises(Refused) as refused:
        participant(Caller("k", "secret", Limits()), ConnectData(), counting())
    assert refused.value.code == "insufficient_permissions"
    for data in (
        told(user="x" * 129),
        told(device="x" * 257),
        ConnectData(info=msgspec.Raw(b'"' + b"x" * 5000 + b'"')),
    ):
        with pytest.raises(ClientError):
            participant(OPEN, data, counting())
