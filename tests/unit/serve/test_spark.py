"""The door on a real server, with a plain WebSocket client and with our own Spark provider."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from salon.base.chat import (
    Delta,
    Finished,
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
from salon.base.errors import AuthFailed, ConfigError, ContentBlocked, Overloaded, RateLimited
from salon.ports.llm import Llm
from salon.providers.spark.connection import Settings
from salon.providers.spark.llm import SparkLlm
from salon.providers.spark.models import find
from salon.serve import spark
from salon.serve.spark import PATHS, SparkCredential, SparkDoor, routes, signed
from salon.wire.spark_auth import http_date, parse_http_date, signed_url
from tests.fakes.clock import FakeClock
from tests.fakes.scripted_llm import ScriptedLlm, Step, says
from tests.fakes.serving import Noting, serving

KEY, SECRET = "door-key", "door-secret"
CREDENTIAL = SparkCredential("app", KEY, SECRET, name="old program")


class Watching(Noting):
    def client_error(self, door: str, code: str) -> None:
        self.seen.append(("client_error", door, code))

    def stream_started(self, model: str) -> None:
        self.seen.append(("stream_started", model))

    def first_token(self, model: str, milliseconds: int) -> None:
        self.seen.append(("first_token", model))

    def deltas(self, model: str, count: int) -> None:
        self.seen.append(("deltas", model, str(count)))

    def stream_ended(self, model: str, outcome: str) -> None:
        self.seen.append(("stream_ended", model, outcome))


class Standing:
    """A door that stands open on ``url`` before ``llm``."""

    def __init__(self, llm: ScriptedLlm, clock: FakeClock, observer: Watching) -> None:
        self.llm = llm
        self.clock = clock
        self.observer = observer
        self.url = ""
        self.chosen: list[tuple[str, str]] = []
        self.draining = False

    def choose(self, path: str, domain: str) -> Llm:
        self.chosen.append((path, domain))
        if domain == "nothing":
            raise ConfigError("salon.toml:7: there is no such model")
        return self.llm

    def signed(self, path: str = "/v3.5/chat", *, key: str = KEY, secret: str = SECRET, late: int = 0) -> str:
        date = http_date(self.clock.unix() - late)
        return signed_url(self.url + path, api_key=key, api_secret=secret, date=date)

    def connect(self, path: str = "/v3.5/chat") -> connect:
        return connect(self.signed(path), compression=None)


@asynccontextmanager
async def standing(
    script: Sequence[Step] = (),
    *,
    credentials: Sequence[SparkCredential] = (CREDENTIAL,),
    mounted: Callable[[Any], Any] = lambda app: app,
    **settings: Any,
) -> AsyncIterator[Standing]:
    clock, observer = FakeClock(), Watching()
    here = Standing(ScriptedLlm(script or says("你", "好")), clock, observer)
    door = SparkDoor(
        llm_for=here.choose,
        clock=clock,
        credentials={credential.api_key: credential for credential in credentials},
        observer=observer,
        draining=lambda: here.draining,
        **settings,
    )
    async with serving(mounted(Starlette(routes=routes(door)))) as server:
        here.url = server.ws
        yield here


def request(text: str = "hi", *, app_id: str = "app", domain: str = "generalv3.5", **chat: Any) -> str:
    return json.dumps(
        {
            "header": {"app_id": app_id, "uid": "u"},
            "parameter": {"chat": {"domain": domain, **chat}},
            "payload": {"message": {"text": [{"role": "user", "content": text}]}},
        }
    )


async def heard(socket: ClientConnection) -> list[dict[str, Any]]:
    """Every frame until the server closes."""
    return [json.loads(frame) async for frame in socket]


async def ask(here: Standing, frame: str | bytes | None = None, path: str = "/v3.5/chat") -> list[dict[str, Any]]:
    async with here.connect(path) as socket:
        await socket.send(request() if frame is None else frame)
        return await heard(socket)


def code_of(frames: list[dict[str, Any]]) -> int:
    assert frames[-1]["header"]["status"] == 2
    return int(frames[-1]["header"]["code"])


async def test_an_answer() -> None:
    async with standing() as here, here.connect() as socket:
        await socket.send(request("你好", temperature=0.5, top_k=4))
        frames = await heard(socket)
        assert (socket.close_code, socket.close_reason) == (1000, "close this ws conn")
    assert [frame["header"]["status"] for frame in frames] == [0, 1, 2]
    assert [frame["payload"]["choices"]["text"][0]["content"] for frame in frames] == ["你", "好", ""]
    assert frames[-1]["payload"]["usage"]["text"] == {
        "question_tokens": 2,
        "prompt_tokens": 2,
        "completion_tokens": 1,
        "total_tokens": 3,
    }
    sids = {frame["header"]["sid"] for frame in frames}
    assert len(sids) == 1
    assert sids.pop().endswith("2")
    (asked,) = here.llm.asked
    assert asked.messages == (Message(role="user", content=(Text("你好"),)),)
    assert asked.options.temperature == 0.5
    assert here.chosen == [("/v3.5/chat", "generalv3.5")]
    assert here.observer.seen == [
        ("connected", "spark"),
        ("stream_started", "scripted:model"),
        ("first_token", "scripted:model"),
        ("deltas", "scripted:model", "3"),
        ("stream_ended", "scripted:model", "completed"),
        ("disconnected", "spark", "1000"),
    ]


@pytest.mark.parametrize("path", PATHS)
async def test_every_path(path: str) -> None:
    path = path.replace("{name}", "max-32k")
    async with standing() as here:
        assert code_of(await ask(here, path=path)) == 0
        assert here.chosen[0][0] == path


def test_any_page_may_bring_a_signature() -> None:
    """Not to a door that stands open: there the browser's word for whose page it is must do."""
    shut = signed(SparkDoor(llm_for=lambda *_: ScriptedLlm([]), clock=FakeClock()))
    wide = signed(SparkDoor(llm_for=lambda *_: ScriptedLlm([]), clock=FakeClock(), open=True))
    for path, known in (
        ("/v3.5/chat", True),
        ("/chat/max-32k", True),
        ("/v1/realtime", False),
        ("/v3.5/chat/x", False),
    ):
        assert shut({"path": path}) == known
        assert shut({"path": "/salon" + path, "root_path": "/salon"}) == known
        assert not wide({"path": path})


