"""Callers, there and back."""

from __future__ import annotations

import dataclasses

import pytest

from salon.base.chat import ToolSpec
from salon.base.session import AudioInputPatch, ServerVad, SessionPatch
from salon.serve.gate import Caller
from salon.serve.limits import Limits
from salon.serve.secrets import ClientSecret
from salon.serve.workers.passport import opened, sealed
from salon.wire.token import Claims, SalonClaim

LIMITS = Limits(connections=7, messages_per_second=0)
PATCH = SessionPatch(
    instructions="Be brief.",
    tools=(ToolSpec("find", "Finds.", {"type": "object", "properties": {}}),),
    max_output_tokens=None,
    audio_input=AudioInputPatch(turn_detection=ServerVad(silence_duration_ms=200)),
    tracing={"anything": [1, None]},
)


@pytest.mark.parametrize(
    "caller",
    [
        Caller("open", "open", LIMITS, admin=True),
        Caller("backend", "key", LIMITS),
        Caller("ann", "grant", LIMITS, claims=Claims(sub="ann", salon=SalonClaim(talk=True, publish=("ann-*",)))),
        Caller("shop", "secret", LIMITS, secret=ClientSecret("", 1_800_000_000, PATCH, "host", True, "shop", LIMITS)),
        Caller("shop", "secret", LIMITS, secret=ClientSecret("", 1_800_000_000, None, None, False, "shop", LIMITS)),
    ],
    ids=["open", "key", "grant", "secret", "secret without a session"],
)
def test_a_caller_is_the_same_on_the_other_side(caller: Caller) -> None:
    there = opened(sealed(caller))
    assert there == caller
    assert (there.may_publish("ann-1"), there.may_talk_with("host")) == (
        caller.may_publish("ann-1"),
        caller.may_talk_with("host"),
    )


def test_it_holds_no_credential() -> None:
    secret = ClientSecret("ek_the-secret-itself", 1, PATCH, None, False, "shop", LIMITS)
    passport = sealed(Caller("shop", "secret", LIMITS, secret=secret))
    assert b"ek_" not in passport
    found = opened(passport).secret
    assert found == dataclasses.replace(secret, value="")
