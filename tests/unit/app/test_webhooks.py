from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from salon.app import webhooks as module
from salon.app.webhooks import Webhook, body_of, key_of, sign
from salon.base.ids import counting
from salon.base.rooms import Who
from salon.session.hooks import Happening
from tests.fakes.clock import FakeClock
from tests.fakes.serving import serving

SECRET = "whsec_" + base64.b64encode(b"a secret that both know").decode()


class Receiver:
    """Another server: answers with ``statuses`` one after the other, then 204."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses)
        self.got: asyncio.Queue[tuple[dict[str, str], bytes]] = asyncio.Queue()

    async def hook(self, request: Request) -> Response:
        self.got.put_nowait((dict(request.headers), await request.body()))
        return Response(status_code=self.statuses.pop(0) if self.statuses else 204, headers={"location": "/elsewhere"})

    async def next(self) -> tuple[dict[str, str], bytes]:
        async with asyncio.timeout(20):
            return await self.got.get()


@asynccontextmanager
async def hooked(receiver: Receiver, *, pauses: tuple[float, ...] = (0.0, 0.0)) -> AsyncIterator[Webhook]:
    app = Starlette(routes=[Route("/hook", receiver.hook, methods=["POST"]), Route("/elsewhere", receiver.hook)])
    async with serving(app) as server, asyncio.TaskGroup() as group:
        webhook = Webhook(f"{server.http}/hook", SECRET, clock=FakeClock(), new_id=counting(), pauses=pauses)
        running = group.create_task(webhook.run())
        yield webhook
        running.cancel()


def joined(room: str = "lobby") -> Happening:
    return Happening("room.joined", room, who=Who("alice", "s"), at=5)


async def test_it_is_signed_as_the_standard_says() -> None:
    receiver = Receiver()
    async with hooked(receiver) as webhook:
        webhook.take(joined())
        headers, body = await receiver.next()
    assert json.loads(body) == {
        "type": "room.joined",
        "timestamp": 5,
        "data": {"room": "lobby", "user": "alice", "client": "s"},
    }
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    digest = hmac.new(b"a secret that both know", signed, hashlib.sha256).digest()
    assert headers["webhook-signature"] == "v1," + base64.b64encode(digest).decode()


async def test_it_is_tried_again_with_the_same_id_and_in_order() -> None:
    receiver = Receiver(500, 302, 204)
    async with hooked(receiver) as webhook:
        webhook.take(joined("first"))
        webhook.take(joined("second"))
        got = [await receiver.next() for _ in range(4)]
    assert [headers["webhook-id"] for headers, _ in got] == ["msg_1", "msg_1", "msg_1", "msg_2"]
    assert [json.loads(body)["data"]["room"] for _, body in got] == ["first"] * 3 + ["second"]


@pytest.mark.parametrize("statuses", [(410,), (503, 503, 503)])
async def test_it_is_given_up_and_the_next_is_told(statuses: tuple[int, ...], caplog: pytest.LogCaptureFixture) -> None:
    receiver = Receiver(*statuses)
    async with hooked(receiver) as webhook:
        webhook.take(joined("first"))
        webhook.take(joined("second"))
        got = [await receiver.next() for _ in range(len(statuses) + 1)]
    assert json.loads(got[-1][1])["data"]["room"] == "second"
    assert "did not take an event" in caplog.text
    assert "secret" not in caplog.text


async def test_a_server_that_is_not_there_is_waited_for() -> None:
    webhook = Webhook("http://127.0.0.1:1/hook", SECRET, clock=FakeClock(), new_id=counting(), pauses=())
    webhook.take(joined())
    async with asyncio.TaskGroup() as group:
        running = group.create_task(webhook.run())
        async with asyncio.timeout(20):
            while webhook._waiting:  # noqa: ASYNC110
                await asyncio.sleep(0)
        running.cancel()


async def test_what_waits_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_WAITING", 2)
    webhook = Webhook("http://127.0.0.1:1/hook", "a plain secret", clock=FakeClock(), new_id=counting())
    for _ in range(5):
        webhook.take(joined())
    assert (len(webhook._waiting), webhook.dropped) == (2, 3)


async def test_what_waits_is_bounded_in_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_BYTES", 10_000)
    receiver = Receiver()
    async with hooked(receiver) as webhook:
        for number in range(20):
            webhook.take(Happening("room.message", "lobby", "chat", data=b'"%s"' % (b"x" * 1000), offset=number, at=5))
        waiting = sum(len(body) for _, body in webhook._waiting)
        assert 8_000 < waiting <= 10_000 and waiting == webhook._bytes
        webhook.take(Happening("room.message", "lobby", "chat", data=b'"%s"' % (b"x" * 20_000), offset=20, at=5))
        assert [json.loads((await receiver.next())[1])["data"]["offset"] for _ in range(1)] == [20], (
            "the newest is told"
        )
        assert (webhook.dropped, webhook._bytes) == (20, 0)


def test_secrets_and_bodies() -> None:
    assert key_of("a plain secret") == b"a plain secret"
    assert key_of("whsec_not base64!") == b"whsec_not base64!"
    assert sign(b"k", "msg_1", 5, b"{}").startswith("v1,")
    message = Happening("room.message", "lobby", "chat", None, b'{"a":1}', "k", 3, at=5)
    assert json.loads(body_of(message))["data"] == {
        "room": "lobby",
        "topic": "chat",
        "key": "k",
        "offset": 3,
        "message": {"a": 1},
    }
