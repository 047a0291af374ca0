"""Identifiers: a short prefix that tells the kind, then letters and digits."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import count

NewId = Callable[[str], str]
"""Makes a new identifier from a prefix: ``new_id("item")`` gives ``item_…``. Who holds the randomness passes it in."""

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_OF_WORKER = re.compile(r"[a-z]+_([0-9]{1,3})-")


def from_random_bytes(prefix: str, random: bytes) -> str:
    """An identifier whose 21 characters come from at least 21 random bytes."""
    return prefix + "_" + "".join(ALPHABET[byte % 62] for byte in random[:21])


def counting() -> NewId:
    """Identifiers that count from one in each prefix: ``item_1``, ``item_2``. For replays and tests."""
    counters: dict[str, count[int]] = {}

    def new_id(prefix: str) -> str:
        return f"{prefix}_{next(counters.setdefault(prefix, count(1)))}"

    return new_id


def of_worker(worker: int, new_id: NewId) -> NewId:
    """Identifiers that say in which process they were made: ``live_2-…``."""

    def new_id_there(prefix: str) -> str:
        kind, _, rest = new_id(prefix).partition("_")
        return f"{kind}_{worker}-{rest}"

    return new_id_there


def worker_of(identifier: str) -> int | None:
    """The worker that ``of_worker`` wrote into an identifier; None where there is none."""
    found = _OF_WORKER.match(identifier)
    return int(found[1]) if found else None
