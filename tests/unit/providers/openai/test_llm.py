"""The model class over a real server: connections, their reuse and their end. What all models have in common is in
``tests/contract/test_llm.py``."""

from __future__ import annotations

import asyncio
import shutil
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from salon.base.chat import Finished, Image, Message, Options, Text, TextDelta
from salon.base.errors import AuthFailed, BadAnswer, BadRequest, ProviderError, TimedOut, Unreachable
from salon.providers.openai import deepseek, ollama, openai, spark_http, vllm
from salon.providers.openai.llm import ChatLlm
from tests.conformance.environments import ProgramMissing
from tests.fakes.openai_server import End, OpenAiServer, answer, said


@pytest.fixture
async def server() -> AsyncIterator[OpenAiServer]:
    fake = OpenAiServer(key="sk-secret-key")
    async with fake.serving():
        yield fake


@pytest.fixture
async def llm(server: OpenAiServer) -> AsyncIterator[ChatLlm]:
    made = model(server)
    yield made
    await made.aclose()


def model(server: OpenAiServer, name: str = "fake", **settings: Any) -> ChatLlm:
    return openai.llm(name, {"api_key": "sk-secret-key", "base_url": server.base_url, **settings})


def user(text: str) -> list[Message]:
    return [Message(role="user", content=(Text(text),))]


async def text_of(llm: ChatLlm, words: str, options: Options = Options()) -> str:
    return "".join([delta.text async for delta in llm.stream(user(words), (), options) if isinstance(delta, TextDelta)])


async def test_what_is_sent(server: OpenAiServer, llm: ChatLlm) -> None:
    assert await text_of(llm, "hello world", Options(max_output_tokens=5)) == "hello world"
    (asked,) = server.asked
    assert asked.headers["Authorization"] == "Bearer sk-secret-key"
    assert asked.headers["Content-Type"] == "application/json"
    assert asked.body["model"] == "fake"
    assert asked.body["max_completion_tokens"] == 5


async def test_connections_are_pooled(server: OpenAiServer, llm: ChatLlm) -> None:
    for _ in range(3):
        await text_of(llm, "hello")
    assert len(server.connections) == 1


async def test_a_connection_whose_end_comes_late_is_pooled_too(server: OpenAiServer, llm: ChatLlm) -> None:
    server.scripts["late"] = [*answer("x"), 0.02]
    for _ in range(2):
        await text_of(llm, "late")
    assert len(server.connections) == 1


async def test_an_answer_given_up_takes_its_connection_along(server: OpenAiServer, llm: ChatLlm) -> None:
    stream = llm.stream(user("stall"))
    assert await anext(stream) == TextDelta("one ")
    await stream.aclose()
    await server.idle.wait()
    assert server.given_up == 1
    await text_of(llm, "hello")
    assert len(server.connections) == 2


async def test_a_stale_connection_is_tried_again_once(server: OpenAiServer, llm: ChatLlm) -> None:
    resets = iter([True, False, True, True])
    server.scripts["flaky"] = lambda asked: [End.RESET] if next(resets) else answer("fine")
    assert await text_of(llm, "flaky") == "fine"
    with pytest.raises(BadAnswer, match="closed the connection"):
        await text_of(llm, "flaky")
    assert len(server.asked) == 4


async def test_nothing_is_tried_again_once_something_was_said(server: OpenAiServer, llm: ChatLlm) -> None:
    with pytest.raises(BadAnswer):
        await text_of(llm, "reset")
    assert len(server.asked) == 1


async def test_aclose_ends_streams_and_a_new_one_may_follow(server: OpenAiServer, llm: ChatLlm) -> None:
    stream = llm.stream(user("stall"))
    await anext(stream)
    await llm.aclose()
    with pytest.raises(BadAnswer):
        await anext(stream)
    await server.idle.wait()
    assert await text_of(llm, "hello") == "hello"


async def test_aclose_ends_a_stream_that_has_not_begun(server: OpenAiServer, llm: ChatLlm) -> None:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(refused(llm, "stall before"))
        await server.busy.wait()
        await llm.aclose()
    assert isinstance(task.result(), BadAnswer)
    await server.idle.wait()
    assert len(server.asked) == 1, "it is not asked again"


