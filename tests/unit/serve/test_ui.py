from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from starlette.applications import Starlette
from starlette.routing import Mount
from yarl import URL

from salon.serve import ui
from salon.serve.gate import ApiKey, Caller, Gate
from salon.serve.http import app
from salon.serve.limits import Limits
from tests.fakes.clock import FakeClock
from tests.fakes.serving import Noting, serving

KEY = "sk-backend-key-of-some-length"
FILES = {
    "index.html": ("<!doctype html><title>Salon</title>", "text/html; charset=utf-8"),
    "app.js": ("export {}", "text/javascript; charset=utf-8"),
    "parts/talk.mjs": ("export {}", "text/javascript; charset=utf-8"),
    "style.css": ("body {}", "text/css; charset=utf-8"),
    "icon.svg": ("<svg/>", "image/svg+xml"),
    "zh.json": ("{}", "application/json"),
    "salon.webmanifest": ("{}", "application/manifest+json"),
}


@pytest.fixture
def web(tmp_path: Path) -> Path:
    (tmp_path / "secret.txt").write_text("outside")
    for name, (content, _) in FILES.items():
        path = tmp_path / "web" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    (tmp_path / "web" / "notes.py").write_text("not for browsers")
    return tmp_path / "web"


@asynccontextmanager
async def client(web: Path | None, keys: list[ApiKey] | None = None, prefix: str = "") -> AsyncIterator[ClientSession]:
    gate = Gate(keys=keys or [], limits=Limits(), clock=FakeClock(), observer=Noting())

    def config(caller: Caller) -> dict[str, Any]:
        return {"caller": caller.kind}

    framed: Any = app(ui.routes(gate, config, web), gate=gate)
    if prefix:
        framed = Starlette(routes=[Mount(prefix, framed)])
    async with serving(framed) as server, ClientSession(server.http) as session:
        yield session


@pytest.mark.parametrize("prefix", ["", "/salon"])
async def test_serves_the_page_and_its_files_by_their_types(web: Path, prefix: str) -> None:
    async with client(web, prefix=prefix) as session:
        async with session.get(f"{prefix}/") as response:
            assert (response.status, await response.text()) == (200, FILES["index.html"][0])
        for name, (content, content_type) in FILES.items():
            async with session.get(f"{prefix}/web/{name}") as response:
                assert (response.status, await response.text()) == (200, content)
                assert response.headers["content-type"] == content_type
                assert response.headers["cache-control"] == "no-cache"


async def test_a_browser_that_has_a_file_is_told_so(web: Path) -> None:
    async with client(web) as session:
        async with session.get("/web/app.js") as response:
            tag = response.headers["etag"]
        for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
            async with session.get("/web/app.js", headers={"if-none-match": known}) as response:
                assert (response.status, await response.read()) == (304, b"")
                assert response.headers["etag"] == tag
        for known in ('"other"', ""):
            async with session.get("/web/app.js", headers={"if-none-match": known}) as response:
                assert response.status == 200
        async with session.head("/web/style.css") as response:
            assert response.status == 200
            assert response.headers["etag"] != tag


@pytest.mark.parametrize(
    "path",
    [
        "/web/../secret.txt",
        "/web/%2e%2e/secret.txt",
        "/web/..%2fsecret.txt",
        "/web/parts/../../secret.txt",
        "/web//etc/passwd",
        "/web/%00",
        "/web/",
        "/web/parts",
        "/web/notes.py",
        "/web/nothing.js",
    ],
)
async def test_nothing_else_is_served(web: Path, path: str) -> None:
    async with client(web) as session, session.get(URL(path, encoded=True)) as response:
        assert response.status == 404
        assert (await response.json())["error"]["code"] == "not_found"


async def test_a_missing_page_is_not_found() -> None:
    async with client(Path("/nowhere")) as session, session.get("/") as response:
        assert response.status == 404


async def test_what_the_page_needs_to_know_is_for_those_who_may_come_in(web: Path) -> None:
    async with client(web) as session, session.get("/v1/ui/config") as response:
        assert await response.json() == {"caller": "open"}
        assert response.headers["cache-control"] == "no-store"
    async with client(web, [ApiKey("backend", KEY)]) as session:
        async with session.get("/v1/ui/config") as response:
            assert response.status == 401
        async with session.get("/v1/ui/config", headers={"authorization": f"Bearer {KEY}"}) as response:
            assert await response.json() == {"caller": "key"}


async def test_every_file_of_the_page_that_comes_with_salon_has_a_type() -> None:
    with resources.as_file(resources.files("salon") / "web") as root:
        names = {path.name for path in root.rglob("*") if path.is_file()} if root.is_dir() else set()
    assert {name for name in names if Path(name).suffix not in ui.TYPES} == set()
