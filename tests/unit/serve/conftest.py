from __future__ import annotations

from functools import partial

import pytest

from tests.fakes.broadcasting import doors


@pytest.fixture(params=["here", "in a worker"])
def wherever_sessions_live(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The module's ``doors``, once with sessions in this process and once in a worker: clients see no difference."""
    monkeypatch.setattr(request.module, "doors", partial(doors, worker=request.param != "here"))
