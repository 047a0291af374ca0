"""Turn models small enough to be made in a test: real graphs that ONNX Runtime runs, with the inputs of Smart Turn 2 and 3.

They judge by something simple: whether it is quiet at the end, or how long the turn is.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def picture_model(path: Path, *, share: float = 1.0) -> Path:
    """``input_features`` as of Smart Turn 3: finished if the last 200 ms are as quiet as it gets."""
    nodes = [
        helper.make_node("Slice", ["input_features", "from", "to", "axis"], ["end"]),
        helper.make_node("ReduceMean", ["end"], ["level"], axes=[1, 2], keepdims=0),
        helper.make_node("ReduceMin", ["input_features"], ["floor"], axes=[1, 2], keepdims=0),
        helper.make_node("Sub", ["level", "floor"], ["above"]),
        helper.make_node("Sub", ["half", "above"], ["below"]),
        helper.make_node("Mul", ["below", "steep"], ["x"]),
        helper.make_node("Sigmoid", ["x"], ["p"]),
        helper.make_node("Mul", ["p", "share"], ["flat"]),
        helper.make_node("Reshape", ["flat", "shape"], ["logits"]),
    ]
    constants = {
        "from": np.array([780], np.int64),
        "to": np.array([800], np.int64),
        "axis": np.array([2], np.int64),
        "half": np.float32(0.2),
        "steep": np.float32(20),
        "share": np.float32(share),
        "shape": np.array([-1, 1], np.int64),
    }
    return _save(path, nodes, constants, {"input_features": (TensorProto.FLOAT, ["batch", 80, 800])}, "logits")


def values_model(path: Path) -> Path:
    """``input_values`` as of Smart Turn 2: finished if the last 200 ms are quiet."""
    nodes = [
        helper.make_node("Slice", ["input_values", "from", "to", "axis"], ["end"]),
        helper.make_node("ReduceSumSquare", ["end"], ["energy"], axes=[1], keepdims=1),
        helper.make_node("Div", ["energy", "many"], ["level"]),
        helper.make_node("Sub", ["half", "level"], ["below"]),
        helper.make_node("Mul", ["below", "steep"], ["x"]),
        helper.make_node("Sigmoid", ["x"], ["probabilities"]),
    ]
    constants = {
        "from": np.array([-3200], np.int64),
        "to": np.array([2**31], np.int64),
        "axis": np.array([1], np.int64),
        "many": np.float32(3200),
        "half": np.float32(0.1),
        "steep": np.float32(60),
    }
    return _save(path, nodes, constants, {"input_values": (TensorProto.FLOAT, ["batch", "length"])}, "probabilities")


def masked_model(path: Path) -> Path:
    """``input_values`` and ``attention_mask``: finished if the turn is longer than a second, and there is sound where the mask
    says so and none where it does not."""
    nodes = [
        helper.make_node("Cast", ["attention_mask"], ["mask"], to=TensorProto.FLOAT),
        helper.make_node("ReduceSum", ["mask", "axis"], ["length"], keepdims=1),
        helper.make_node("Div", ["length", "rate"], ["seconds"]),
        helper.make_node("Sub", ["seconds", "one"], ["longer"]),
        helper.make_node("Mul", ["longer", "steep"], ["x"]),
        helper.make_node("Sigmoid", ["x"], ["long"]),
        helper.make_node("Sub", ["one", "mask"], ["outside"]),
        helper.make_node("Mul", ["input_values", "outside"], ["strays"]),
        helper.make_node("ReduceSumSquare", ["strays"], ["stray"], axes=[1], keepdims=1),
        helper.make_node("Sub", ["long", "stray"], ["probabilities"]),
    ]
    constants = {
        "axis": np.array([1], np.int64),
        "rate": np.float32(16_000),
        "one": np.float32(1),
        "steep": np.float32(8),
    }
    inputs = {
        "input_values": (TensorProto.FLOAT, ["batch", 256_000]),
        "attention_mask": (TensorProto.INT64, ["batch", 256_000]),
    }
    return _save(path, nodes, constants, inputs, "probabilities")


def other_model(path: Path) -> Path:
    """A graph that is no turn model."""
    nodes = [helper.make_node("Identity", ["pixels"], ["labels"])]
    return _save(path, nodes, {}, {"pixels": (TensorProto.FLOAT, ["batch", 3])}, "labels")


def _save(
    path: Path,
    nodes: Sequence[onnx.NodeProto],
    constants: dict[str, np.ndarray | np.float32],
    inputs: dict[str, tuple[int, list[str | int]]],
    output: str,
) -> Path:
    graph = helper.make_graph(
        nodes,
        "turn",
        [helper.make_tensor_value_info(name, kind, shape) for name, (kind, shape) in inputs.items()],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, ["batch", None])],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString())
    return path
