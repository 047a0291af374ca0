"""Somebody who publishes into rooms, over the door that everybody uses."""

from __future__ import annotations

import itertools
import json
from types import TracebackType
from typing import Any

from websockets.sync.client import connect


class Publisher:
    """``url`` is the page's."""

    def __init__(self, url: str, user: str = "publisher") -> None:
        self._connection = connect(f"{url.replace('http', 'ws')}connection/websocket")
        self._ids = itertools.count(1)
        self._user = user

    def __enter__(self) -> Publisher:
        self._socket = self._connection.__enter__()
        self.ask("connect", {"data": {"user": self._user}})
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.__exit__(kind, error, trace)

    def ask(self, method: str, body: dict[str, Any]) -> dict[str, Any]:
        """One command; its result. Raises ``AssertionError`` with the server's words."""
        number = next(self._ids)
        self._socket.send(json.dumps({"id": number, method: body}))
        while True:
            for line in str(self._socket.recv(timeout=10)).split("\n"):
                reply = json.loads(line)
                if reply.get("id") == number:
                    assert "error" not in reply, reply
                    return dict(reply.get(method, {}))
                if not reply:
                    self._socket.send("{}")

    def publish(self, channel: str, data: Any) -> None:
        self.ask("publish", {"channel": channel, "data": data})
