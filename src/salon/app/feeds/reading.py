"""What a feed gives: readings, and once for each key what it is."""

from __future__ import annotations

import msgspec


class About(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a key means: its name in English and Chinese, its group, its unit and how many decimals make sense."""

    en: str
    zh: str
    group: str
    unit: str = ""
    digits: int = 2


class Reading(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """A key's value. ``at`` is milliseconds since 1970, ``open`` what changes are counted from, ``volume`` what was traded."""

    key: str
    value: float
    at: int
    open: float | None = None
    volume: int | None = None
