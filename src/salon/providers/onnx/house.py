"""The house whose models are files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from salon.base.errors import ConfigError
from salon.ports.house import Setting
from salon.ports.llm import Llm
from salon.providers.onnx.detector import OnnxTurnDetector, is_installed


class OnnxHouse:
    name = "onnx"
    title = "Audio turn models in a file 语音轮次模型文件 (ONNX Runtime)"
    default_model = ""
    models: tuple[str, ...] = ()
    turn_models: tuple[str, ...] = ()
    settings: tuple[Setting, ...] = ()

    def llm(self, model: str, settings: Mapping[str, Any]) -> Llm:
        raise ConfigError('the house "onnx" has no language model; it judges turns (onnx:smart-turn-v3.onnx)')

    def turn(self, model: str, settings: Mapping[str, Any]) -> OnnxTurnDetector:
        if not model:
            raise ConfigError('"onnx" needs a file: onnx:smart-turn-v3.onnx')
        path = Path(model).expanduser()
        if not path.is_file():
            raise ConfigError(f"there is no file \"{path}\"; Smart Turn's models are in its authors' repository")
        if not is_installed():
            raise ConfigError('ONNX Runtime is not here: install it with pip install "salon[turn]"')
        return OnnxTurnDetector(path)


house = OnnxHouse()
