"""A server with keys lets no visitor in by itself."""

from __future__ import annotations

from salon.app.config import Config
from salon.app.config_support import Support


def test_visitors_are_not_let_in_by_default() -> None:
    assert Config().support == Support(visitors=False, visit_seconds=7 * 24 * 3600)
