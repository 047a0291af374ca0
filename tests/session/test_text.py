"""Plain turns over a real socket."""

from __future__ import annotations

from salon.session.agent import Agent
from tests.fakes.scripted_llm import ScriptedLlm, says
from tests.session.house import open_house
from tests.session.talker import done, talk, text_of, types

TURN = [
    "conversation.item.added",
    "conversation.item.done",
    "response.created",
    "response.output_item.added",
    "conversation.item.added",
    "response.content_part.added",
    "response.output_text.delta",
    "response.output_text.delta",
    "response.output_text.done",
    "response.content_part.done",
    "response.output_item.done",
    "conversation.item.done",
    "response.done",
    "rate_limits.updated",
]


async def test_a_turn_has_its_events_in_order() -> None:
    llm = ScriptedLlm(says("Good ", "morning."))
    async with open_house(Agent("host", llm=llm)) as house, talk(house) as client:
        assert types(client.heard) == ["session.created"]
        events = await client.ask("Hello")
        assert types(events) == TURN
        assert text_of(events) == "Good morning."
        assert done(events)["status"] == "completed"
        assert len({event["event_id"] for event in client.heard}) == len(client.heard)
    assert house.tally.connections == 0 and len(house.hub) == 0


async def test_an_item_is_followed_from_its_beginning_to_its_end() -> None:
    llm = ScriptedLlm(says("Good ", "morning."))
    async with open_house(Agent("host", llm=llm)) as house, talk(house) as client:
        events = {event["type"]: event for event in (await client.ask("Hello"))[2:]}
        assert events["response.created"]["response"]["status"] == "in_progress"
        added = events["response.output_item.added"]["item"]
        assert (added["status"], added["content"]) == ("in_progress", [])
        assert events["response.content_part.added"]["part"] == {"type": "text", "text": ""}
        assert events["response.content_part.done"]["part"] == {"type": "text", "text": "Good morning."}
        whole = events["response.output_item.done"]["item"]
        assert (whole["id"], whole["status"]) == (added["id"], "completed")
        assert whole["content"] == [{"type": "output_text", "text": "Good morning."}]
        assert events["conversation.item.done"]["item"] == whole
        assert events["response.done"]["response"]["output"] == [whole]
        assert events["response.done"]["response"]["id"] == events["response.created"]["response"]["id"]
        for event in events.values():
            if "output_index" in event:
                assert event["output_index"] == 0
                assert event["response_id"] == events["response.done"]["response"]["id"]
