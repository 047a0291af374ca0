from __future__ import annotations

import pytest

from salon.base.errors import Refused
from salon.serve.answerer import answerer
from salon.serve.gate import Caller
from salon.serve.limits import Limits
from salon.serve.secrets import ClientSecret
from salon.session.agent import Agent
from salon.wire import token
from tests.fakes.scripted_llm import ScriptedLlm
from tests.session.house import open_house

AGENTS = [Agent("host", llm=ScriptedLlm([])), Agent("poet", llm=ScriptedLlm([]))]


def caller(secret: str | None = None, agents: tuple[str, ...] | None = None) -> Caller:
    made = ClientSecret("ek_x", 1, None, secret, False, "a", Limits()) if secret else None
    claims = token.Claims(sub="li", salon=token.SalonClaim(talk=True, agents=agents)) if agents is not None else None
    return Caller("li", "grant" if claims else "key", Limits(), claims=claims, secret=made)


async def test_by_name_or_the_first() -> None:
    async with open_house(*AGENTS) as house:
        for asked, agent, shown in (
            ("poet", "poet", "poet"),
            (None, "host", "host"),
            ("gpt-realtime", "host", "gpt-realtime"),
        ):
            part, name = answerer(house.hub, caller(), asked)
            assert (part.agent.name, name) == (agent, shown)


async def test_a_secret_is_for_whom_it_was_made() -> None:
    async with open_house(*AGENTS) as house:
        part, name = answerer(house.hub, caller(secret="poet"), "host")
        assert (part.agent.name, name) == ("poet", "poet")


@pytest.mark.parametrize(
    ("asked", "agents", "status", "code"),
    [("nobody:knows", None, 404, "model_not_found"), ("host", ("poet",), 403, "insufficient_permissions")],
)
async def test_who_is_refused(asked: str, agents: tuple[str, ...] | None, status: int, code: str) -> None:
    async with open_house(*AGENTS) as house:
        with pytest.raises(Refused) as refused:
            answerer(house.hub, caller(agents=agents), asked)
        assert (refused.value.status, refused.value.code) == (status, code)
