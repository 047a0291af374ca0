"""The parts, joined: each setting reaches the part it is for."""

from __future__ import annotations

import asyncio
import json

import pytest
from aiohttp import ClientSession
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from salon.app import lifecycle, listen
from salon.app.build import build, new_id
from salon.app.clock import SystemClock
from salon.app.config import ApiKey, Auth, Config, KeyLimits, Limits, LlmDefaults, Server, SparkCredential, SparkDoor
from salon.app.config_load import Loaded
from salon.app.config_peers import Ice, PeerJs
from salon.app.models import Models
from salon.base.chat import TextDelta
from salon.base.errors import ConfigError
from salon.session.agent import Agent
from salon.wire.spark_auth import http_date, signed_url
from tests.fakes.scripted_llm import ScriptedLlm
from tests.fakes.serving import serving

KEY = "k" * 20
DEMO = LlmDefaults(default=("demo",))


def built(config: Config, *agents: Agent):  # type: ignore[no-untyped-def]
    return build(config, agents or (Agent("host"),), Models(Loaded(config=config), environ={}))


def test_every_door_is_there() -> None:
    paths = {getattr(route, "path", "") for route in built(Config(llm=DEMO)).app.routes}
    assert {
        "/", "/healthz", "/readyz", "/metrics", "/v1/realtime", "/v1/realtime/client_secrets", "/v1/tokens", "/v1/ui/config",
        "/v1.1/chat", "/v4.0/chat", "/chat/{name}", "/peerjs", "/v1/ice-servers",
    } <= paths  # fmt: skip


async def test_an_open_house() -> None:
    async with serving(built(Config(llm=DEMO)).app) as at, ClientSession(at.http) as client:
        assert await (await client.get("/readyz")).json() == {"status": "ready"}
        assert (await (await client.get("/v1/ui/config")).json())["agents"][0]["name"] == "host"
        assert b"salon_info" in await (await client.get("/metrics")).read()


async def test_a_closed_house() -> None:
    keys = (ApiKey(name="a", key=KEY), ApiKey(name="b", key="a" * 20, admin=True))
    config = Config(llm=DEMO, auth=Auth(api_keys=keys, token_secrets=("t" * 32,), metrics_token="the-scraper"))
    async with serving(built(config).app) as at, ClientSession(at.http) as client:
        assert (await client.get("/v1/ui/config")).status == 401
        for key, may_mint in ((KEY, False), ("a" * 20, True)):
            bearer = {"Authorization": f"Bearer {key}"}
            assert (await (await client.get("/v1/ui/config", headers=bearer)).json())["auth"] == "key"
            asked = await client.post("/v1/tokens", headers=bearer, json={"sub": "li"})
            assert asked.status == (200 if may_mint else 403)
        for shown, status in (("the-scraper", 200), ("another", 401)):
            assert (await client.get("/metrics", headers={"Authorization": f"Bearer {shown}"})).status == status


def test_limits_reach_the_gate() -> None:
    limits = Limits(connections=1, connections_per_minute=2, messages_per_second=3, address_connections=4)
    keys = (ApiKey(name="own", key=KEY, limits=KeyLimits(connections=0, messages_per_second=9)),)
    door = built(Config(llm=DEMO, limits=limits, auth=Auth(api_keys=keys))).gate
    assert (door.limits.connections, door.limits.connections_per_minute, door.limits.address_connections) == (1, 2, 4)
    scope = {"type": "http", "headers": [(b"authorization", f"Bearer {KEY}".encode())], "client": ("127.0.0.1", 1)}
    own = door.admit(scope, "ui").limits
    # 0 is a limit of one's own: none.
    assert (own.connections, own.connections_per_minute, own.messages_per_second) == (0, 2, 9)


@pytest.mark.parametrize(
    ("origin", "status"),
    [("https://salon.example.com", 200), ("https://www.example.com", 200), ("https://evil.example.net", 403)],
)
async def test_the_public_address_is_one_of_our_own(origin: str, status: int) -> None:
    server = Server(public_url="https://salon.example.com", origins=("https://www.example.com",))
    async with serving(built(Config(llm=DEMO, server=server)).app) as at, ClientSession(at.http) as client:
        headers = {"Origin": origin, "Host": "salon.example.com"}
        assert (await client.get("/v1/ui/config", headers=headers)).status == status


