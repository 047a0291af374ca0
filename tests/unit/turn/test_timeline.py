"""Items in order, found by id, bounded."""

from __future__ import annotations

import pytest

from salon.base.items import FunctionCall, FunctionCallOutput, InputAudio, InputImage, InputText, Item, MessageItem
from salon.turn.timeline import Timeline, TimelineFull, measure
from tests.fakes.talk import said, user


def timeline(*items: Item, **limits: int) -> Timeline:
    made = Timeline(**limits)
    for item in items:
        made.insert(item)
    return made


def ids(made: Timeline) -> list[str]:
    return [item.id for item in made]


def test_items_stand_in_the_order_in_which_they_came() -> None:
    made = timeline(user("a", "1"), user("b", "2"), user("c", "3"))
    assert ids(made) == ["1", "2", "3"]
    assert [item.id for item in reversed(made)] == ["3", "2", "1"]
    assert (len(made), "2" in made, "4" in made) == (3, True, False)
    assert made.get("2") == user("b", "2")
    assert made.get("4") is None


def test_an_item_goes_first_or_behind_another() -> None:
    made = timeline(*(user("x", str(number)) for number in range(20)))
    made.insert(user("root", "root-one"), "root")
    made.insert(user("early", "early"), "0")
    made.insert(user("late", "late"), "18")
    assert ids(made)[:4] == ["root-one", "0", "early", "1"]
    assert ids(made)[-3:] == ["18", "late", "19"]


def test_a_new_state_takes_the_place_of_the_old() -> None:
    made = timeline(said("", "1", status="in_progress"), user("b", "2"))
    made.replace(said("done", "1"))
    made.replace(said("never seen", "gone"))
    assert [item.id for item in made] == ["1", "2"]
    assert made.get("1") == said("done", "1")


def test_what_is_removed_is_gone_and_makes_room() -> None:
    made = timeline(user("a", "1"), user("b", "2"), max_items=2)
    made.remove("1")
    made.insert(user("c", "1"))
    assert ids(made) == ["2", "1"]


def test_it_holds_only_so_many_items() -> None:
    made = timeline(user("a", "1"), max_items=1)
    with pytest.raises(TimelineFull):
        made.insert(user("b", "2"))
    assert ids(made) == ["1"]


def test_it_holds_only_so_many_characters_whatever_became_of_its_items() -> None:
    made = timeline(user("a" * 100, "1"), max_characters=400)
    made.replace(user("a" * 300, "1"))
    with pytest.raises(TimelineFull):
        made.insert(user("b", "2"))
    made.replace(user("", "1"))
    made.insert(user("b" * 200, "2"))
    made.remove("2")
    made.insert(user("c" * 200, "3"))
    assert ids(made) == ["1", "3"]


def test_the_result_of_a_call_is_found_wherever_it_stands() -> None:
    first = FunctionCallOutput(id="1", call_id="c", output="one")
    second = FunctionCallOutput(id="2", call_id="c", output="two")
    made = timeline(first, user("x", "3"))
    assert made.output_of("c") == first
    assert made.output_of("d") is None
    made.insert(second)
    assert made.output_of("c") == second
    made.remove("1")
    assert made.output_of("c") == second
    made.remove("2")
    assert made.output_of("c") is None


def test_a_client_that_is_not_shown_served_calls_is_told_of_the_item_before_them() -> None:
    made = timeline(
        user("a", "1"),
        FunctionCall(id="2", call_id="c", name="clock", arguments="{}", served=True),
        FunctionCallOutput(id="3", call_id="c", output="noon", served=True),
        said("noon", "4"),
    )
    assert made.previous_id("4", served=False) == "1"
    assert made.previous_id("4", served=True) == "3"
    assert made.previous_id("1", served=False) is None
    made.remove("1")
    assert made.previous_id("4", served=False) is None


def test_a_copy_goes_its_own_way() -> None:
    made = timeline(user("a", "1"), FunctionCallOutput(id="2", call_id="c", output="x"), max_items=3)
    twin = made.copy()
    twin.insert(user("b", "3"))
    twin.remove("2")
    assert (ids(made), ids(twin)) == (["1", "2"], ["1", "3"])
    assert made.output_of("c") is not None
    assert twin.output_of("c") is None
    twin.insert(user("c", "4"))
    with pytest.raises(TimelineFull):
        twin.insert(user("d", "5"))


@pytest.mark.parametrize(
    ("item", "characters"),
    [
        (user("abc"), 3),
        (said("abc", "1", reasoning="hmm"), 6),
        (MessageItem(id="1", role="user", content=(InputAudio("ab", b"12345"), InputText("c"))), 8),
        (MessageItem(id="1", role="user", content=(InputAudio(None, None),)), 0),
        (MessageItem(id="1", role="user", content=(InputImage("https://x"),)), 9),
        (FunctionCall(id="1", call_id="cc", name="n", arguments="{}", reasoning="r"), 6),
        (FunctionCallOutput(id="1", call_id="cc", output="four"), 6),
    ],
)
def test_everything_that_a_client_can_make_long_counts(item: Item, characters: int) -> None:
    assert measure(item) == 64 + characters