async def test_half_a_character_does_not_cost_the_answer() -> None:
    async with standing([TextDelta("smile \ud83d"), Finished("stop", None, "m")]) as here:
        text, last = await ask(here)
    assert text["payload"]["choices"]["text"][0]["content"] == "smile \ufffd"
    assert last["header"]["status"] == 2


async def test_a_model_that_raises_anything_is_answered(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(ScriptedLlm):
        async def stream(self, *_: Any) -> AsyncGenerator[Delta, None]:
            yield TextDelta("a")
            raise KeyError("a fault")

    async with standing() as here:
        here.llm = Broken([])
        text, failed = await ask(here)
    assert (text["header"]["code"], failed["header"]["code"], failed["header"]["status"]) == (0, 10012, 2)
    assert "a fault" not in json.dumps(failed) and "An answer failed" in caplog.text


async def test_mounted_in_another_application() -> None:
    def mount(app: Any) -> Any:
        return Starlette(routes=[Mount("/salon", app)])

    async with standing(mounted=mount) as here:
        assert code_of(await ask(here, path="/salon/v3.5/chat")) == 0
        assert here.chosen[0][0] == "/v3.5/chat"


THOUGHT: list[Step] = [ReasoningDelta("hm"), *says("yes")]


async def test_thoughts() -> None:
    async with standing(THOUGHT) as here:
        thought, text, last = await ask(here, request(domain="spark-x"))
    assert thought["payload"]["choices"]["text"][0]["reasoning_content"] == "hm"
    assert text["payload"]["choices"]["text"][0] == {"content": "yes", "role": "assistant", "index": 0}
    assert last["header"]["status"] == 2


FOUND: list[Step] = [References((Reference(1, "https://example.com", "A page"),)), *says("yes")]


async def test_references_only_where_labels_are_asked_for() -> None:
    async with standing(FOUND) as here:
        assert all("choices" in frame["payload"] for frame in await ask(here))
        plugins, *_ = await ask(here, request(show_ref_label=True))
    assert plugins["payload"]["plugins"]["text"][0]["name"] == "ifly_search"


@pytest.mark.parametrize(
    ("late", "key", "secret", "status", "message", "reason"),
    [
        (0, KEY, "wrong", 401, "HMAC signature does not match", "wrong_signature"),
        (
            0,
            "who",
            SECRET,
            401,
            "HMAC signature cannot be verified: fail to retrieve credential",
            "unknown_key",
        ),
        (
            301,
            KEY,
            SECRET,
            403,
            "HMAC signature cannot be verified, a valid date or x-date header is required for HMAC Authentication",
            "wrong_date",
        ),
    ],
)
async def test_refused(late: int, key: str, secret: str, status: int, message: str, reason: str) -> None:
    async with standing() as here:
        with pytest.raises(InvalidStatus) as caught:
            await connect(here.signed(key=key, secret=secret, late=late))
        response = caught.value.response
        assert response.status_code == status
        assert json.loads(response.body or b"") == {"message": message}
        assert response.headers["Content-Type"] == "application/json"
        assert parse_http_date(response.headers["Date"]) == here.clock.unix()
        assert here.observer.seen == [("refused", "spark", reason)]


async def test_an_unsigned_url() -> None:
    async with standing() as here:
        with pytest.raises(InvalidStatus) as caught:
            await connect(f"{here.url}/v3.5/chat")
    assert (caught.value.response.status_code, caught.value.response.body) == (401, b'{"message":"Unauthorized"}')


async def test_open_to_any_signature_that_parses() -> None:
    async with standing(credentials=(), open=True) as here:
        async with connect(here.signed(key="any", secret="thing", late=9999)) as socket:
            await socket.send(request(app_id="whoever"))
            assert code_of(await heard(socket)) == 0
        with pytest.raises(InvalidStatus):
            await connect(f"{here.url}/v3.5/chat")


async def test_an_origin_is_nothing_to_worry_about() -> None:
    async with standing() as here, connect(here.signed(), origin="http://127.0.0.1:1") as socket:  # type: ignore[arg-type]
        await socket.send(request())
        assert code_of(await heard(socket)) == 0


async def test_a_server_that_cannot_deny_in_words() -> None:
    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    door = SparkDoor(llm_for=lambda *_: ScriptedLlm([]), clock=FakeClock())
    scope = {"type": "websocket", "path": "/v3.5/chat", "query_string": b"", "headers": []}
    await Starlette(routes=routes(door))(scope, receive, send)
    assert [message["type"] for message in sent] == ["websocket.close"]


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (b"\x00\x01", 10003),
        ("{", 10003),
        ("{}", 10004),
        (request(temperature=7), 10005),
        (request(app_id="another"), 10016),
        (request(domain="nothing"), 11200),
    ],
)
async def test_a_wrong_request(frame: str | bytes, code: int) -> None:
    async with standing() as here:
        (error,) = await ask(here, frame)
        assert here.llm.asked == []
        assert ("client_error", "spark", str(code)) in here.observer.seen
    assert code_of([error]) == code
    assert error["header"]["message"]
    assert "toml" not in error["header"]["message"]
    assert "payload" not in error


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (AuthFailed("no key", house="openai"), 11200),
        (Overloaded("busy"), 10008),
        (ContentBlocked("no", withdraw=True), 10014),
        (RateLimited("slow", house="spark", vendor_code=11203), 11203),
    ],
)
async def test_what_the_model_raises(error: Any, code: int) -> None:
    async with standing([*says("so far"), error]) as here:
        text, failed = await ask(here)
        assert ("stream_ended", "scripted:model", error.code) in here.observer.seen
    assert text["payload"]["choices"]["text"][0]["content"] == "so far"
    assert code_of([failed]) == code
    assert failed["header"]["sid"] == text["header"]["sid"]