@pytest.mark.parametrize(
    ("config", "agent", "says"),
    [
        (Config(llm=LlmDefaults(default=("nobody:knows",))), Agent("host"), 'no house "nobody"'),
        (Config(llm=DEMO), Agent("host", llm="openai:gpt-4o-mini"), "OPENAI_API_KEY"),
        (Config(llm=DEMO, auth=Auth(token_secrets=("short",))), Agent("host"), "at least 32"),
        (Config(llm=DEMO, ice=Ice(turn=("turn:turn.example.com",))), Agent("host"), "need turn_secret"),
    ],
)
def test_what_cannot_work_is_said_at_once(config: Config, agent: Agent, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        built(config, agent)


@pytest.mark.parametrize(
    ("kept", "secret", "welcome"), [(True, "right-secret", True), (True, "wrong", False), (False, "any", True)]
)
async def test_the_spark_door_knows_its_credentials(kept: bool, secret: str, welcome: bool) -> None:
    credential = SparkCredential(app_id="a", api_key="b", api_secret="right-secret")
    door = SparkDoor(credentials=(credential,) if kept else (), domains={"lite": "poet", "4.0Ultra": "demo"})
    async with serving(built(Config(llm=DEMO, spark_door=door), Agent("host"), Agent("poet")).app) as at:
        url = signed_url(at.ws + "/v4.0/chat", api_key="b", api_secret=secret, date=http_date(SystemClock().unix()))
        if not welcome:
            with pytest.raises(InvalidStatus):
                await connect(url)
            return
        for domain in ("lite", "4.0Ultra", "elsewhere"):
            async with connect(url) as websocket:
                question = {
                    "header": {"app_id": "a"},
                    "parameter": {"chat": {"domain": domain}},
                    "payload": {"message": {"text": [{"role": "user", "content": "repeat after me: hello"}]}},
                }
                await websocket.send(json.dumps(question))
                assert json.loads(await websocket.recv())["header"]["code"] == 0


@pytest.mark.parametrize("kept", [True, False])
async def test_pages_of_others_may_bring_a_signature_to_the_spark_door(kept: bool) -> None:
    credential = SparkCredential(app_id="a", api_key="b", api_secret="right-secret")
    door = SparkDoor(credentials=(credential,) if kept else ())
    async with serving(built(Config(llm=DEMO, spark_door=door)).app) as at:
        url = signed_url(
            at.ws + "/v4.0/chat", api_key="b", api_secret="right-secret", date=http_date(SystemClock().unix())
        )
        page = {"Origin": "https://somebody.example"}
        if kept:
            await (await connect(url, additional_headers=page)).close()
        for path in ("/v1/realtime",) if kept else ("/v1/realtime", url.removeprefix(at.ws)):
            with pytest.raises(InvalidStatus) as refused:
                await connect(at.ws + path, additional_headers=page)
            assert refused.value.response.status_code == 403


async def test_programs_for_spark_count_among_all_connections() -> None:
    full = Config(llm=DEMO, server=Server(max_connections=1))
    async with serving(built(full).app) as at, connect(at.ws + "/v1/realtime"):
        url = signed_url(at.ws + "/v4.0/chat", api_key="k", api_secret="s", date=http_date(SystemClock().unix()))
        with pytest.raises(InvalidStatus) as refused:
            await connect(url)
        assert refused.value.response.status_code == 503


async def test_the_relays_of_the_configuration_are_told() -> None:
    ice = Ice(stun=("stun:stun.example.com",), turn=("turn:turn.example.com",), turn_secret="north", ttl_seconds=60)
    async with serving(built(Config(llm=DEMO, ice=ice)).app) as at, ClientSession(at.http) as client:
        told = await (await client.get("/v1/ice-servers")).json()
    assert [server["urls"] for server in told["iceServers"]] == [["stun:stun.example.com"], ["turn:turn.example.com"]]
    assert told["iceServers"][1]["username"].endswith(":open")
    assert told["ttl_seconds"] == 60


async def test_the_peerjs_door_has_its_settings() -> None:
    config = Config(llm=DEMO, peerjs=PeerJs(discovery=True, max_peers=1))
    query = "key=peerjs&token=t&id="
    async with (
        serving(built(config).app) as at,
        ClientSession(at.http) as client,
        connect(f"{at.ws}/peerjs?{query}ann") as ann,
    ):
        assert json.loads(await ann.recv())["type"] == "OPEN"
        async with connect(f"{at.ws}/peerjs?{query}bob") as bob:
            assert "concurrent user limit" in json.loads(await bob.recv())["payload"]["msg"]
        assert await (await client.get("/peerjs/peers")).json() == ["ann"]


async def test_a_drain_waits_for_programs_of_spark_too() -> None:
    rest = asyncio.Event()
    house = built(Config(llm=DEMO), Agent("host", llm=ScriptedLlm([TextDelta("a"), rest, TextDelta("b")])))
    question = json.dumps(
        {
            "header": {"app_id": "a"},
            "parameter": {"chat": {"domain": "lite"}},
            "payload": {"message": {"text": [{"role": "user", "content": "hi"}]}},
        }
    )

    def text(frame: str | bytes) -> str:
        return str(json.loads(frame)["payload"]["choices"]["text"][0]["content"])

    sockets, signals = listen.bind("127.0.0.1", 0), asyncio.Queue[int]()
    ready: asyncio.Future[list[str]] = asyncio.get_running_loop().create_future()
    server = lifecycle.Server(house.app, stop_seconds=1)
    async with asyncio.TaskGroup() as group:
        served = lifecycle.serve(server, sockets, house.running, house.gate, 60, ready.set_result, signals)
        exit_code = group.create_task(served)
        url = (await ready)[0].replace("http", "ws") + "/v1.1/chat"
        url = signed_url(url, api_key="k", api_secret="s", date=http_date(SystemClock().unix()))
        async with connect(url) as busy, connect(url) as late:
            await busy.send(question)
            assert text(await busy.recv()) == "a"
            signals.put_nowait(15)
            while not house.gate.draining:  # noqa: ASYNC110
                await asyncio.sleep(0)
            await late.send(question)
            assert json.loads(await late.recv())["header"]["code"] == 10110
            assert not exit_code.done()
            rest.set()
            assert "".join([text(frame) async for frame in busy]) == "b"
            assert (busy.close_code, busy.close_reason) == (1000, "close this ws conn")
    assert exit_code.result() == 0


async def test_a_drain_gives_up_on_a_program_of_spark_whose_answer_never_ends() -> None:
    house = built(Config(llm=DEMO))
    with house.running._questions:  # type: ignore[attr-defined]
        await house.running.drain(0.01)


def test_ids_cannot_be_guessed() -> None:
    assert len({new_id("sess") for _ in range(100)}) == 100
    assert new_id("sess").startswith("sess_")
