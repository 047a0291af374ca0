"""The house whose models are files."""

from __future__ import annotations

import pathlib

import pytest

from salon.base.errors import ConfigError
from salon.ports.house import Judges
from salon.providers.onnx import house
from salon.providers.registry import Registry, has_llm
from tests.fakes.turn_models import picture_model


def test_it_judges_and_does_nothing_else() -> None:
    assert isinstance(house, Judges)
    assert not has_llm(house)
    with pytest.raises(ConfigError, match="no language model"):
        house.llm("", {})


def test_it_comes_by_the_door_of_all_houses(tmp_path: pathlib.Path) -> None:
    file = picture_model(tmp_path / "turn.onnx")
    registry = Registry(environ={})
    detector = registry.turn(f"onnx:{file}")
    assert detector.name == "onnx:turn.onnx"
    assert registry.turn(f"onnx:{file}") is detector


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("onnx:/nowhere/turn.onnx", 'there is no file "/nowhere/turn.onnx"'),
        ("onnx", '"onnx" needs a file'),
        ("offline:espeak", 'the house "offline" has no turn model; these have: onnx'),
        ("onx:turn.onnx", 'did you mean "onnx"'),
    ],
)
def test_a_wrong_name_is_told(name: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        Registry(environ={}).turn(name)


def test_without_onnx_runtime_it_says_what_to_install(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("salon.providers.onnx.detector.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r'pip install "salon\[turn\]"'):
        house.turn(str(picture_model(tmp_path / "turn.onnx")), {})