async def test_a_second_question_while_the_first_runs() -> None:
    async with standing([*says("one"), asyncio.Event()]) as here, here.connect() as socket:
        await socket.send(request())
        await socket.recv()
        await socket.send(request())
        assert code_of(await heard(socket)) == 10007
        assert (here.llm.open, here.llm.cancelled) == (0, 1)


async def test_a_client_that_vanishes_ends_the_models_stream() -> None:
    async with standing([*says("one"), asyncio.Event()]) as here, here.connect() as socket:
        await socket.send(request())
        await socket.recv()
        assert here.llm.open == 1
        socket.transport.abort()
        await here.llm.idle.wait()
        assert here.llm.cancelled == 1


async def test_a_client_that_closes_in_the_middle() -> None:
    async with standing([*says("one"), asyncio.Event()]) as here, here.connect() as socket:
        await socket.send(request())
        await socket.recv()
        await socket.close(1000)
        await here.llm.idle.wait()
    assert here.observer.seen[-2:] == [
        ("stream_ended", "scripted:model", "cancelled"),
        ("disconnected", "spark", "1000"),
    ]


async def test_a_client_that_never_asks() -> None:
    async with standing(first_message=0.05) as here, here.connect() as socket:
        with pytest.raises(ConnectionClosed):
            await socket.recv()
        assert (socket.close_code, socket.close_reason) == (1000, "no request came")


async def test_a_client_that_leaves_without_asking() -> None:
    async with standing() as here, here.connect() as socket:
        await socket.close(1001)
    assert here.observer.seen == [("connected", "spark"), ("disconnected", "spark", "1001")]


async def test_a_frame_that_is_too_long() -> None:
    async with standing(max_frame=100) as here, here.connect() as socket:
        await socket.send(request("x" * 100))
        with pytest.raises(ConnectionClosed):
            await socket.recv()
        assert socket.close_code == 1009


