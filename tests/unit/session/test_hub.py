"""Sessions that open, wait, come back, are taken over, expire and are drained; and that nothing of them is left behind."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest

from salon.base.chat import Options, TextDelta, ToolCallDelta
from salon.base.commands import CreateItem, CreateResponse, UpdateSession
from salon.base.errors import ConfigError, Refused
from salon.base.events import Event, OutputTextDelta
from salon.base.ids import counting
from salon.base.session import Session, SessionPatch
from salon.ports.llm import Llm, Traits
from salon.session.agent import Agent
from salon.session.client import Client
from salon.session.hub import Hub, Part, facts, opening
from salon.session.tools import tool
from tests.fakes.clock import FakeClock
from tests.fakes.counts import Counts
from tests.fakes.outbox_link import OutboxLink
from tests.fakes.scripted_llm import Script, ScriptedLlm, says
from tests.fakes.talk import user


class Encoder:
    """One JSON object per event: its class, its id, and what was said."""

    def __call__(self, event: Event, event_id: str) -> str:
        said = event.delta if isinstance(event, OutputTextDelta) else ""
        return json.dumps({"type": type(event).__name__, "id": event_id, "said": said})


class OneHouse:
    """Models by name, each made once."""

    def __init__(self, script: Script, traits: Traits) -> None:
        self.made: dict[str, ScriptedLlm] = {}
        self._script = script
        self._traits = traits

    def llm(self, names: str | Sequence[str]) -> Llm:
        name = names if isinstance(names, str) else ",".join(names)
        if name.startswith("unheard"):
            raise ConfigError(f"There is no house named {name!r}.")
        return self.made.setdefault(name, ScriptedLlm(self._script, name=name, traits=self._traits))


@tool
async def clock() -> str:
    "The time."
    return "noon"


AGENTS = (
    Agent("host", instructions="Be kind."),
    Agent("guide", llm=("a:1", "b:2"), tools=[clock], temperature=0.2, max_output_tokens=50, reasoning="low"),
)


HELLO = says("Hello")
UNKNOWN = Traits()


class Stage:
    def __init__(self, hub: Hub, house: OneHouse) -> None:
        self.hub = hub
        self.house = house

    @property
    def llm(self) -> ScriptedLlm:
        return self.house.made["house:default"]

    def open(self, *, model: str = "host", link: OutboxLink | None = None, **how: Any) -> tuple[Client, OutboxLink]:
        client = self.hub.open(self.hub.part(model), Encoder(), **{"owner": "alice", "model": model, **how})
        link = link or OutboxLink()
        client.attach(link)
        client.conversation.open()
        return client, link

    async def speaking(self, **how: Any) -> tuple[Client, OutboxLink, list[dict[str, Any]]]:
        """A session whose answer is under way: it has been read up to the first word."""
        client, link = self.open(**how)
        ask(client)
        return client, link, await link.until("OutputTextDelta")


@asynccontextmanager
async def stage(
    script: Script = HELLO, agents: Sequence[Agent] = AGENTS, traits: Traits = UNKNOWN, **how: Any
) -> AsyncIterator[Stage]:
    house = OneHouse(script, traits)
    settings = {"clock": FakeClock(), "observer": Counts(), "new_id": counting(), **how}
    async with asyncio.timeout(20):
        async with Hub(agents, house, default_llm="house:default", **settings) as hub:
            yield Stage(hub, house)
        assert len(hub) == 0
    assert [llm.name for llm in house.made.values() if llm.open] == []


def ask(client: Client, text: str = "Hi") -> None:
    client.conversation.submit(CreateItem(item=user(text)))
    client.conversation.submit(CreateResponse())


def words(events: list[dict[str, Any]]) -> str:
    return "".join(event["said"] for event in events)


async def until(happened: Callable[[], bool]) -> None:
    """For what no event tells: a timer that has gone off."""
    while not happened():  # noqa: ASYNC110
        await asyncio.sleep(0.001)


async def test_who_answers() -> None:
    mine = ScriptedLlm([], name="mine:own")
    async with stage(agents=[*AGENTS, Agent("own", llm=mine)]) as made:
        hub = made.hub
        assert [agent.name for agent in hub.agents] == ["host", "guide", "own"]
        for name, agent, model in [
            ("host", "host", "house:default"),
            ("guide", "guide", "a:1,b:2"),
            ("own", "own", "mine:own"),
            (None, "host", "house:default"),
            ("", "host", "house:default"),
            ("gpt-realtime-2.1", "host", "house:default"),
            ("spark:4.0Ultra", "host", "spark:4.0Ultra"),
        ]:
            part = hub.part(name)
            assert (part.agent.name, part.llm.name) == (agent, model)
        with pytest.raises(ConfigError, match="no house"):
            hub.part("unheard:of")


async def test_a_session_begins_as_its_agent_says() -> None:
    async with stage() as made:
        client, link = made.open(
            model="guide", preset=lambda session: msgspec.structs.replace(session, web_search=True)
        )
        assert [event["type"] for event in link.events()] == ["SessionCreated"]
        assert client.conversation.machine.session == Session(
            id=client.id,
            model="guide",
            output_modalities=("text",),
            reasoning="low",
            max_output_tokens=50,
            web_search=True,
        )
        assert opening(made.hub.part(None), "s", "m").instructions == "Be kind."
        ask(client)
        await link.until("ResponseDone")
        (asked,) = made.house.made["a:1,b:2"].asked
        assert asked.tools == (clock.spec,)
        assert asked.options == Options(temperature=0.2, max_output_tokens=50, reasoning="low", web_search=True)


async def test_the_models_context_bounds_the_history() -> None:
    async with stage(traits=Traits(context=100)) as made:
        client, link = made.open()
        for _ in range(20):
            client.conversation.submit(CreateItem(item=user("x" * 60)))
        ask(client)
        await link.until("ResponseDone")
        assert len(made.llm.asked[0].messages) < 8


async def test_as_many_rounds_of_tools_as_the_agent_allows() -> None:
    rounds = Agent("rounds", tools=[clock], max_tool_rounds=2)
    script = lambda asked: [ToolCallDelta(0, f"c{len(asked.messages)}", "clock", "{}")]  # noqa: E731
    async with stage(script, agents=[rounds]) as made:
        client, link = made.open()
        ask(client)
        await link.until("ResponseDone")
        assert [asked.options.tool_choice for asked in made.llm.asked] == ["auto", "auto", "none"]


async def test_a_tool_has_the_agents_time() -> None:
    @tool
    async def hangs() -> str:
        await asyncio.Event().wait()
        return ""

    def script(asked: Any) -> list[Any]:
        return says("So be it.") if len(asked.messages) > 1 else [ToolCallDelta(0, "c", "hangs", "{}")]

    async with stage(script, agents=[Agent("host", tools=[hangs], tool_timeout=0.01)]) as made:
        client, link = made.open()
        ask(client)
        await link.until("ResponseDone")
        assert "tool_timeout" in made.llm.asked[1].messages[-1].text


async def test_served_calls_are_shown_to_those_who_opted_in() -> None:
    def script(asked: Any) -> list[Any]:
        return says("Noon.") if len(asked.messages) > 1 else [ToolCallDelta(0, "c", "clock", "{}")]

    shown = []
    async with stage(script, agents=[Agent("host", tools=[clock])]) as made:
        for resumable in (False, True):
            client, link = made.open(resumable=resumable)
            ask(client)
            events = await link.until("ResponseDone")
            shown.append([event["type"] for event in events].count("OutputItemAdded"))
    assert shown == [1, 2]


async def test_a_locked_session_stays_as_it_began() -> None:
    async with stage() as made:
        client, _ = made.open(locked=True)
        client.conversation.submit(UpdateSession(patch=SessionPatch(instructions="Obey me.")))
        assert client.conversation.machine.session.instructions == "Be kind."


async def test_there_are_only_so_many_sessions() -> None:
    async with stage(max_sessions=2) as made:
        first, link = made.open()
        made.open()
        with pytest.raises(Refused) as caught:
            made.open()
        assert (caught.value.status, caught.value.code, caught.value.retry_after) == (503, "server_full", 30)
        made.hub.detach(first, link)
        made.open()


async def test_a_session_that_cannot_be_resumed_ends_with_its_connection() -> None:
    async with stage([TextDelta("Hel"), asyncio.Event()]) as made:
        client, link, _ = await made.speaking()
        assert client.token == ""
        made.hub.detach(client, link)
        assert (len(made.hub), client.ended) == (0, True)
        await made.llm.idle.wait()
        assert made.llm.cancelled == 1
        # Saying it twice changes nothing.
        made.hub.detach(client, link)


async def test_who_comes_back_hears_what_was_missed_once_and_in_order_while_the_answer_goes_on() -> None:
    more, rest = asyncio.Event(), asyncio.Event()
    async with stage([TextDelta("a"), more, TextDelta("b"), TextDelta("c"), rest, TextDelta("d")]) as made:
        client, link, before = await made.speaking(resumable=True)
        assert facts(made.hub.part("host"), client, made.hub.grace_ms) == {
            "resume_token": client.token,
            "grace_ms": 60_000,
            "agent": "host",
            "llm": "house:default",
            "asr": None,
            "asr_detects": None,
            "tts": None,
            "voices": [],
            "tools": [],
        }
        made.hub.detach(client, link)
        more.set()
        await until(lambda: client.missed(before[-1]["id"]) not in (None, []))
        again = OutboxLink()
        assert made.hub.resume(client.token, "alice", before[-1]["id"], again) is client
        rest.set()
        after = await again.until("RateLimits")
        assert after[0]["type"] == "SessionResumed"
        assert after[0]["id"].endswith("_resumed")
        numbers = [int(event["id"].rpartition("_")[2]) for event in before + after[1:]]
        assert numbers == list(range(1, len(numbers) + 1))
        assert words(before + after) == "abcd"
        assert made.llm.opened == 1


async def test_coming_back_stops_the_clock() -> None:
    async with stage(grace_ms=30) as made:
        client, link = made.open(resumable=True)
        last = link.events()[-1]["id"]
        made.hub.detach(client, link)
        again = OutboxLink()
        assert made.hub.resume(client.token, "alice", last, again) is client
        # The next time runs out whole: if the first timer still ran, it would end the session before.
        other, other_link = made.open(resumable=True)
        made.hub.detach(other, other_link)
        await until(lambda: other.ended)
        assert not client.ended
        ask(client)
        await again.until("ResponseDone")


async def test_a_second_connection_takes_over_from_one_that_is_half_open() -> None:
    async with stage([TextDelta("a"), asyncio.Event()]) as made:
        client, link, events = await made.speaking(resumable=True)
        again = OutboxLink()
        assert made.hub.resume(client.token, "alice", events[-1]["id"], again) is client
        assert link.code == 4001
        made.hub.detach(client, link)
        assert not client.ended
        assert made.llm.open == 1


@pytest.mark.parametrize(("token", "owner"), [("resume_1", "mallory"), ("resume_9", "alice"), ("", "alice")])
async def test_a_session_is_its_owners(token: str, owner: str) -> None:
    async with stage() as made:
        client, link = made.open(resumable=True)
        assert client.token == "resume_1"
        made.open()
        assert made.hub.resume(token, owner, link.events()[-1]["id"], OutboxLink()) is None
        assert (client.ended, link.code) == (False, None)


async def test_what_cannot_be_continued_faithfully_is_not_continued() -> None:
    async with stage([TextDelta("a"), asyncio.Event()]) as made:
        client, link, _ = await made.speaking(resumable=True)
        assert made.hub.resume(client.token, "alice", "event_of_another_session", OutboxLink()) is None
        assert (client.ended, link.code, len(made.hub)) == (True, 4001, 0)
        await made.llm.idle.wait()
        assert made.hub.resume(client.token, "alice", "", OutboxLink()) is None


async def test_who_does_not_come_back_in_time_leaves_nothing_behind() -> None:
    async with stage([TextDelta("a"), asyncio.Event()], grace_ms=5) as made:
        client, link, events = await made.speaking(resumable=True)
        made.hub.detach(client, link)
        assert not client.ended
        await made.llm.idle.wait()
        assert (client.ended, len(made.hub), made.llm.cancelled) == (True, 0, 1)
        assert made.hub.resume(client.token, "alice", events[-1]["id"], OutboxLink()) is None


async def test_draining_lets_answers_be_finished_and_nothing_begin() -> None:
    rest = asyncio.Event()
    async with stage([TextDelta("a"), rest, TextDelta("b")]) as made:
        busy, busy_link, _ = await made.speaking(resumable=True)
        idle, idle_link = made.open()
        away, away_link = made.open(resumable=True)
        last = away_link.events()[-1]["id"]
        made.hub.detach(away, away_link)
        async with asyncio.TaskGroup() as group:
            draining = group.create_task(made.hub.drain(15))
            await until(lambda: idle_link.code is not None)
            assert (idle_link.code, busy_link.code, away.ended) == (1012, None, True)
            made.hub.detach(idle, idle_link)
            assert idle.ended
            with pytest.raises(Refused) as caught:
                made.open()
            assert (caught.value.status, caught.value.code) == (503, "server_draining")
            assert made.hub.resume(away.token, "alice", last, OutboxLink()) is None
            assert made.hub.resume(busy.token, "alice", last, OutboxLink()) is None
            assert not draining.done()
            rest.set()
            assert words(await busy_link.until("ResponseDone")) == "b"
            await until(lambda: busy_link.code == 1012)
            made.hub.detach(busy, busy_link)


async def test_draining_has_an_end() -> None:
    async with stage([TextDelta("a"), asyncio.Event()]) as made:
        client, link, _ = await made.speaking()
        await made.hub.drain(0.01)
        assert (client.ended, link.code, len(made.hub)) == (True, 1012, 0)
        await made.llm.idle.wait()


async def test_leaving_ends_every_session() -> None:
    async with stage([TextDelta("a"), asyncio.Event()]) as made:
        client, link, _ = await made.speaking(resumable=True)
        away, away_link = made.open(resumable=True)
        made.hub.detach(away, away_link)
    assert (client.ended, away.ended, link.code) == (True, True, 1012)
    with pytest.raises(Refused):
        made.open()


async def test_a_tool_that_outlives_the_hub_finds_the_door_shut() -> None:
    begun = asyncio.Event()
    late: list[str] = []

    @tool
    async def stubborn() -> str:
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            try:
                made.open()
            except Refused as refused:
                late.append(refused.code)
        return ""

    async with stage([ToolCallDelta(0, "c", "stubborn", "{}")], agents=[Agent("host", tools=[stubborn])]) as made:
        client, _ = made.open()
        ask(client)
        await begun.wait()
    assert late == ["server_draining"]


async def test_a_fault_in_one_session_is_not_felt_in_another(caplog: pytest.LogCaptureFixture) -> None:
    rest = asyncio.Event()
    async with stage([TextDelta("a"), rest, TextDelta("b")]) as made:
        broken, broken_link, _ = await made.speaking()
        well, well_link, _ = await made.speaking()

        def fault(event: Event) -> None:
            raise KeyError("a fault")

        broken.conversation._emit = fault
        rest.set()
        await well_link.until("ResponseDone")
        assert (broken.ended, broken_link.code) == (True, 1011)
        assert (well.ended, well_link.code) == (False, None)
        assert "conversation broke" in caplog.text


async def test_a_crowded_connection_slows_its_own_model_and_nobody_elses() -> None:
    async with stage([TextDelta(f"{number % 10}") for number in range(100)]) as made:
        slow, slow_link = made.open(link=OutboxLink(max_messages=40))
        ask(slow)
        await until(lambda: slow_link.crowded)
        quick, quick_link = made.open()
        ask(quick)
        await quick_link.until("ResponseDone")
        # Half full, and there it stays: the slow one's model waits in the middle of its answer.
        assert (slow_link.code, len(slow_link.outbox), slow.conversation.busy) == (None, 21, True)
        assert made.llm.open == 1
        assert words(await slow_link.until("ResponseDone")) == "0123456789" * 10


async def test_a_part_is_an_agent_and_a_model() -> None:
    async with stage() as made:
        part = made.hub.part("host")
        assert part == Part(AGENTS[0], made.llm)


async def test_a_connection_that_goes_while_draining_takes_its_session_along() -> None:
    async with stage([TextDelta("a"), asyncio.Event()]) as made:
        client, link, _ = await made.speaking(resumable=True)
        async with asyncio.TaskGroup() as group:
            group.create_task(made.hub.drain(15))
            await asyncio.sleep(0)
            made.hub.detach(client, link)
            # Nobody may come back to a server that is going, so nobody is waited for.
            assert client.ended


async def test_a_session_that_has_ended_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    async with stage() as made:
        client, link = made.open(resumable=True)
        assert made.hub.resume(client.token, "alice", "event_of_another_session", OutboxLink()) is None
        timers: list[Any] = []
        monkeypatch.setattr(asyncio.get_running_loop(), "call_later", lambda *args: timers.append(args))
        made.hub.detach(client, link)
        monkeypatch.undo()
        assert timers == []
