"""A table of settings shows no secret."""

from __future__ import annotations

from typing import ClassVar

from salon.app.config_section import Section


class Door(Section, frozen=True):
    secrets: ClassVar[frozenset[str]] = frozenset({"key", "other"})

    key: str = ""
    other: str = ""
    name: str = ""


def test_what_is_secret_is_not_shown() -> None:
    assert repr(Door(key="hidden", name="seen")) == "Door(key='***', other='', name='seen')"
