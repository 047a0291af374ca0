"""An environment without keys, and no ``salon.toml`` of the developer's."""

from __future__ import annotations

import os
import pathlib

import pytest

HOUSES = ("SALON_", "SPARK_", "OPENAI_", "DEEPSEEK_", "DASHSCOPE_", "ARK_", "OLLAMA_", "VLLM_", "QWEN_")


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> pathlib.Path:
    for name in list(os.environ):
        if name.startswith(HOUSES):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path
