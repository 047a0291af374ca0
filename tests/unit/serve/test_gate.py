from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from salon.base.errors import ClientError, ConfigError, Refused
from salon.serve.gate import ApiKey, Caller, Gate, Hold, require_admin
from salon.serve.limits import Limits
from salon.wire.token import Claims, SalonClaim, mint
from tests.fakes.clock import FakeClock
from tests.fakes.serving import Noting

KEY = ApiKey("backend", "sk-a-key-of-some-length")
ADMIN = ApiKey("operator", "sk-another-key-of-some-length", admin=True)
SECRET = b"t" * 32


def scope(
    credential: str | None = None,
    *,
    host: str = "localhost:8000",
    client: str = "127.0.0.1",
    protocols: Sequence[str] = (),
    **headers: str,
) -> dict[str, Any]:
    if credential is not None:
        headers["authorization"] = f"Bearer {credential}"
    raw = [(name.encode(), value.encode("latin-1")) for name, value in {"host": host, **headers}.items()]
    return {"type": "websocket", "headers": raw, "client": (client, 40000), "subprotocols": list(protocols)}


def make(**settings: Any) -> Gate:
    defaults: dict[str, Any] = {"limits": Limits(), "clock": FakeClock(), "observer": Noting()}
    return Gate(**{**defaults, **settings})


def keyed(**settings: Any) -> Gate:
    return make(keys=[KEY, ADMIN], token_secrets=[SECRET], **settings)


