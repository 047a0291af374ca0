from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fakes.light_peer import Light


@pytest.fixture(autouse=True)
def sockets_are_closed() -> Iterator[None]:
    """Whatever a test did or failed to do."""
    yield
    while Light.open:
        Light.open.pop().close()
