"""How long the silence is that ends a turn."""

from __future__ import annotations

import pytest

from salon.base.session import SemanticVad, ServerVad
from salon.turn.endpoint import Endpoint


def due(endpoint: Endpoint, text: str = "") -> int:
    endpoint.onset()
    endpoint.offset(1000)
    endpoint.heard(text)
    assert endpoint.due is not None
    return endpoint.due - 1000


def test_server_vad_waits_as_long_as_the_client_said() -> None:
    assert due(Endpoint(ServerVad(silence_duration_ms=200)), "and because") == 200
    assert due(Endpoint(ServerVad())) == 500


def test_semantic_vad_waits_as_long_as_the_words_ask_for() -> None:
    waits = [due(Endpoint(SemanticVad()), text) for text in ("What can you do?", "open the door", "", "我想要那个")]
    assert waits == [380, 380, 720, 2000]


@pytest.mark.parametrize(
    ("eagerness", "plain", "trailing"), [("low", 760, 4000), ("auto", 380, 2000), ("high", 228, 1200)]
)
def test_eagerness(eagerness: str, plain: int, trailing: int) -> None:
    detection = SemanticVad(eagerness=eagerness)  # type: ignore[arg-type]
    assert due(Endpoint(detection), "open the door") == plain
    assert due(Endpoint(detection), "because") == trailing


def test_nothing_is_due_while_somebody_speaks() -> None:
    endpoint = Endpoint(SemanticVad())
    assert endpoint.due is None
    endpoint.offset(100)
    endpoint.onset()
    assert endpoint.due is None


def test_words_that_come_late_move_the_end() -> None:
    endpoint = Endpoint(SemanticVad())
    assert due(endpoint, "") == 720
    endpoint.heard("It is finished.")
    assert endpoint.due == 1380


@pytest.mark.parametrize(
    ("text", "waits"),
    [
        ("What can you do?", [2000, 1190, 380, 330, 280]),
        ("open the door", [4000, 2190, 380, 330, 280]),
        ("", [4000, 2360, 720, 500, 280]),
        ("open the door because", [2000, 2000, 2000, 2000, 2000]),
    ],
)
def test_a_turn_model_moves_the_wait_of_the_words(text: str, waits: list[int]) -> None:
    endpoint = Endpoint(SemanticVad())
    due(endpoint, text)
    found = []
    for probability in (0.0, 0.25, 0.5, 0.75, 1.0):
        endpoint.judged(probability)
        found.append(endpoint.wait)
    assert found == waits


@pytest.mark.parametrize(("eagerness", "least", "most"), [("low", 560, 8000), ("high", 168, 2000)])
def test_a_turn_model_stays_within_the_eagerness(eagerness: str, least: int, most: int) -> None:
    endpoint = Endpoint(SemanticVad(eagerness=eagerness))  # type: ignore[arg-type]
    due(endpoint, "open the door")
    endpoint.judged(1.0)
    assert endpoint.wait == least
    endpoint.judged(0.0)
    assert endpoint.wait == most


def test_a_turn_model_says_nothing_about_the_next_pause_or_to_server_vad() -> None:
    endpoint = Endpoint(SemanticVad())
    due(endpoint, "open the door")
    endpoint.judged(1.0)
    assert due(endpoint, "open the door") == 380
    fixed = Endpoint(ServerVad(silence_duration_ms=300))
    due(fixed)
    fixed.judged(0.0)
    assert fixed.wait == 300
