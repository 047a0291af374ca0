"""Identifiers: a short prefix that tells the kind, then letters and digits."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

NewId = Callable[[str], str]
"""Makes a new identifier from a prefix: ``new_id("item")`` gives ``item_…``. Who holds the randomness passes it in."""

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def from_random_bytes(prefix: str, random: bytes) -> str:
    """An identifier whose 21 characters come from at least 21 random bytes."""
    return prefix + "_" + "".join(ALPHABET[byte % 62] for byte in random[:21])


def counting() -> NewId:
    """Identifiers that count from one in each prefix: ``item_1``, ``item_2``. For replays and tests."""
    counters: dict[str, count[int]] = {}

    def new_id(prefix: str) -> str:
        return f"{prefix}_{next(counters.setdefault(prefix, count(1)))}"

    return new_id
