"""The nearest right name."""

from __future__ import annotations

import pytest

from salon.app.hints import did_you_mean, nearest


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("prot", "port"), ("PORT", "port"), ("spark:4.0ultra", "spark:4.0Ultra"), ("zzz", None), ("", None)],
)
def test_nearest(typed: str, meant: str | None) -> None:
    assert nearest(typed, ["host", "port", "spark:4.0Ultra"]) == meant


def test_did_you_mean() -> None:
    assert did_you_mean("prot", ["port"]) == '; did you mean "port"?'
    assert did_you_mean("sever", ["server"], "[{}]") == "; did you mean [server]?"
    assert did_you_mean("zzz", ["port"]) == ""