async def refused(llm: ChatLlm, words: str) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        await text_of(llm, words)
    return caught.value


@pytest.mark.parametrize(
    ("words", "phase"), [("stall after headers", "first_token"), ("stall before", "first_token"), ("stall", "stall")]
)
async def test_time_outs(server: OpenAiServer, words: str, phase: str) -> None:
    llm = model(server, first_token_timeout=0.05, stall_timeout=0.05)
    with pytest.raises(TimedOut) as caught:
        await text_of(llm, words)
    assert caught.value.phase == phase
    await server.idle.wait()
    assert server.given_up == 1
    await llm.aclose()


async def test_keep_alives_do_not_count(server: OpenAiServer) -> None:
    llm = model(server, first_token_timeout=0.1)
    with pytest.raises(TimedOut):
        await text_of(llm, "only keep-alives")
    await llm.aclose()


async def test_a_connection_that_does_not_come_times_out() -> None:
    # TCP is answered by the kernel, the TLS handshake by nobody.
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        llm = openai.llm("m", {"base_url": f"https://127.0.0.1:{port}/v1", "connect_timeout": 0.05})
        with pytest.raises(TimedOut) as caught:
            await text_of(llm, "hello")
        await llm.aclose()
    assert caught.value.phase == "connect"


async def test_nobody_listens() -> None:
    llm = ollama.llm("m", {"base_url": "127.0.0.1:9"})
    with pytest.raises(Unreachable) as caught:
        await text_of(llm, "hello")
    assert "ollama serve" in caught.value.advice
    await llm.aclose()


async def test_a_wrong_key_is_not_repeated_in_the_error(server: OpenAiServer) -> None:
    llm = model(server, api_key="sk-wrong-but-secret")
    with pytest.raises(AuthFailed) as caught:
        await text_of(llm, "hello")
    assert "OPENAI_API_KEY" in caught.value.advice
    assert "wrong-but-secret" not in f"{caught.value} {caught.value!r} {caught.value.advice}"
    await llm.aclose()


async def test_a_missing_model_says_how_to_get_it(server: OpenAiServer) -> None:
    llm = ollama.llm("qwen3:8b", {"base_url": server.base_url, "api_key": "sk-secret-key"})
    with pytest.raises(BadRequest) as caught:
        await text_of(llm, "no model")
    assert caught.value.advice == "Fetch it with `ollama pull qwen3:8b`."
    await llm.aclose()


async def test_a_server_of_ones_own_is_asked_what_it_serves(server: OpenAiServer) -> None:
    llm = vllm.llm("", {"base_url": server.base_url, "api_key": "sk-secret-key"})
    deltas = [delta async for delta in llm.stream(user("hello"))]
    assert isinstance(deltas[-1], Finished)
    assert deltas[-1].model == "vllm:fake"
    assert server.asked[0].body["model"] == "fake"
    server.models = ()
    with pytest.raises(BadRequest, match="no model"):
        await text_of(llm, "hello")
    server.models = None
    with pytest.raises(BadAnswer, match="which models"):
        await text_of(llm, "hello")
    await llm.aclose()


async def test_a_model_may_be_sent_under_another_name(server: OpenAiServer) -> None:
    llm = spark_http.llm("x2", {"base_url": server.base_url, "api_password": "sk-secret-key"})
    await text_of(llm, "hello")
    assert server.asked[0].body["model"] == "spark-x"
    await llm.aclose()


async def test_extra_fields_are_sent(server: OpenAiServer) -> None:
    llm = deepseek.llm("m", {"base_url": server.base_url, "api_key": "sk-secret-key", "extra": {"top_k": 3}})
    await text_of(llm, "hello")
    assert server.asked[0].body["top_k"] == 3
    await llm.aclose()


async def test_what_cannot_be_written_is_the_requests_fault(llm: ChatLlm) -> None:
    with pytest.raises(BadRequest, match="JSON"):
        await text_of(llm, "hello", Options(extra={"x": object()}))
    with pytest.raises(BadRequest, match="JSON"):
        await text_of(llm, "\ud800")


async def test_an_image_is_sent_as_a_part(server: OpenAiServer, llm: ChatLlm) -> None:
    message = Message(role="user", content=(Image("data:image/png;base64,AA=="), Text("look")))
    assert [delta async for delta in llm.stream([message])]
    assert server.asked[0].body["messages"][0]["content"][0]["type"] == "image_url"


