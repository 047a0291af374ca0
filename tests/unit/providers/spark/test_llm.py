from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from contextlib import aclosing
from typing import Any

import pytest

from salon.base.chat import (
    Delta,
    Finished,
    Image,
    Message,
    Options,
    ReasoningDelta,
    Reference,
    References,
    Text,
    TextDelta,
    ToolCallDelta,
    ToolSpec,
    Usage,
)
from salon.base.errors import BadAnswer, BadRequest, ContentBlocked, ProviderError, RateLimited, TimedOut
from salon.ports.llm import Llm
from salon.providers.spark.connection import Settings
from salon.providers.spark.llm import SparkLlm
from salon.providers.spark.models import find
from salon.wire import spark_auth
from tests.fakes.spark_server import Asked, spark_server, tcp_server

NOW = 1_800_000_000
HELLO = [Message(role="user", content=(Text("你好"),))]
USAGE = {"text": {"question_tokens": 1, "prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}}


def spark(url: str, model: str = "4.0Ultra", **settings: Any) -> SparkLlm:
    return SparkLlm(
        find(model), Settings("app", "the-key", "the-secret", url=url, **settings), now=lambda: NOW, sleep=no_sleep
    )


async def no_sleep(_: float) -> None:
    return None


async def deltas(
    llm: Llm, messages: Sequence[Message] = HELLO, tools: Sequence[ToolSpec] = (), **options: Any
) -> list[Delta]:
    return [delta async for delta in llm.stream(messages, tools, Options(**options))]


async def hello(question: Asked) -> None:
    await question.say("你", status=0)
    await question.say("好")
    await question.say("", status=2, usage=USAGE)


async def test_an_answer() -> None:
    async with spark_server(hello) as server:
        assert await deltas(spark(server.url)) == [
            TextDelta("你"),
            TextDelta("好"),
            Finished("stop", Usage(5, 2), "spark:4.0Ultra"),
        ]
        (question,) = server.asked
        assert await server.closes.get() == 1000
    assert question.path == "/v4.0/chat"
    assert question.frame["header"] == {"app_id": "app"}
    assert question.frame["parameter"]["chat"]["domain"] == "4.0Ultra"
    claim = spark_auth.verify(question.query, path="/v4.0/chat", secret_of={"the-key": "the-secret"}.get, now=NOW)
    assert isinstance(claim, spark_auth.Claim)


async def test_an_answer_of_one_frame() -> None:
    async def answer(question: Asked) -> None:
        await question.say("all at once", status=2)
        await question.socket.close(1000, "close this ws conn")

    async with spark_server(answer) as server:
        assert await deltas(spark(server.url)) == [
            TextDelta("all at once"),
            Finished("stop", None, "spark:4.0Ultra"),
        ]


async def test_the_last_delta_comes_before_the_close() -> None:
    """Finished is there while the server still waits for our close frame."""
    async with spark_server(hello) as server:
        async with aclosing(spark(server.url).stream(HELLO)) as stream:
            async for delta in stream:
                if isinstance(delta, Finished):
                    assert server.closes.empty()
                    break
        assert await server.closes.get() == 1000


async def test_thoughts_references_and_a_call() -> None:
    pages = json.dumps([{"index": 1, "url": "https://example.com", "title": "A page"}])

    async def answer(question: Asked) -> None:
        await question.send({"plugins": {"text": [{"name": "ifly_search", "content": pages}]}})
        await question.send({"choices": {"status": 0, "text": [{"content": "", "reasoning_content": "hm"}]}})
        call = {"name": "weather", "arguments": '{"city":"合肥"}'}
        await question.send({"choices": {"status": 2, "text": [{"content": "", "function_call": call}]}}, status=2)

    async with spark_server(answer) as server:
        references, thought, call, finished = await deltas(spark(server.url), tools=[ToolSpec("weather")])
        assert server.asked[0].frame["payload"]["functions"]["text"][0]["name"] == "weather"
    assert references == References((Reference(1, "https://example.com", "A page"),))
    assert thought == ReasoningDelta("hm")
    assert isinstance(call, ToolCallDelta)
    assert (call.name, call.arguments) == ("weather", '{"city":"合肥"}')
    assert call.id.startswith("call_")
    assert finished == Finished("tool_calls", None, "spark:4.0Ultra")


async def test_an_answer_as_long_as_allowed_was_cut() -> None:
    async with spark_server(hello) as server:
        assert (await deltas(spark(server.url), max_output_tokens=2))[-1] == Finished(
            "length", Usage(5, 2), "spark:4.0Ultra"
        )
        assert (await deltas(spark(server.url), max_output_tokens=3))[-1] == Finished(
            "stop", Usage(5, 2), "spark:4.0Ultra"
        )


PICTURE = [Message(role="user", content=(Image("data:image/png;base64,iVBORw0KGgo="), Text("What is it?")))]


@pytest.mark.parametrize(
    ("url", "model", "path", "domain", "name"),
    [
        ("", "4.0Ultra", "/v2.1/image", "imagev3", "spark:image"),
        ("/any/path", "4.0Ultra", "/v2.1/image", "imagev3", "spark:image"),
        ("", "image", "/v2.1/image", "imagev3", "spark:image"),
        ("/any/path", "image-basic", "/any/path", "general", "spark:image-basic"),
    ],
)
async def test_pictures_are_for_the_image_model(url: str, model: str, path: str, domain: str, name: str) -> None:
    async with spark_server(hello) as server:
        *_, finished = await deltas(
            spark(server.url + url, model), PICTURE, [ToolSpec("f")] if model == "4.0Ultra" else []
        )
        (question,) = server.asked
    assert (question.path, question.frame["parameter"]["chat"]["domain"]) == (path, domain)
    assert "functions" not in question.frame["payload"]
    assert isinstance(finished, Finished)
    assert finished.model == name


async def test_a_configured_path_is_kept() -> None:
    async with spark_server(hello) as server:
        await deltas(spark(f"{server.url}/gateway/chat", "maas/my-service", patch_id="r1"))
        (question,) = server.asked
    assert question.path == "/gateway/chat"
    assert question.frame["header"]["patch_id"] == ["r1"]
    assert question.frame["parameter"]["chat"]["domain"] == "my-service"


async def test_what_a_model_cannot_take_never_leaves() -> None:
    with pytest.raises(BadRequest):
        await deltas(spark("ws://127.0.0.1:1", "lite"), tools=[ToolSpec("f")])


@pytest.mark.parametrize("code", [10007, 11202, 11203])
async def test_asks_again_where_spark_wants_a_pause(code: int) -> None:
    pauses: list[float] = []

    async def note(seconds: float) -> None:
        pauses.append(seconds)

    async def answer(question: Asked) -> None:
        await (hello(question) if len(server.asked) == 3 else question.fail(code))

    async with spark_server(answer) as server:
        llm = SparkLlm(find("lite"), Settings("app", "k", "s", url=server.url), now=lambda: NOW, sleep=note)
        assert (await deltas(llm))[0] == TextDelta("你")
        assert len(server.asked) == 3
    assert 0.25 <= pauses[0] <= 0.75
    assert 0.5 <= pauses[1] <= 1.5


async def test_gives_up_after_the_second_repetition() -> None:
    async def answer(question: Asked) -> None:
        await question.fail(11202, "AppIdQpsOverFlowError")

    async with spark_server(answer) as server:
        with pytest.raises(RateLimited, match="AppIdQpsOverFlowError") as caught:
            await deltas(spark(server.url))
        assert len(server.asked) == 3
    assert caught.value.back_off


async def test_never_asks_again_once_something_was_heard() -> None:
    async def answer(question: Asked) -> None:
        await question.say("one", status=0)
        await question.fail(11202)

    async with spark_server(answer) as server:
        heard: list[Delta] = []
        with pytest.raises(RateLimited):
            async for delta in spark(server.url).stream(HELLO):
                heard.append(delta)  # noqa: PERF401
        assert heard == [TextDelta("one")]
        assert len(server.asked) == 1


async def test_other_errors_are_raised_at_once() -> None:
    async def answer(question: Asked) -> None:
        await question.fail(10110)

    async with spark_server(answer) as server:
        with pytest.raises(ProviderError) as caught:
            await deltas(spark(server.url))
        assert (caught.value.vendor_code, caught.value.retryable) == (10110, True)
        assert len(server.asked) == 1


async def test_a_censored_answer_is_withdrawn() -> None:
    async def answer(question: Asked) -> None:
        await question.say("something", status=0)
        await question.fail(10014)

    async with spark_server(answer) as server:
        with pytest.raises(ContentBlocked) as caught:
            await deltas(spark(server.url))
    assert caught.value.withdraw


async def test_a_server_that_dies_in_the_middle() -> None:
    async def answer(question: Asked) -> None:
        await question.say("one", status=0)
        question.socket.transport.abort()

    async with spark_server(answer) as server:
        with pytest.raises(BadAnswer, match="without a word"):
            await deltas(spark(server.url))


async def test_a_server_that_closes_in_the_middle() -> None:
    async def answer(question: Asked) -> None:
        await question.socket.close(1011, "oops")

    async with spark_server(answer) as server:
        with pytest.raises(BadAnswer, match="1011 oops"):
            await deltas(spark(server.url))


async def test_a_frame_that_is_none() -> None:
    async def answer(question: Asked) -> None:
        await question.socket.send("<html>")

    async with spark_server(answer) as server:
        with pytest.raises(BadAnswer, match="no frame"):
            await deltas(spark(server.url))


async def test_no_first_token() -> None:
    async def answer(question: Asked) -> None:
        await question.say("", status=0)  # is no token
        await question.socket.wait_closed()

    async with spark_server(answer) as server:
        with pytest.raises(TimedOut) as caught:
            await deltas(spark(server.url, first_token_timeout=0.05))
        assert caught.value.phase == "first_token"
        assert await server.closes.get() == 1006  # aborted, not closed


async def test_a_stall() -> None:
    async def answer(question: Asked) -> None:
        await question.say("one", status=0)
        await question.socket.wait_closed()

    async with spark_server(answer) as server:
        with pytest.raises(TimedOut) as caught:
            await deltas(spark(server.url, stall_timeout=0.05))
        assert caught.value.phase == "stall"


async def forever(question: Asked) -> None:
    await question.say("one", status=0)
    await question.socket.wait_closed()


async def test_closing_the_stream_cuts_the_line() -> None:
    async with spark_server(forever) as server:
        stream = spark(server.url).stream(HELLO)
        assert await anext(stream) == TextDelta("one")
        await stream.aclose()
        assert await server.closes.get() == 1006


async def test_cancelling_cuts_the_line() -> None:
    async with spark_server(forever) as server, asyncio.TaskGroup() as group:
        task = group.create_task(deltas(spark(server.url)))
        await server.asking.wait()
        task.cancel()
        assert await server.closes.get() == 1006


async def test_cancelling_before_the_handshake_is_done() -> None:
    arrived = asyncio.Event()
    gone = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        arrived.set()
        try:
            await reader.read()
        finally:
            gone.set()

    async with tcp_server(silent) as where, asyncio.TaskGroup() as group:
        task = group.create_task(deltas(spark(f"ws://{where}")))
        await arrived.wait()
        task.cancel()
        await gone.wait()
    assert task.cancelled()


async def test_aclose_ends_streams_under_way() -> None:
    async with spark_server(forever) as server:
        llm = spark(server.url)
        stream = llm.stream(HELLO)
        await anext(stream)
        await llm.aclose()
        with pytest.raises(BadAnswer):
            await anext(stream)


async def test_a_server_that_never_answers_our_close(monkeypatch: pytest.MonkeyPatch) -> None:
    """The line is cut after the close timeout; nothing is left behind."""
    monkeypatch.setattr("salon.providers.dialing.CLOSE_TIMEOUT", 0.05)

    async def answer(question: Asked) -> None:
        await question.say("x", status=2)
        question.socket.transport.pause_reading()

    async with spark_server(answer, close_timeout=0.05) as server:
        assert len(await deltas(spark(server.url))) == 2
