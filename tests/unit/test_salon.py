"""``import salon``: light, and complete for those who look."""

from __future__ import annotations

import subprocess
import sys

import pytest

import salon


def test_the_names() -> None:
    from salon.app.server import Salon
    from salon.session.agent import Agent
    from salon.session.tools import Tool, tool

    assert (salon.Salon, salon.Agent, salon.Tool, salon.tool) == (Salon, Agent, Tool, tool)
    assert set(salon.__all__) <= set(dir(salon)) | set(salon._HOMES)


def test_a_name_that_does_not_exist() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Saloon'"):
        _ = salon.Saloon


def loaded_by(program: str) -> set[str]:
    """The modules that a fresh interpreter has after ``program``."""
    listing = "import sys; print(*sorted(sys.modules), sep='\\n')"
    done = subprocess.run([sys.executable, "-c", f"{program}\n{listing}"], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_importing_is_light() -> None:
    """The time it takes is that of what it imports: none of the parts of the server."""
    heavy = {"starlette", "uvicorn", "aiohttp", "prometheus_client", "uvloop", "websockets"}
    assert not heavy & loaded_by("import salon")
    assert "asyncio" not in loaded_by("import salon")
    assert not heavy & loaded_by("from salon import Agent, tool")
