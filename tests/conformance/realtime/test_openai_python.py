"""PyPI ``openai``: the official Python client."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from salon.session.agent import Agent
from tests.conformance.realtime.foreign import Foreign, companion
from tests.fakes.scripted_llm import ScriptedLlm
from tests.session.house import KEY, open_house

pytestmark = pytest.mark.conformance

# "realtime" is the extra that brings its WebSocket library.
FOREIGN = Foreign("openai_python.py", "pip", ("openai[realtime]==3.54.0",))

Facts = dict[str, Any]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def run() -> AsyncIterator[tuple[dict[str, Facts], ScriptedLlm]]:
    llm = ScriptedLlm(companion)
    async with open_house(Agent("host", instructions="I am the host.", llm=llm)) as house:
        yield await FOREIGN.run(house.http, KEY), llm


@pytest.fixture
def facts(run: tuple[dict[str, Facts], ScriptedLlm], request: pytest.FixtureRequest) -> Facts:
    """What the scenario saw that the test is named after."""
    seen = run[0][request.node.originalname.removeprefix("test_")]
    assert "raised" not in seen, seen["raised"]
    return seen


def test_text_turn(facts: Facts) -> None:
    assert facts["created"] == ["session.created"]
    assert facts["updated"] == {"type": "realtime", "output_modalities": ["text"], "instructions": "Be brief."}
    # Stock programs ask for a model that only their vendor has; they hear the name they asked for.
    assert facts["model"] == "gpt-realtime"
    assert facts["types"] == [
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
    assert facts["text"] == "You said Hello"
    assert facts["again"] == "You said Hello first."
    usage = facts["usage"]
    assert (usage["input_tokens"], usage["output_tokens"], usage["total_tokens"]) == (7, 3, 10)


def test_instructions_reach_the_model(run: tuple[dict[str, Facts], ScriptedLlm]) -> None:
    shown = {message.text for asked in run[1].asked for message in asked.messages if message.role == "system"}
    assert shown == {"Be brief.", "I am the host.", "Speak like a pirate."}


def test_cancel_and_cancel_again(facts: Facts, run: tuple[dict[str, Facts], ScriptedLlm]) -> None:
    assert facts["types"] == [
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "conversation.item.done",
        "response.done",
        "rate_limits.updated",
    ]
    response = facts["response"]
    assert response["status"] == "cancelled"
    assert response["status_details"] == {"type": "cancelled", "reason": "client_cancelled"}
    assert response["output"][0]["status"] == "incomplete"
    assert response["output"][0]["content"] == [{"type": "output_text", "text": "Once upon a time there was"}]
    # Clients look for this beginning of the sentence.
    assert facts["error"]["message"].startswith("Cancellation failed")
    assert facts["error"]["code"] == "response_cancel_not_active"
    assert facts["error"]["event_id"] == "cancel_again"
    assert facts["after"] == "You said Hello"
    assert run[1].cancelled == 1


def test_function_tool_round_trip(facts: Facts) -> None:
    assert facts["asked"] == [
        "conversation.item.added",
        "conversation.item.done",
        "response.created",
        "response.output_item.added",
        "conversation.item.added",
        "response.function_call_arguments.delta",
        "response.function_call_arguments.delta",
        "response.function_call_arguments.done",
        "response.output_item.done",
        "conversation.item.done",
        "response.done",
        "rate_limits.updated",
    ]
    call = facts["call"]
    assert (call["name"], call["arguments"], call["status"]) == ("weather", '{"city": "Paris"}', "completed")
    assert facts["answered"] == "The tool says sunny."


def test_out_of_band_response_with_metadata(facts: Facts) -> None:
    assert not [name for name in facts["types"] if name.startswith("conversation.")]
    assert facts["text"] == "You said Name this"
    assert facts["created"]["conversation_id"] is facts["done"]["conversation_id"] is None
    assert facts["created"]["metadata"] == facts["done"]["metadata"] == {"topic": "title"}
    assert facts["after"] == "You said Hello before."


def test_client_secret(facts: Facts) -> None:
    assert facts["prefix"] == "ek_"
    assert facts["expires_at"] > 1_700_000_000
    assert facts["instructions"] == "Speak like a pirate."
    assert facts["text"] == "You said Hello"


def test_items_placed_retrieved_deleted(facts: Facts) -> None:
    assert facts["added"] == [["item_b", None], ["item_a", None], ["item_c", "item_a"]]
    assert facts["errors"] == [
        ["item_create_duplicate_item_id", "twice"],
        ["item_create_invalid_previous_item_id", None],
        ["item_delete_invalid_item_id", None],
    ]
    assert facts["deleted"] == ["item_a"]
    assert facts["retrieved"]["id"] == "item_c"
    assert facts["retrieved"]["content"] == [{"type": "input_text", "text": "between"}]


def test_browser_subprotocol_key(facts: Facts) -> None:
    """A browser sends its key among the subprotocols; only ``realtime`` may come back."""
    assert facts["chosen"] == facts["header"]["sec-websocket-protocol"] == "realtime"
    assert facts["first"] == "session.created"
    assert KEY not in str(facts)


def test_wrong_key_is_refused(facts: Facts) -> None:
    assert facts["status"] == 401
    assert facts["error"]["code"] == "invalid_api_key"


def test_beta_is_turned_away(facts: Facts) -> None:
    assert facts == {"error": "beta_api_shape_disabled", "code": 4000}
