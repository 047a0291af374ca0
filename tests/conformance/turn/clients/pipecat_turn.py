"""Pipecat's own analyzer, with the weights of Smart Turn 3 that come in its package: what it makes of each recording.

Prints where the weights are, and a probability for each file.
"""

import json
import sys
import wave
from importlib.resources import files

import numpy as np
from loguru import logger

logger.remove()

from pipecat.audio.turn.smart_turn.local_smart_turn_v3 import LocalSmartTurnAnalyzerV3  # noqa: E402

weights = files("pipecat.audio.turn.smart_turn.data").joinpath("smart-turn-v3.2-cpu.onnx")
analyzer = LocalSmartTurnAnalyzerV3(smart_turn_model_path=str(weights))
found = []
for name in sys.argv[1:]:
    with wave.open(name) as file:
        sound = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float32) / 32768
    found.append(analyzer._predict_endpoint(sound)["probability"])
print(json.dumps({"weights": str(weights), "probabilities": found}))
