"""What a model is shown of a conversation: calls with their results, and no more than fits."""

from __future__ import annotations

from typing import Any

import pytest

from salon.base.chat import Image, Message, Text, ToolCall, ToolSpec
from salon.base.errors import ContextTooLong
from salon.base.items import FunctionCall, FunctionCallOutput, InputAudio, InputImage, InputText, Item, MessageItem
from salon.base.session import Truncation
from salon.turn import tokens
from salon.turn.history import NO_RESULT, History, budget
from salon.turn.timeline import Timeline
from tests.fakes.talk import said, user

AUTO = Truncation()


def timeline(*items: Item) -> Timeline:
    made = Timeline()
    for item in items:
        made.insert(item)
    return made


def call(item_id: str, call_id: str, **rest: Any) -> FunctionCall:
    return FunctionCall(id=item_id, call_id=call_id, name="clock", arguments="{}", **rest)


def output(item_id: str, call_id: str, text: str = "noon") -> FunctionCallOutput:
    return FunctionCallOutput(id=item_id, call_id=call_id, output=text)


def shown(
    made: Timeline,
    history: History | None = None,
    instructions: str = "",
    tools: tuple[ToolSpec, ...] = (),
    limit: int | None = None,
    truncation: Truncation = AUTO,
) -> list[Message]:
    return (history or History()).messages(made, instructions, tools, limit=limit, truncation=truncation)


def brief(messages: list[Message]) -> list[str]:
    """``u:`` user, ``a:`` assistant, ``t:`` tool, with calls in brackets."""
    return [
        f"{message.role[0]}:{message.text}"
        + (f"[{','.join(each.id for each in message.tool_calls)}]" if message.tool_calls else "")
        for message in messages
    ]


def long(text: str, item_id: str) -> MessageItem:
    """A user's message of 14 tokens."""
    return user(text.ljust(40, "."), item_id)


def test_messages_in_order_behind_the_instructions() -> None:
    made = timeline(
        user("hi", "1"), said("hello", "2"), MessageItem(id="3", role="system", content=(InputText("be brief"),))
    )
    assert shown(made, instructions="Be kind.") == [
        Message(role="system", content=(Text("Be kind."),)),
        Message(role="user", content=(Text("hi"),)),
        Message(role="assistant", content=(Text("hello"),)),
        Message(role="system", content=(Text("be brief"),)),
    ]
    assert shown(timeline()) == []


def test_what_has_no_words_is_not_shown() -> None:
    made = timeline(
        MessageItem(id="1", role="user", content=(InputAudio(None),)),
        MessageItem(id="2", role="assistant", status="in_progress"),
        call("3", "c", status="in_progress"),
        output("4", "unheard-of"),
    )
    assert shown(made) == []


def test_pictures_and_transcripts_are_shown() -> None:
    content = (InputAudio("what is this?"), InputImage("https://x/y.png", "low"))
    assert shown(timeline(MessageItem(id="1", role="user", content=content))) == [
        Message(role="user", content=(Text("what is this?"), Image("https://x/y.png", "low")))
    ]


def test_a_call_comes_with_what_was_said_before_it_and_its_result_right_behind() -> None:
    made = timeline(user("time?", "1"), said("Let me see.", "2"), call("3", "c"), user("quick", "4"), output("5", "c"))
    assert shown(made) == [
        Message(role="user", content=(Text("time?"),)),
        Message(role="assistant", content=(Text("Let me see."),), tool_calls=(ToolCall("c", "clock", "{}"),)),
        Message(role="tool", content=(Text("noon"),), tool_call_id="c"),
        Message(role="user", content=(Text("quick"),)),
    ]


def test_calls_made_together_are_shown_together() -> None:
    made = timeline(
        user("u", "1"), call("2", "c1"), call("3", "c2"), output("4", "c2", "two"), output("5", "c1", "one")
    )
    assert brief(shown(made)) == ["u:u", "a:[c1,c2]", "t:one", "t:two"]


def test_rounds_stay_apart() -> None:
    made = timeline(
        user("u", "1"),
        call("2", "c1"),
        output("3", "c1", "one"),
        call("4", "c2"),
        output("5", "c2", "two"),
        said("a", "6"),
    )
    assert brief(shown(made)) == ["u:u", "a:[c1]", "t:one", "a:[c2]", "t:two", "a:a"]


def test_a_call_without_a_result_is_given_one() -> None:
    assert brief(shown(timeline(call("1", "c")))) == ["a:[c]", f"t:{NO_RESULT}"]


def test_what_the_model_thought_before_a_call_goes_back_with_it() -> None:
    (asked, _) = shown(
        timeline(said("Well.", "1", reasoning="of the message"), call("2", "c", reasoning="of the call"))
    )
    assert asked.reasoning == "of the call"
    (asked, _) = shown(timeline(said("Well.", "1", reasoning="of the message"), call("2", "c")))
    assert asked.reasoning == "of the message"
    (message,) = shown(timeline(said("Well.", "1", reasoning="thought")))
    assert message.reasoning == "thought"


def test_the_oldest_is_left_out_when_it_does_not_fit() -> None:
    made = timeline(*(long(f"{number}", f"i{number}") for number in range(5)))
    each = tokens.of_message(shown(made)[0])
    assert [message.text[0] for message in shown(made, limit=3 * each)] == ["2", "3", "4"]
    assert [message.text[0] for message in shown(made, limit=3 * each - 1)] == ["3", "4"]
    assert [message.text[0] for message in shown(made, limit=0)] == ["4"]