def refusal(gate: Gate, credential: str | None = None, door: str = "realtime", **settings: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        gate.admit(scope(credential, **settings), door)
    return caught.value


class TestAnOpenGate:
    @pytest.mark.parametrize("credential", [None, "sk-anything", "ek_unknown", "eyJx.y.z"])
    def test_takes_everybody_on_this_machine_as_its_operator(self, credential: str | None) -> None:
        caller = make().admit(scope(credential), "realtime")
        assert (caller.kind, caller.admin) == ("open", True)

    def test_does_not_take_pages_of_other_sites(self) -> None:
        assert refusal(make(), origin="https://evil.example").status == 403
        assert refusal(make(), host="evil.example:8000").status == 403
        assert refusal(make(), client="192.0.2.1").status == 403
        assert make(hosts=["salon.lan"]).admit(scope(host="salon.lan"), "realtime").kind == "open"

    def test_still_knows_the_client_secrets_it_made(self) -> None:
        gate = make()
        secret = gate.issue(gate.admit(scope(), "realtime"), session="preset", model="host", locked=True)
        assert gate.admit(scope(secret.value), "realtime").secret is secret


class TestKeys:
    def test_come_as_bearer_or_as_a_browsers_subprotocol(self) -> None:
        gate = keyed()
        protocols = ["realtime", f"openai-insecure-api-key.{KEY.key}"]
        for asked in (scope(KEY.key), scope(protocols=protocols), scope(authorization=f"bearer  {KEY.key} ")):
            caller = gate.admit(asked, "realtime")
            assert (caller.name, caller.kind, caller.admin, caller.claims) == ("backend", "key", False, None)
        assert gate.admit(scope(ADMIN.key), "realtime").admin

    @pytest.mark.parametrize("credential", ["sk-wrong", KEY.key + "x", KEY.key[:-1], "ek_wrong", "é"])
    def test_a_wrong_one_is_refused_without_being_repeated(self, credential: str) -> None:
        error = refusal(keyed(), credential)
        assert (error.status, error.code) == (401, "invalid_api_key")
        assert credential not in error.message

    def test_a_wrong_key_reads_as_at_openai(self) -> None:
        assert refusal(keyed(), "sk-wrong").message.startswith("Incorrect API key provided.")
        assert refusal(keyed()).message.startswith("You didn't provide an API key.")

    @pytest.mark.parametrize("authorization", ["Basic abc", "Bearer", "Bearer ", KEY.key, ""])
    def test_other_ways_to_show_one_are_none(self, authorization: str) -> None:
        assert refusal(keyed(), authorization=authorization).status == 401

    def test_bytes_that_are_not_utf_8_are_refused_like_any_wrong_key(self) -> None:
        assert refusal(keyed(), protocols=["openai-insecure-api-key.\udcff"]).status == 401

    def test_have_limits_of_their_own(self) -> None:
        limits = Limits(connections=1)
        gate = make(keys=[ApiKey("small", "sk-small-key", limits=limits), KEY])
        assert gate.admit(scope("sk-small-key"), "realtime").limits is limits
        assert gate.admit(scope(KEY.key), "realtime").limits is gate.limits

    def test_are_never_shown(self) -> None:
        gate = keyed()
        caller = gate.admit(scope(KEY.key), "realtime")
        assert KEY.key not in repr(KEY) + repr(caller) + repr(gate)

    def test_must_not_be_empty(self) -> None:
        with pytest.raises(ConfigError, match="empty"):
            make(keys=[ApiKey("nobody", "")])


class TestSignedRequests:
    def test_are_let_in_by_the_key_they_were_signed_with(self) -> None:
        caller = keyed().admit(scope(), "spark", signed=lambda key: key.name == "operator")
        assert (caller.name, caller.kind) == ("operator", "key")

    def test_are_refused_without_one(self) -> None:
        with pytest.raises(Refused) as caught:
            keyed().admit(scope(KEY.key), "spark", signed=lambda key: False)
        assert (caught.value.status, caught.value.code) == (401, "invalid_api_key")

    def test_need_no_key_at_an_open_gate(self) -> None:
        assert make().admit(scope(), "spark", signed=lambda key: False).kind == "open"


class TestGrants:
    def test_let_in_their_user_where_they_say_so(self) -> None:
        gate = keyed()
        claims = Claims(sub="ada", salon=SalonClaim(talk=True, agents=("host",)))
        caller = gate.admit(scope(mint(claims, SECRET)), "realtime")
        assert (caller.name, caller.kind, caller.admin, caller.claims) == ("ada", "grant", False, claims)
        assert caller.may_talk_with("host")
        assert not caller.may_talk_with("other")

    def test_without_talk_do_not_open_the_doors_where_models_answer(self) -> None:
        gate = keyed()
        token = mint(Claims(sub="ada", channels=("news",)), SECRET)
        for door in ("realtime", "spark"):
            error = refusal(gate, token, door)
            assert (error.status, error.code) == (403, "insufficient_permissions")
        assert not gate.admit(scope(token), "ui").may_talk_with("host")

    def test_name_what_may_be_published_and_what_may_be_watched(self) -> None:
        gate = keyed()
        claims = Claims(sub="ada", salon=SalonClaim(publish=("ada-*",), watch=("*",)))
        caller = gate.admit(scope(mint(claims, SECRET)), "live")
        assert caller.may_publish("ada-1") and not caller.may_publish("bob-1")
        assert caller.may_watch("bob-1")
        talker = gate.admit(scope(mint(Claims(sub="ada", salon=SalonClaim(talk=True)), SECRET)), "live")
        assert not talker.may_publish("ada-1") and not talker.may_watch("ada-1")

    def test_broadcasting_is_for_keys_too_but_not_for_client_secrets(self) -> None:
        gate = keyed()
        caller = gate.admit(scope(KEY.key), "live")
        assert caller.may_publish("studio") and caller.may_watch("studio")
        secret = gate.admit(scope(gate.issue(caller).value), "live")
        assert secret.kind == "secret"
        assert not secret.may_publish("studio") and not secret.may_watch("studio")
        assert make().admit(scope(), "live").may_publish("studio")

    def test_may_be_an_administrators(self) -> None:
        caller = keyed().admit(scope(mint(Claims(sub="root", salon=SalonClaim(admin=True)), SECRET)), "realtime")
        require_admin(caller)
        assert caller.may_talk_with("anyone")

    def test_bad_and_expired_ones_say_what_they_are(self) -> None:
        clock = FakeClock(unix=1000)
        gate = keyed(clock=clock)
        assert refusal(gate, mint(Claims(exp=900), SECRET)).code == "token_expired"
        error = refusal(gate, mint(Claims(), b"x" * 32))
        assert (error.status, error.code) == (401, "invalid_token")

    def test_mean_nothing_where_there_is_no_secret(self) -> None:
        assert refusal(make(keys=[KEY]), mint(Claims(), SECRET)).code == "invalid_api_key"

    def test_a_short_secret_is_not_taken(self) -> None:
        with pytest.raises(ConfigError, match="at least 32 bytes"):
            make(token_secrets=[b"short"])


class TestClientSecrets:
    def test_let_in_as_their_issuer_with_the_preset(self) -> None:
        gate = make(keys=[KEY])
        issuer = gate.admit(scope(KEY.key), "realtime")
        secret = gate.issue(issuer, session="preset", model="host", locked=True, ttl_seconds=60)
        caller = gate.admit(scope(protocols=["realtime", f"openai-insecure-api-key.{secret.value}"]), "realtime")
        assert (caller.name, caller.kind, caller.admin) == ("backend", "secret", False)
        assert caller.secret is not None
        assert (caller.secret.session, caller.secret.model, caller.secret.locked) == ("preset", "host", True)
        assert secret.value not in repr(caller)

    def test_are_not_an_administrators_even_when_one_made_them(self) -> None:
        gate = keyed()
        secret = gate.issue(gate.admit(scope(ADMIN.key), "realtime"))
        caller = gate.admit(scope(secret.value), "realtime")
        with pytest.raises(Refused) as caught:
            require_admin(caller)
        assert caught.value.status == 403

    def test_do_not_make_others(self) -> None:
        gate = keyed()
        holder = gate.admit(scope(gate.issue(gate.admit(scope(KEY.key), "realtime")).value), "realtime")
        user = gate.admit(scope(mint(Claims(salon=SalonClaim(talk=True)), SECRET)), "realtime")
        for caller in (holder, user):
            with pytest.raises(Refused) as caught:
                gate.issue(caller)
            assert caught.value.status == 403

    def test_are_refused_once_expired(self) -> None:
        clock = FakeClock()
        gate = make(keys=[KEY], clock=clock)
        secret = gate.issue(gate.admit(scope(KEY.key), "realtime"), ttl_seconds=10)
        clock.pass_ms(10_000)
        assert "expired" in refusal(gate, secret.value).message


class TestMinting:
    def test_is_for_administrators(self) -> None:
        gate = keyed()
        token = gate.mint(gate.admit(scope(ADMIN.key), "admin"), Claims(sub="ada", salon=SalonClaim(talk=True)))
        assert gate.admit(scope(token), "realtime").name == "ada"
        with pytest.raises(Refused):
            gate.mint(gate.admit(scope(KEY.key), "admin"), Claims())

    def test_needs_a_secret_and_claims_of_some_size(self) -> None:
        operator = make().admit(scope(), "admin")
        with pytest.raises(ClientError) as caught:
            make().mint(operator, Claims())
        assert caught.value.code == "no_token_secret"
        with pytest.raises(ClientError, match="8192"):
            keyed().mint(operator, Claims(info="x" * 9000))


def test_draining_refuses_everybody_who_is_not_watching_it() -> None:
    gate = keyed()
    hold = gate.hold(gate.admit(scope(KEY.key), "realtime"), "192.0.2.1", "realtime")
    gate.draining = True
    error = refusal(gate, KEY.key)
    assert (error.status, error.code, error.retry_after) == (503, "server_draining", 2)
    with pytest.raises(Refused), hold:
        pass
    assert gate.connections == 0
    assert gate.admit(scope(KEY.key), "metrics", while_draining=True).name == "backend"


def hold(gate: Gate, name: str = "backend", address: str = "192.0.2.1", **settings: Any) -> Hold:
    limits = settings.pop("limits", gate.limits)
    return gate.hold(Caller(name, settings.pop("kind", "key"), limits), address, "realtime")


def too_many(gate: Gate, *arguments: Any, **settings: Any) -> Refused:
    with pytest.raises(Refused) as caught, hold(gate, *arguments, **settings):
        pass
    assert (caught.value.status, caught.value.code) == (429, "rate_limit_exceeded")
    return caught.value


class TestLimits:
    def test_connections_of_one_caller(self) -> None:
        gate = make(limits=Limits(connections=2))
        with hold(gate), hold(gate, address="192.0.2.2"):
            assert gate.connections == 2
            assert too_many(gate, address="192.0.2.3").retry_after == 5
            with hold(gate, "other"):
                pass
            with hold(gate, kind="grant"):
                pass
        with hold(gate), hold(gate):
            pass
        assert gate.connections == 0

    def test_connections_from_one_address(self) -> None:
        gate = make(limits=Limits(address_connections=1))
        with hold(gate, "a", "2001:db8::1"):
            too_many(gate, "b", "2001:db8::2")
            with hold(gate, "c", "2001:db8:0:1::1"):
                pass

    def test_this_machine_is_no_stranger_to_itself(self) -> None:
        gate = make(limits=Limits(address_connections=1, address_connections_per_minute=1))
        with hold(gate, address="127.0.0.1"), hold(gate, address="127.0.0.1"), hold(gate, address="::1"):
            pass

    def test_new_connections_in_a_minute(self) -> None:
        clock = FakeClock()
        gate = make(limits=Limits(connections_per_minute=2), clock=clock)
        for _ in range(2):
            with hold(gate):
                pass
        assert too_many(gate).retry_after == 30
        clock.pass_ms(30_000)
        with hold(gate):
            pass
        too_many(gate)

    def test_all_connections_together(self) -> None:
        gate = make(max_connections=1)
        with hold(gate), pytest.raises(Refused) as caught, hold(gate, "other", "192.0.2.9"):
            pass
        assert (caught.value.status, caught.value.code, caught.value.retry_after) == (503, "server_full", 5)
        assert gate.connections == 0

    def test_a_key_of_its_own_limits(self) -> None:
        gate = make(limits=Limits(connections=1))
        roomy = msgspec.structs.replace(gate.limits, connections=2)
        with hold(gate, limits=roomy), hold(gate, limits=roomy):
            too_many(gate, limits=roomy)

    def test_messages_are_counted_for_the_caller_and_the_address(self) -> None:
        clock = FakeClock()
        gate = make(limits=Limits(messages_per_second=0, address_messages_per_second=10), clock=clock)
        with hold(gate, "a") as one, hold(gate, "b") as other:
            # Ten seconds' worth may come at once.
            assert [one.message() for _ in range(60)] == [0] * 60
            assert [other.message() for _ in range(42)][-3:] == [0, 100, 200]
            clock.pass_ms(60_000)
            assert one.message() == 0
        gate = make(limits=Limits(messages_per_second=10), clock=clock)
        with hold(gate, address="192.0.2.1") as one, hold(gate, address="192.0.2.2") as other:
            assert [one.message() for _ in range(100)] == [0] * 100
            assert other.message() == 100

    def test_an_open_gate_limits_nobody_on_this_machine(self) -> None:
        gate = make(limits=Limits(connections=1, messages_per_second=1))
        open_caller = gate.admit(scope(), "realtime")
        with gate.hold(open_caller, "127.0.0.1", "x") as one, gate.hold(open_caller, "127.0.0.1", "x"):
            assert {one.message() for _ in range(100)} == {0}

    def test_guessing_keys_uses_up_the_addresss_connections(self) -> None:
        gate = keyed(limits=Limits(address_connections_per_minute=3))
        assert [refusal(gate, "sk-guess", client="192.0.2.1").status for _ in range(5)] == [401, 401, 401, 429, 429]
        too_many(gate, address="192.0.2.1")


def test_the_observer_hears_of_every_refusal() -> None:
    observer = Noting()
    gate = make(keys=[KEY], observer=observer, limits=Limits(connections=1))
    refusal(gate, "sk-wrong")
    with hold(gate):
        too_many(gate)
    gate.draining = True
    refusal(gate, KEY.key, "spark")
    assert observer.seen == [
        ("refused", "realtime", "invalid_api_key"),
        ("refused", "realtime", "rate_limit_exceeded"),
        ("refused", "spark", "server_draining"),
    ]


def test_pages_can_be_judged_without_a_credential() -> None:
    observer = Noting()
    gate = keyed(observer=observer)
    gate.check_page(scope(origin="http://localhost:8000"))
    with pytest.raises(Refused):
        gate.check_page(scope(origin="https://evil.example"))
    assert observer.seen == [("refused", "websocket", "origin_not_allowed")]
