"""``Salon``: settings in, a server out, alone or inside another application."""

from __future__ import annotations

import asyncio
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
from typing import Any, get_type_hints

import pytest
from aiohttp import ClientSession
from fastapi import FastAPI
from starlette.types import ASGIApp

from salon import Agent, Salon
from salon.app import server
from salon.app.config import Config, LlmDefaults, Server
from salon.app.config_load import Loaded, short_names
from salon.app.server import Settings
from salon.base.errors import ConfigError
from tests.fakes.scripted_llm import ScriptedLlm, says
from tests.fakes.serving import serving


async def ask(url: str, prefix: str = "", model: str = "host") -> str:
    """One question over the Realtime door, and its answer."""
    async with ClientSession(url) as client, client.ws_connect(f"{prefix}/v1/realtime?model={model}") as websocket:
        item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hello"}]}
        await websocket.send_json({"type": "conversation.item.create", "item": item})
        await websocket.send_json({"type": "response.create"})
        answer = ""
        async for message in websocket:
            event = json.loads(message.data)
            if event["type"] == "response.output_text.delta":
                answer += event["delta"]
            if event["type"] == "response.done":
                assert event["response"]["status"] == "completed", event
                break
    return answer


def scripted(**given: Any) -> Salon:
    return Salon(agents=[Agent("host", llm=ScriptedLlm(says("Good morning.")))], llm="demo", **given)


def test_settings_go_before_the_file_and_the_environment(alone: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (alone / "salon.toml").write_text('[server]\nport = 1\nhost = "localhost"\n[[agents]]\nname = "guide"\n')
    monkeypatch.setenv("SALON_PORT", "2")
    monkeypatch.setenv("SALON_GRACE_SECONDS", "5")
    salon = Salon(agents=[Agent("host")], port=3, llm="demo", api_key="k" * 16, origins=("https://a",))
    config = salon.config
    assert (config.server.port, config.server.host, config.server.grace_seconds) == (3, "localhost", 5.0)
    assert (config.llm.default, config.server.origins) == (("demo",), ("https://a",))
    assert (config.auth.api_keys[0].key, config.auth.api_keys[0].admin) == ("k" * 16, True)
    assert [agent.name for agent in salon.agents] == ["host", "guide"]


def test_a_file_by_name(alone: pathlib.Path) -> None:
    (alone / "other.toml").write_text("[server]\nport = 7\n")
    assert Salon(config="other.toml").config.server.port == 7
    assert Salon(config=alone / "other.toml").config.server.port == 7


def test_a_configuration_as_it_is() -> None:
    config = Config(llm=LlmDefaults(default=("demo",)))
    assert Salon(config=config).config is config
    assert Salon(config=Loaded(config=config)).config is config
    with pytest.raises(ConfigError, match="takes no settings beside it"):
        Salon(config=config, port=1)


def test_mistakes() -> None:
    with pytest.raises(ConfigError, match=r'Salon\(\) has no setting "prot"; did you mean "port"\?'):
        Salon(prot=1)  # type: ignore[call-arg]
    with pytest.raises(ConfigError, match=r"^Salon\(port=…\): port in \[server\] must be a whole number"):
        Salon(port="many")  # type: ignore[arg-type]
    with pytest.raises(
        ConfigError, match=r"Salon\(api_key=…\): key in \[\[auth.api_keys\]\] must be text of at least 16"
    ):
        Salon(api_key="short")


def test_every_setting_has_its_type() -> None:
    assert set(get_type_hints(Settings)) == set(short_names()) | {"api_key"}


def test_others_are_not_let_in_without_a_key() -> None:
    with pytest.raises(ConfigError, match="salon token --key"):
        Salon(host="0.0.0.0", llm="demo").run()


async def test_as_an_application_of_its_own() -> None:
    async with serving(scripted().asgi) as at:
        assert await ask(at.http) == "Good morning."
        async with ClientSession(at.http) as client:
            assert (await client.get("/")).status == 200


def mounted(salon: Salon) -> ASGIApp:
    app = FastAPI()

    @app.get("/own")
    def own() -> str:
        return "own"

    app.mount("/salon", salon.asgi)
    return app


async def test_mounted_in_an_application_that_keeps_its_lifespan_to_itself() -> None:
    async with serving(mounted(scripted())) as at:
        # All at once, so that some come while it starts.
        async with asyncio.TaskGroup() as group:
            answers = [group.create_task(ask(at.http, "/salon")) for _ in range(5)]
        assert {task.result() for task in answers} == {"Good morning."}
        async with ClientSession(at.http) as client:
            assert await (await client.get("/own")).json() == "own"
            assert (await client.get("/salon/")).status == 200
            assert (await client.get("/salon/v1/ui/config")).status == 200
            assert (await client.get("/salon/nothing")).status == 404


def test_it_starts_anew_in_another_event_loop() -> None:
    """As test clients do, each request in a loop of its own."""
    app = mounted(scripted())

    async def once() -> str:
        async with serving(app) as at:
            return await ask(at.http, "/salon")

    assert [asyncio.run(once()) for _ in range(2)] == ["Good morning."] * 2


async def test_what_cannot_start_says_so_to_every_request() -> None:
    salon = Salon(agents=[Agent("host", llm="nobody:knows")], llm="demo")
    with pytest.raises(ConfigError, match="nobody"):
        await salon.asgi({"type": "http"}, None, None)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="nobody"):
        await salon.asgi({"type": "http"}, None, None)  # type: ignore[arg-type]


PROGRAM = """
import sys
from salon import Agent, Salon, tool

@tool
def ring() -> str:
    "Ring."
    return "ding"

salon = Salon(agents=[Agent(name="host", tools=[ring])], port=int(sys.argv[1]), llm="demo")
sys.exit(salon.run())
"""


def run(port: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(port)], stderr=subprocess.PIPE, text=True, env={**os.environ}
    )


async def test_run_serves_until_it_is_told_to_stop() -> None:
    with run(0) as server:
        assert server.stderr is not None
        # The engine says its port before.
        line = ""
        while "Salon is ready" not in line:
            line = await asyncio.to_thread(server.stderr.readline)
            assert line
        assert "Salon is ready: http://127.0.0.1:" in line
        assert await ask(line.split()[-1])
        server.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(server.wait) == 0


@pytest.mark.parametrize(("workers", "forkers"), [(1, 0), (2, 1)])
def test_one_worker_is_the_process_itself(workers: int, forkers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """And where the server does not start, nothing that was forked stays."""
    made: list[Any] = []

    class Forker:
        def __init__(self, work: Any) -> None:
            self.closed = False
            made.append(self)

        def close(self) -> None:
            self.closed = True

    monkeypatch.setattr(server, "Forker", Forker)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        where = Server(port=taken.getsockname()[1], workers=workers)
        assert Salon(config=Config(llm=LlmDefaults(default=("demo",)), server=where)).run() == 1
    assert [each.closed for each in made] == [True] * forkers


def test_a_port_that_is_taken_is_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, run(taken.getsockname()[1]) as server:
        assert server.wait() == 1
        assert server.stderr is not None
        said = server.stderr.read()
        assert "is already in use" in said
        assert "Traceback" not in said
