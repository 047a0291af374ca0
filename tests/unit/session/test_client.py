"""Numbered events, what is kept of them for a client that is away, and the connection that takes over."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from salon.base.events import Event, ItemDeleted, SessionResumed
from salon.base.session import Session
from salon.session import client as module
from salon.session.client import CLOSE_TAKEN, Client
from tests.fakes.outbox_link import OutboxLink

GREETING = SessionResumed(Session(id="sess_7", model="host"))


def encode(event: Event, event_id: str) -> str:
    said = event.item_id if isinstance(event, ItemDeleted) else "greeting"
    return json.dumps({"id": event_id, "said": said}, ensure_ascii=False)


class Silent:
    """What a client needs of a conversation when it ends."""

    def __init__(self) -> None:
        self.ended = 0

    def end(self) -> None:
        self.ended += 1


def made(token: str = "resume_1") -> Client:
    client = Client(encode, session_id="sess_7", owner="key alice", token=token)
    client.conversation = Silent()  # type: ignore[assignment]
    return client


def say(client: Client, *words: str) -> None:
    for word in words:
        client.emit(ItemDeleted(word))


def heard(texts: list[str]) -> list[Any]:
    return [json.loads(text)["said"] for text in texts]


def test_events_are_numbered_and_go_to_the_connection() -> None:
    client, link = made(), OutboxLink()
    assert not client.attached
    client.attach(link)
    assert client.attached
    say(client, "a", "b")
    assert [json.loads(text) for text in link.read()] == [
        {"id": "event_7_1", "said": "a"},
        {"id": "event_7_2", "said": "b"},
    ]


def test_what_was_missed_is_what_came_after_the_last_event_seen() -> None:
    client = made()
    say(client, "a", "b", "c")
    for number, missed in enumerate((["a", "b", "c"], ["b", "c"], ["c"], [])):
        assert heard(client.missed(f"event_7_{number}") or []) == missed
    assert client.missed("event_7_3") == []


@pytest.mark.parametrize(
    "last", ["", "event_7_4", "event_7_-1", "event_7_", "event_8_1", "event_7_1x", "event_7_resumed", "9" * 5000]
)
def test_what_cannot_be_known_is_not_made_up(last: str) -> None:
    client = made()
    say(client, "a", "b", "c")
    assert client.missed(last) is None


def test_without_a_token_nothing_is_kept() -> None:
    client = made(token="")
    say(client, "a", "b")
    assert client.missed("event_7_1") is None
    assert client.missed("event_7_2") == []


def test_what_is_kept_is_bounded_in_characters(monkeypatch: pytest.MonkeyPatch) -> None:
    size = len(encode(ItemDeleted("x"), "event_7_1"))
    monkeypatch.setattr(module, "KEPT_CHARACTERS", 5 * size)
    client = made()
    say(client, *"abcdefgh")
    assert heard(client.missed("event_7_3") or []) == list("defgh")
    assert client.missed("event_7_2") is None
    say(client, "y" * 5 * size)
    assert client.missed("event_7_9") == []
    assert client.missed("event_7_8") is None
    say(client, "z")
    assert heard(client.missed("event_7_9") or []) == ["z"]


def test_what_is_kept_is_bounded_in_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT_EVENTS", 2)
    client = made()
    say(client, "a", "b", "c")
    assert client.missed("event_7_0") is None
    assert heard(client.missed("event_7_1") or []) == ["b", "c"]


def test_what_is_kept_fits_into_a_new_connection() -> None:
    """An outbox takes so many messages and bytes; a character is at most four bytes of UTF-8."""
    for word, times in (("\N{GRINNING FACE}" * 10_000, 200), ("x", 6000)):
        client, link = made(), OutboxLink()
        say(client, *[word] * times)
        oldest = json.loads(client._log[0])["id"]
        missed = client.missed(oldest)
        assert missed is not None
        assert len(missed) > 70
        client.resume(link, GREETING, missed)
        assert link.code is None


def test_coming_back_is_a_greeting_without_a_number_and_what_was_missed() -> None:
    client, first, second = made(), OutboxLink(), OutboxLink()
    client.attach(first)
    say(client, "a")
    assert client.detach(first)
    say(client, "b", "c")
    client.resume(second, GREETING, client.missed("event_7_1") or [])
    say(client, "d")
    assert heard(first.read()) == ["a"]
    assert [json.loads(text)["id"] for text in second.read()] == [
        "event_7_resumed",
        "event_7_2",
        "event_7_3",
        "event_7_4",
    ]


def test_a_connection_that_is_taken_over_gives_way() -> None:
    client, first, second = made(), OutboxLink(), OutboxLink()
    client.attach(first)
    client.resume(second, GREETING, [])
    assert first.code == CLOSE_TAKEN == 4001
    # Its end, when it comes, is not the end of the new one.
    assert not client.detach(first)
    assert client.attached
    client.close(1012, "restart")
    assert second.code == 1012


def test_a_client_that_is_away_has_nothing_to_close_or_to_wait_for() -> None:
    client = made()
    client.close(1012, "restart")
    assert client.pace() is None


async def test_a_crowded_connection_is_waited_for() -> None:
    client, link = made(), OutboxLink(max_messages=4)
    client.attach(link)
    say(client, "a", "b")
    assert client.pace() is None
    say(client, "c")
    wait = client.pace()
    assert wait is not None
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(wait)  # type: ignore[arg-type]
        await asyncio.sleep(0)
        assert not waiting.done()
        link.read()


def test_the_end_stops_what_runs_and_lets_go_of_what_was_kept() -> None:
    client = made()
    say(client, "a")
    client.end()
    assert client.ended
    assert isinstance(client.conversation, Silent)
    assert client.conversation.ended == 1
    assert client.missed("event_7_0") is None
