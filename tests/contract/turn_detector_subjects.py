"""Who must keep the contract of a turn model. A new implementation joins by one line in ``SUBJECTS``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from salon.ports.turn_detector import TurnDetector
from salon.providers.onnx import house as onnx
from salon.testing import SimulatedTurnDetector
from tests.fakes.turn_models import masked_model, picture_model, values_model


def _file(make: Callable[[Path], Path]) -> Callable[[Path], TurnDetector]:
    return lambda folder: onnx.turn(str(make(folder / "model.onnx")), {})


SUBJECTS: dict[str, Callable[[Path], TurnDetector]] = {
    "simulated": lambda folder: SimulatedTurnDetector(0.7, ms=1),
    "picture": _file(picture_model),
    "values": _file(values_model),
    "values and mask": _file(masked_model),
}