def test_instructions_and_tools_take_their_part_of_the_limit() -> None:
    made = timeline(*(long(f"{number}", f"i{number}") for number in range(5)))
    tool = ToolSpec("search", "Search.")
    head = tokens.of_message(shown(timeline(), instructions="Be kind.")[0]) + tokens.of_tool(tool)
    messages = shown(made, instructions="Be kind.", tools=(tool,), limit=head + 28)
    assert [message.text[0] for message in messages] == ["B", "3", "4"]


def test_post_instructions_counts_only_what_follows_the_instructions() -> None:
    made = timeline(*(long(f"{number}", f"i{number}") for number in range(5)))
    truncation = Truncation(post_instructions=28)
    for limit in (None, 10_000):
        messages = shown(made, instructions="Be kind. " * 50, limit=limit, truncation=truncation)
        assert [message.text[0] for message in messages] == ["B", "3", "4"]
    assert [message.text[0] for message in shown(made, limit=14, truncation=truncation)] == ["4"]


def test_a_call_is_left_out_with_its_result() -> None:
    made = timeline(call("1", "c"), output("2", "c", "x" * 40), said("a", "3"), user("u", "4"))
    assert brief(shown(made, limit=20)) == ["a:a", "u:u"]


def test_the_question_stays_however_much_the_tools_said_since() -> None:
    made = timeline(
        user("old", "1"), user("question", "2"), call("3", "c1"), output("4", "c1", "x" * 400), call("5", "c2"),
        output("6", "c2", "y"),
    )  # fmt: skip
    history = History()
    assert brief(shown(made, history, limit=40)) == ["u:question", "a:[c2]", "t:y"]
    # The cut is remembered, and so is that the question lies before it.
    made.insert(call("7", "c3"))
    made.insert(output("8", "c3", "z"))
    assert brief(shown(made, history, limit=60)) == ["u:question", "a:[c2]", "t:y", "a:[c3]", "t:z"]
    assert brief(shown(made, history, limit=1)) == ["u:question", "a:[c3]", "t:z"]


def test_where_the_user_said_nothing_nothing_is_made_up() -> None:
    made = timeline(said("one", "1"), said("two", "2"))
    assert brief(shown(made, limit=1)) == ["a:two"]


def test_truncation_disabled_fails_rather_than_forget() -> None:
    made = timeline(long("a", "1"), long("b", "2"))
    never = Truncation("disabled")
    assert len(shown(made, limit=28, truncation=never)) == 2
    with pytest.raises(ContextTooLong, match="27 tokens") as caught:
        shown(made, limit=27, truncation=never)
    assert caught.value.code == "context_length_exceeded"


def test_truncation_disabled_does_not_count_on_an_earlier_cut() -> None:
    made, history = timeline(long("a", "1"), long("b", "2")), History()
    assert len(shown(made, history, limit=14)) == 1
    with pytest.raises(ContextTooLong):
        shown(made, history, limit=14, truncation=Truncation("disabled"))


def test_a_retention_ratio_cuts_deep_so_that_the_beginning_stays_the_same() -> None:
    made, history = timeline(*(long(f"{number}", f"i{number}") for number in range(10))), History()
    half = Truncation("retention_ratio", 0.5)
    starts = []
    for number in range(10, 18):
        made.insert(long(chr(ord("a") + number - 10), f"i{number}"))
        starts.append(shown(made, history, limit=140, truncation=half)[0].text[0])
    # Cut once to 5 messages, then left alone until 10 are reached again.
    assert starts == ["6", "6", "6", "6", "6", "6", "c", "c"]


def test_a_cut_whose_first_item_is_deleted_begins_anew() -> None:
    made, history = timeline(*(long(f"{number}", f"i{number}") for number in range(4))), History()
    assert [message.text[0] for message in shown(made, history, limit=28)] == ["2", "3"]
    made.remove("i2")
    assert [message.text[0] for message in shown(made, history, limit=28)] == ["1", "3"]


def test_a_cut_that_begins_with_calls_is_remembered_whole() -> None:
    made = timeline(
        long("a", "1"), call("2", "c1"), call("3", "c2"), output("4", "c1"), output("5", "c2"), user("u", "6")
    )
    history = History()
    first = shown(made, history, limit=40)
    assert brief(first) == ["a:[c1,c2]", "t:noon", "t:noon", "u:u"]
    assert shown(made, history, limit=1000) == first


def test_a_long_conversation_costs_no_more_than_what_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    made = timeline(*(long(f"{number}", f"i{number}") for number in range(10_000)))
    measured = 0
    of_message = tokens.of_message

    def counted(message: Message) -> int:
        nonlocal measured
        measured += 1
        return of_message(message)

    monkeypatch.setattr(tokens, "of_message", counted)
    assert len(shown(made, limit=140)) == 10
    assert measured == 11


@pytest.mark.parametrize(
    ("context", "max_output", "room"),
    [(None, 100, None), (8192, None, 6144), (32_768, None, 28_672), (32_768, 1000, 31_768), (1000, 4096, 750)],
)
def test_the_answer_has_its_share_of_the_context(context: int | None, max_output: int | None, room: int | None) -> None:
    assert budget(context, max_output) == room


def test_the_question_takes_the_place_of_the_oldest_calls() -> None:
    made = timeline(
        long("question", "1"), *(item for n in range(4) for item in (call(f"c{n}", f"c{n}"), output(f"o{n}", f"c{n}")))
    )
    pair = sum(tokens.of_message(message) for message in shown(timeline(call("c", "c"), output("o", "c"))))
    question = tokens.of_message(shown(timeline(long("question", "1")))[0])
    for pairs in (3, 2, 1):
        messages = shown(made, limit=pairs * pair + question)
        assert [message.role for message in messages] == ["user", *["assistant", "tool"] * pairs]
        less = shown(made, limit=pairs * pair + question - 1)
        assert [message.role for message in less] == ["user", *["assistant", "tool"] * max(pairs - 1, 1)]
