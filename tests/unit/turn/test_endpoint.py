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
    assert waits == [400, 560, 800, 2000]


@pytest.mark.parametrize(
    ("eagerness", "plain", "trailing"), [("low", 1120, 4000), ("auto", 560, 2000), ("high", 336, 1200)]
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
    assert due(endpoint, "") == 800
    endpoint.heard("It is finished.")
    assert endpoint.due == 1400


def test_a_turn_model_decides_where_words_do_not() -> None:
    endpoint = Endpoint(SemanticVad())
    due(endpoint, "open the door")
    endpoint.judged(0.9)
    assert endpoint.wait == 400
    endpoint.judged(0.1)
    assert endpoint.wait == 2000
    endpoint.heard("open the door because")
    endpoint.judged(0.9)
    assert endpoint.wait == 2000
