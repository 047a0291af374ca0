"""The nearest right name for a wrong one."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that somebody who typed ``name`` most likely meant, or None."""
    by_folded = {each.casefold(): each for each in known}
    found = difflib.get_close_matches(name.casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[found[0]] if found else None


def did_you_mean(name: str, known: Iterable[str], form: str = '"{}"') -> str:
    """``; did you mean "port"?``, or nothing where no known name is near."""
    found = nearest(name, known)
    return f"; did you mean {form.format(found)}?" if found else ""
