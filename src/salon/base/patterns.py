"""Names with a wildcard: rooms, topics and broadcasts that a grant or a rule means."""

from __future__ import annotations

from collections.abc import Sequence


def matches(patterns: Sequence[str], name: str) -> bool:
    """Whether one of ``patterns`` is ``name``; ``*`` stands for any run of characters, nothing else is special."""
    return any(_matches(pattern, name) for pattern in patterns)


def _matches(pattern: str, name: str) -> bool:
    first, *rest = pattern.split("*")
    if not rest:
        return pattern == name
    *middle, last = rest
    if len(first) + len(last) > len(name) or not name.startswith(first) or not name.endswith(last):
        return False
    # The leftmost place of each piece leaves the most room for the next: one pass, whatever the pattern.
    position, end = len(first), len(name) - len(last)
    for piece in middle:
        found = name.find(piece, position, end)
        if found < 0:
            return False
        position = found + len(piece)
    return True
