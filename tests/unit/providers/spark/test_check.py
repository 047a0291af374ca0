from __future__ import annotations

import socket
from typing import Any

import pytest

from salon.ports.llm import CheckStep
from salon.providers.spark import check
from salon.providers.spark.connection import Settings
from salon.providers.spark.llm import SparkLlm
from salon.providers.spark.models import find
from tests.fakes.spark_server import Asked, denying, spark_server


async def hello(question: Asked) -> None:
    await question.say("你好", status=2)


async def steps(url: str) -> list[CheckStep]:
    llm = SparkLlm(find("lite"), Settings("app", "k", "s", url=url))
    return [step async for step in llm.check()]


def names(found: list[CheckStep]) -> list[tuple[str, bool]]:
    return [(step.name, step.ok) for step in found]


async def test_all_is_well() -> None:
    async with spark_server(hello) as server:
        found = await steps(server.url)
        (question,) = server.asked
    assert names(found) == [("name", True), ("tcp", True), ("auth", True), ("first token", True)]
    assert "127.0.0.1" in found[0].detail
    assert question.frame["parameter"]["chat"]["max_tokens"] == 16


async def test_a_name_that_is_none() -> None:
    found = await steps("wss://salon.invalid")
    assert names(found) == [("name", False)]
    assert "DNS" in found[0].advice


async def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert names(await steps(f"ws://127.0.0.1:{port}")) == [("name", True), ("tcp", False)]


async def test_no_tls() -> None:
    async with spark_server(hello) as server:
        found = await steps(server.url.replace("ws://", "wss://"))
    assert names(found) == [("name", True), ("tcp", True), ("tls", False)]


async def test_a_wrong_secret() -> None:
    body = b'{"message":"HMAC signature does not match"}'
    async with spark_server(hello, process_request=denying(401, body)) as server:
        found = await steps(server.url)
    assert names(found)[-1] == ("auth", False)
    assert "SPARK_API_SECRET" in found[-1].advice


async def test_no_authorization_for_the_model() -> None:
    async def refuse(question: Asked) -> None:
        await question.fail(11200, "AppIdNoAuthError")

    async with spark_server(refuse) as server:
        found = await steps(server.url)
    assert names(found)[-1] == ("first token", False)
    assert "AppIdNoAuthError" in found[-1].detail
    assert "console" in found[-1].advice


async def never(*_: Any) -> Any:
    raise AssertionError


@pytest.mark.parametrize(
    ("environment", "proxy"),
    [
        ({}, None),
        ({"https_proxy": "http://user:pass@proxy.example:8080"}, "proxy.example:8080"),
        ({"https_proxy": "http://proxy.example:8080", "no_proxy": "spark.example"}, None),
        ({"http_proxy": "http://proxy.example:8080"}, None),
    ],
)
def test_the_proxy(environment: dict[str, str], proxy: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "no_proxy", "all_proxy", "wss_proxy", "socks_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    way = check.Way("wss://spark.example/v1.1/chat", Settings("app", "k", "s"), never, lambda: 0)  # type: ignore[arg-type]
    assert way.proxy() == proxy


async def test_behind_a_proxy_its_steps_are_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check.Way, "proxy", lambda self: "proxy.example:8080")
    async with spark_server(hello) as server:
        found = await steps(server.url)
    assert names(found) == [("proxy", True), ("auth", True), ("first token", True)]