async def test_so_many_at_a_time() -> None:
    wait = asyncio.Event()
    credential = SparkCredential("app", KEY, SECRET, max_concurrent=1)
    async with standing([*says("one"), wait], credentials=(credential,)) as here:
        async with here.connect() as first:
            await first.send(request())
            await first.recv()
            assert code_of(await ask(here)) == 11203
            wait.set()
            assert code_of(await heard(first)) == 0
        assert code_of(await ask(here)) == 0


async def test_so_many_a_second() -> None:
    credential = SparkCredential("app", KEY, SECRET, per_second=2)
    other = SparkCredential("app", "other", SECRET)
    async with standing(credentials=(credential, other)) as here:
        codes = [code_of(await ask(here)) for _ in range(3)]
        assert codes == [0, 0, 11202]
        async with connect(here.signed(key="other")) as socket:
            await socket.send(request())
            assert code_of(await heard(socket)) == 0
        here.clock.pass_ms(1000)
        assert code_of(await ask(here)) == 0


async def test_draining() -> None:
    async with standing() as here:
        here.draining = True
        assert code_of(await ask(here)) == 10110
        assert here.llm.asked == []


def test_no_secret_in_a_repr() -> None:
    door = SparkDoor(llm_for=lambda *_: ScriptedLlm([]), clock=FakeClock(), credentials={KEY: CREDENTIAL})
    assert SECRET not in repr(door)
    assert SECRET not in repr(CREDENTIAL)


# Our own provider against our own door.


def provider(here: Standing, *, secret: str = SECRET) -> Llm:
    return SparkLlm(find("max"), Settings("app", KEY, secret, url=here.url), now=here.clock.unix)


async def test_provider_and_door() -> None:
    script: list[Step] = [
        References((Reference(1, "https://example.com", "A page"),)),
        ReasoningDelta("hm"),
        *says("It ", "is "),
        ToolCallDelta(0, "call_1", "weather", '{"city":'),
        ToolCallDelta(0, arguments='"合肥"}'),
        Finished("tool_calls", Usage(10, 5)),
    ]
    tool = ToolSpec("weather", "Today's weather", {"type": "object", "properties": {"city": {"type": "string"}}})
    said = [Message(role="system", content=(Text("Be short."),)), Message(role="user", content=(Text("天气?"),))]
    async with standing(script) as here:
        options = {"web_search": True, "temperature": 0.5, "max_output_tokens": 99}
        found: list[Delta] = [delta async for delta in provider(here).stream(said, [tool], Options(**options))]
        (asked,) = here.llm.asked
    *first, call, finished = found
    assert first == [
        References((Reference(1, "https://example.com", "A page"),)),
        ReasoningDelta("hm"),
        TextDelta("It "),
        TextDelta("is "),
    ]
    assert isinstance(call, ToolCallDelta)
    assert (call.name, call.arguments) == ("weather", '{"city":"合肥"}')
    assert finished == Finished("tool_calls", Usage(10, 5), "spark:max")
    assert (list(asked.messages), asked.tools) == (said, (tool,))
    assert asked.options == Options(**options)


async def test_provider_and_door_when_it_goes_wrong() -> None:
    async with standing([ContentBlocked("no", withdraw=True)]) as here:
        with pytest.raises(ContentBlocked) as blocked:
            await anext(provider(here).stream([Message(role="user", content=(Text("?"),))]))
        assert blocked.value.withdraw
        with pytest.raises(AuthFailed) as failed:
            await anext(provider(here, secret="wrong").stream([]))
    assert "SPARK_API_SECRET" in failed.value.advice


async def test_provider_gives_up_and_the_door_notices() -> None:
    async with standing([*says("one"), asyncio.Event()]) as here:
        stream = provider(here).stream([Message(role="user", content=(Text("?"),))])
        await anext(stream)
        await stream.aclose()
        await here.llm.idle.wait()
        assert here.llm.cancelled == 1


async def test_check_by_way_of_the_door() -> None:
    async with standing() as here:
        assert [step.ok async for step in provider(here).check()] == [True] * 4


async def test_a_connection_is_held_for_as_long_as_it_lasts() -> None:
    held: list[str] = []

    @contextmanager
    def hold(scope: Any) -> Iterator[None]:
        held.append(f"in {scope['path']}")
        yield
        held.append("out")

    async with standing(hold=hold) as here:
        await ask(here)
        await here.llm.idle.wait()
    assert held == ["in /v3.5/chat", "out"]


async def test_a_client_that_does_not_read_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spark, "WRITE_SECONDS", 0.2)
    async with standing(says(*["x" * 100_000] * 400)) as here:
        async with here.connect() as socket:
            socket.transport.pause_reading()
            await socket.send(request())
            await here.llm.started.wait()
            await here.llm.idle.wait()
            socket.transport.abort()
        assert here.llm.open == 0
    assert ("disconnected", "spark", "1013") in here.observer.seen
