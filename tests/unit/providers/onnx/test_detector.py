"""A turn model in a file, run by ONNX Runtime."""

from __future__ import annotations

import pathlib
import wave

import numpy as np
import pytest

from salon.base.errors import BadAnswer, ProviderError
from salon.providers.onnx.detector import OnnxTurnDetector, feeds_for, picture, values, values_and_mask
from tests.fakes.turn_models import masked_model, other_model, picture_model, values_model

VOICE = pathlib.Path(__file__).parents[3] / "data/voice/what-can-you-do.wav"
PAUSE = bytes(2 * 16 * 240)


@pytest.fixture
def question() -> bytes:
    with wave.open(str(VOICE)) as file:
        return file.readframes(file.getnframes())


def test_the_inputs_say_what_a_model_wants() -> None:
    assert feeds_for(["input_features"]) is picture
    assert feeds_for(["input_values"]) is values
    assert feeds_for(["input_values", "attention_mask"]) is values_and_mask
    with pytest.raises(ProviderError, match="takes pixels; a turn model takes input_features or input_values"):
        feeds_for(["pixels"])


def test_a_picture_has_the_end_of_the_turn_on_its_right(question: bytes) -> None:
    made = picture(question)["input_features"]
    assert made.shape == (1, 80, 800)
    assert made[0, :, 100].std() < made[0, :, 760].std()
    assert np.array_equal(picture(bytes(2 * 16_000 * 20) + question)["input_features"], made)


def test_samples_begin_on_the_left_and_the_mask_says_where_they_end(question: bytes) -> None:
    made = values_and_mask(question)
    length = len(question) // 2
    assert made["input_values"].shape == made["attention_mask"].shape == (1, 256_000)
    assert made["attention_mask"].dtype == np.int64
    assert int(made["attention_mask"].sum()) == length
    assert made["input_values"][0, :length].any()
    assert not made["input_values"][0, length:].any()
    assert np.array_equal(values(question)["input_values"][0], made["input_values"][0, :length])


@pytest.mark.parametrize("make", [picture_model, values_model])
async def test_it_hears_the_pause(make: object, question: bytes, tmp_path: pathlib.Path) -> None:
    detector = OnnxTurnDetector(make(tmp_path / "turn.onnx"))  # type: ignore[operator]
    loud = question[:14_000]
    assert await detector.judge(question + PAUSE) > 0.9
    assert await detector.judge(loud) < 0.1
    await detector.aclose()


async def test_it_knows_how_long_the_turn_is(question: bytes, tmp_path: pathlib.Path) -> None:
    detector = OnnxTurnDetector(masked_model(tmp_path / "turn.onnx"))
    assert await detector.judge(question + PAUSE * 3) > 0.9
    assert await detector.judge(question[:6400]) < 0.1
    await detector.aclose()


async def test_what_is_no_probability_is_refused(question: bytes, tmp_path: pathlib.Path) -> None:
    detector = OnnxTurnDetector(picture_model(tmp_path / "turn.onnx", share=3))
    with pytest.raises(BadAnswer, match="which is no probability"):
        await detector.judge(question + PAUSE)
    await detector.aclose()


async def test_a_file_that_is_none_is_told(tmp_path: pathlib.Path) -> None:
    broken = tmp_path / "turn.onnx"
    broken.write_bytes(b"<html>not found</html>")
    steps = [step async for step in OnnxTurnDetector(broken).check()]
    assert [step.ok for step in steps] == [False]
    assert "cannot be used" in steps[0].detail
    assert "ONNX form" in steps[0].advice


async def test_another_model_is_told(tmp_path: pathlib.Path) -> None:
    steps = [step async for step in OnnxTurnDetector(other_model(tmp_path / "turn.onnx")).check()]
    assert "takes pixels" in steps[0].detail
    assert "Smart Turn" in steps[0].advice


async def test_check_says_how_long_it_takes(tmp_path: pathlib.Path) -> None:
    detector = OnnxTurnDetector(picture_model(tmp_path / "turn.onnx"))
    load, judge = [step async for step in detector.check()]
    assert load.ok
    assert load.detail.startswith(str(tmp_path))
    assert judge.ok
    assert judge.detail.endswith(" ms")
    await detector.aclose()
