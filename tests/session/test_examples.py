"""Each example runs by itself, against a server on this machine, and ends."""

from __future__ import annotations

import asyncio
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tomllib
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from websockets.asyncio.client import connect

from tests.fakes.centrifuge import Client

EXAMPLES = pathlib.Path(__file__).parents[2] / "examples"
HOUSES = ("SALON_", "SPARK_", "OPENAI_", "DEEPSEEK_", "DASHSCOPE_", "ARK_", "OLLAMA_", "VLLM_", "QWEN_")


@pytest.fixture
def environ(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    monkeypatch.chdir(tmp_path)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(HOUSES)}
    return {**kept, "SALON_LLM": "demo", "SALON_PORT": "0", "LC_ALL": "C.UTF-8"}


@contextmanager
def running(command: list[str], environ: dict[str, str], first: str) -> Iterator[str]:
    """A server that stops when asked to; gives the address on the first line that has ``first``."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environ) as process:
        assert process.stdout is not None
        try:
            seen = ""
            for line in process.stdout:
                seen += line
                if first in line:
                    break
            found = re.search(r"http://([\w.:]+)", seen)
            assert found, seen
            yield found[1]
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 0, process.stdout.read()
        finally:
            if process.poll() is None:
                process.kill()


@pytest.fixture
def server(environ: dict[str, str]) -> Iterator[str]:
    with running([sys.executable, "-m", "salon.cli.main", "serve"], environ, "ready") as address:
        yield address


def client(name: str, environ: dict[str, str], *arguments: str) -> str:
    command = [sys.executable, str(EXAMPLES / name), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=environ, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_realtime_client(server: str, environ: dict[str, str]) -> None:
    said = client("realtime_client.py", {**environ, "SALON_URL": f"http://{server}"}, "repeat after me: good evening")
    assert "good evening" in said
    assert said.endswith("closed with 1000\n")


def test_spark_client(server: str, environ: dict[str, str]) -> None:
    url = f"ws://{server}/v4.0/chat"
    said = client("spark_client.py", {**environ, "SPARK_URL": url}, "repeat after me: good evening")
    assert "good evening" in said
    # The second question goes with the history.
    assert len(said.strip().splitlines()) >= 2


def test_a_client_says_why_it_is_not_answered(server: str, environ: dict[str, str]) -> None:
    command = [sys.executable, str(EXAMPLES / "spark_client.py"), "hi"]
    gone = {**environ, "SPARK_URL": f"ws://{server}/nothing"}
    done = subprocess.run(command, capture_output=True, text=True, env=gone, timeout=60, check=False)
    assert done.returncode != 0


def test_agent_with_tools(environ: dict[str, str]) -> None:
    with running([sys.executable, str(EXAMPLES / "agent_with_tools.py")], environ, "Open") as address:
        asked = {**environ, "SALON_URL": f"ws://{address}"}
        said = client("realtime_client.py", asked, "Where is order 1001?")
    assert "sent" in said


def test_mount_in_fastapi(environ: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    command = [sys.executable, str(EXAMPLES / "mount_in_fastapi.py")]
    with running(command, {**environ, "PORT": port}, "running on") as address:
        with urllib.request.urlopen(f"http://{address}/hello", timeout=10) as answer:
            assert answer.read() == b'{"hello":"world"}'
        asked = {**environ, "SALON_URL": f"ws://{address}/salon"}
        assert "good evening" in client("realtime_client.py", asked, "repeat after me: good evening")


def test_provider_plugin(environ: dict[str, str], tmp_path: pathlib.Path) -> None:
    plugin = EXAMPLES / "provider_plugin"
    project = tomllib.loads((plugin / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    # What `pip install` makes of it.
    shutil.copy(plugin / "salon_shout.py", tmp_path)
    info = tmp_path / f"salon_shout-{project['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    points = project["entry-points"]["salon.providers"]
    (info / "entry_points.txt").write_text("[salon.providers]\n" + "".join(f"{k} = {v}\n" for k, v in points.items()))
    command = [sys.executable, "-m", "salon.cli.main", "say", "--llm", "shout:loud", "hello there"]
    installed = {**environ, "PYTHONPATH": str(tmp_path), "SHOUT_MARK": "?"}
    done = subprocess.run(command, capture_output=True, text=True, env=installed, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "HELLO THERE???\n", "")


def test_every_example_is_run() -> None:
    """A new example wants a test here."""
    text = pathlib.Path(__file__).read_text(encoding="utf-8")
    names = [path.name for path in EXAMPLES.iterdir() if path.suffix == ".py" or path.is_dir()]
    assert [name for name in names if name != "__pycache__" and f'"{name}"' not in text] == []


def test_rooms(environ: dict[str, str]) -> None:
    async def visit(address: str) -> None:
        async with connect(f"ws://{address}/connection/websocket") as socket:
            client = Client(socket)
            await client.connect(user="alice")
            for channel in ("market/feed", "arena/state", "lobby/chat"):
                assert "subscribe" in await client.ask(subscribe={"channel": channel})
            wanted = {"price", "greeting", "moved"}
            assert "publish" in await client.ask(
                publish={"channel": "arena/state", "data": {"sequence": 1, "input": 1}}
            )
            while wanted:
                push = await client.push()
                data = push["pub"]["data"]
                if push["channel"] == "market/feed":
                    assert push["pub"]["tags"] == {"key": "SALON"}
                    wanted.discard("price")
                elif push["channel"] == "lobby/chat":
                    assert data == {"text": "Welcome, alice!"} and push["pub"]["info"]["user"] == "greeter"
                    wanted.discard("greeting")
                elif "acks" in data and data["set"].get("alice", {}).get("x", 0) > 0:
                    wanted.discard("moved")

    with running([sys.executable, str(EXAMPLES / "rooms.py")], environ, "ready") as address:
        asyncio.run(visit(address))


def test_the_greenhouse_is_warm(environ: dict[str, str]) -> None:
    async def visit(address: str) -> None:
        async with connect(f"ws://{address}/connection/websocket") as socket:
            client = Client(socket)
            await client.connect(user="alice")
            about = (await client.ask(subscribe={"channel": "greenhouse/state:about"}))["subscribe"]
            await client.ask(subscribe={"channel": "greenhouse/feed"})
            # It was said before we came, or is said now.
            told = [each["data"] for each in about.get("publications", ())]
            while not any("t1" in {**data.get("entries", {}), **data.get("set", {})} for data in told):
                told.append((await client.push())["pub"]["data"])
            while (data := (await client.push())["pub"]["data"]).get("key") != "t1":
                pass
            assert 10 < data["value"] < 30

    with running([sys.executable, str(EXAMPLES / "greenhouse.py")], environ, "ready") as address:
        asyncio.run(visit(address))


def test_the_page_with_the_widget_asks_for_it_where_it_is() -> None:
    """What it does there is seen in tests/e2e/test_support.py."""
    page = (EXAMPLES / "widget" / "index.html").read_text(encoding="utf-8")
    asked = re.search(r'<script src="http://127\.0\.0\.1:8000/web/(\S+)"([^>]*)>', page)
    assert asked is not None
    widget = (EXAMPLES.parent / "src/salon/web" / asked[1]).read_text(encoding="utf-8")
    settings = re.findall(r"data-(\w+)=", asked[2])
    assert settings
    assert [name for name in settings if name not in widget] == []
