"""A place of its own for each test: an empty folder, an environment without keys, and the house ``stage``."""

from __future__ import annotations

import logging
import os
import pathlib
import shutil
import sys
from collections.abc import Iterator

import pytest

HOUSES = ("SALON_", "SPARK_", "OPENAI_", "DEEPSEEK_", "DASHSCOPE_", "ARK_", "OLLAMA_", "VLLM_", "STAGE_", "QWEN_")
STAGE = pathlib.Path(__file__).with_name("stage.py")


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> pathlib.Path:
    for name in list(os.environ):
        if name.startswith(HOUSES):
            monkeypatch.delenv(name)
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(autouse=True)
def own_logs() -> Iterator[None]:
    """Commands set up the logs of their process, which here is the tests'."""
    root, house = logging.getLogger(), logging.getLogger("salon")
    handlers, levels = list(root.handlers), (root.level, house.level)
    yield
    root.handlers[:] = handlers
    root.setLevel(levels[0])
    house.setLevel(levels[1])


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """Installs the house ``stage``, for this process and those it starts."""
    site = tmp_path_factory.mktemp("site")
    shutil.copy(STAGE, site / "stage_for_test.py")
    info = site / "stage_for_test-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: stage-for-test\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[salon.providers]\nstage = stage_for_test:house\n")
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setenv("PYTHONPATH", str(site))
    monkeypatch.delitem(sys.modules, "stage_for_test", raising=False)
    return site