async def test_netrc_and_proxies_do_not_get_into_the_way(
    server: OpenAiServer, llm: ChatLlm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    assert await text_of(llm, "hello") == "hello"
    assert server.asked[0].headers["Authorization"] == "Bearer sk-secret-key"


async def test_a_proxy_is_used(server: OpenAiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.setenv("http_proxy", server.base_url.removesuffix("/v1"))
    llm = openai.llm("fake", {"api_key": "sk-secret-key", "base_url": "http://nowhere.invalid/v1"})
    assert await text_of(llm, "hello") == "hello"
    assert server.asked[0].headers["Host"] == "nowhere.invalid"
    await llm.aclose()


async def test_many_at_once(server: OpenAiServer, llm: ChatLlm) -> None:
    server.default = lambda asked: [said(content=asked.body["messages"][0]["content"]), 0.02, *answer()]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(text_of(llm, f"number {number}")) for number in range(150)]
    assert [task.result() for task in tasks] == [f"number {number}" for number in range(150)]
    assert server.most_open > 100, "aiohttp's limit of 100 connections must not hold"


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    if shutil.which("openssl") is None:
        raise ProgramMissing("openssl is not installed")
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    made = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
    ]
    subprocess.run([*made, *subject, "-keyout", str(key), "-out", str(cert)], check=True, capture_output=True)
    return cert, key


async def test_tls_is_verified(certificate: tuple[Path, Path]) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    server = OpenAiServer()
    async with server.serving(context) as base_url:
        llm = openai.llm("fake", {"base_url": base_url})
        with pytest.raises(Unreachable, match="TLS") as caught:
            await text_of(llm, "hello")
        assert "self-signed" in str(caught.value)
        await llm.aclose()
    assert server.asked == []


@pytest.fixture
async def tls_server(certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[OpenAiServer]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    # Where aiohttp keeps the context that verifies.
    trusted = ssl.create_default_context(cafile=str(certificate[0]))
    monkeypatch.setattr("aiohttp.connector._SSL_CONTEXT_VERIFIED", trusted)
    server = OpenAiServer()
    async with server.serving(context):
        yield server


@pytest.mark.parametrize("words", ["stall", "stall before"])
async def test_a_stream_over_tls_is_given_up(tls_server: OpenAiServer, words: str) -> None:
    llm = openai.llm("fake", {"base_url": tls_server.base_url, "first_token_timeout": 0.1, "stall_timeout": 0.1})
    with pytest.raises(TimedOut):
        await text_of(llm, words)
    await tls_server.idle.wait()
    assert tls_server.given_up == 1
    await llm.aclose()


async def test_giving_up_does_not_wait_for_a_goodbye(tls_server: OpenAiServer) -> None:
    """What the house sends is held up on the way, its answer to a TLS goodbye as well: the socket closes all the same."""
    house = urlsplit(tls_server.base_url)
    flowing, gone = asyncio.Event(), asyncio.Event()
    flowing.set()

    async def forward(client: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers, upstream = await asyncio.open_connection(house.hostname, house.port)

        async def back() -> None:
            while (data := await answers.read(65_536)) and await flowing.wait():
                writer.write(data)

        async with asyncio.TaskGroup() as group:
            backwards = group.create_task(back())
            with suppress(ConnectionError):
                while data := await client.read(65_536):
                    upstream.write(data)
            gone.set()
            backwards.cancel()
        for end in (upstream, writer):
            end.transport.abort()
            with suppress(ConnectionError):
                await end.wait_closed()
        handled.set()

    handled = asyncio.Event()
    relay = await asyncio.start_server(forward, "127.0.0.1", 0)
    async with relay:
        port = relay.sockets[0].getsockname()[1]
        llm = openai.llm("fake", {"base_url": f"https://127.0.0.1:{port}/v1"})
        stream = llm.stream(user("stall"))
        assert await anext(stream) == TextDelta("one ")
        flowing.clear()
        await stream.aclose()
        async with asyncio.timeout(10):
            await gone.wait()
        await llm.aclose()
        await handled.wait()
