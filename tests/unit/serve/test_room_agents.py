"""``POST /v1/rooms/{room}/agents``."""

from __future__ import annotations

from aiohttp import ClientSession

from salon.ports.observer import Observer
from salon.serve import room_agents
from salon.serve.gate import ApiKey, Gate
from salon.serve.http import app
from salon.serve.limits import Limits
from tests.fakes.agents import chatting
from tests.fakes.scripted_llm import ScriptedLlm
from tests.fakes.serving import serving

ADMIN, KEY = "sk-operator-key-of-some-length", "sk-backend-key-of-some-length"


async def test_an_administrator_invites_an_agent() -> None:
    async with chatting(ScriptedLlm([]), patterns=[]) as house:
        keys = [ApiKey("operator", ADMIN, admin=True), ApiKey("backend", KEY)]
        gate = Gate(keys=keys, token_secrets=[], limits=Limits(), clock=house.clock, observer=Observer())
        await house.enter("ada")
        async with serving(app(room_agents.routes(gate, house.agents), gate=gate)) as server, ClientSession() as http:

            async def post(key: str, room: str, body: object) -> tuple[int, str]:
                url, headers = f"{server.http}/v1/rooms/{room}/agents", {"authorization": f"Bearer {key}"}
                async with http.post(url, json=body, headers=headers) as response:
                    said = await response.json()
                    return response.status, said.get("error", {}).get("code", "")

            assert await post(KEY, "lobby", {"agent": "assistant"}) == (403, "insufficient_permissions")
            assert await post(ADMIN, "lobby", {"agent": "nobody"}) == (404, "agent_not_found")
            assert (await post(ADMIN, "lobby", {"agent": 5}))[0] == 400
            assert (await post(ADMIN, "a b", {"agent": "assistant"}))[0] == 400
            assert await post(ADMIN, "lobby", {"agent": "assistant"}) == (200, "")
        assert "agent:assistant" in {seat.identity for seat in await house.rooms.presence("lobby/chat")}
