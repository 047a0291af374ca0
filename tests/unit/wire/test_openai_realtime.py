"""The reference page of the door says of the protocol what the codec does, no more and no less."""

from __future__ import annotations

import re
from pathlib import Path

from salon.wire.openai_realtime import CLIENT_EVENTS, SERVER_EVENTS
from salon.wire.openai_realtime.settings import MAX_DEPTH, MAX_TOOLS
from salon.wire.openai_realtime.shapes import ResponseIn, SessionIn

PAGE = (Path(__file__).parents[3] / "docs/reference/realtime.md").read_text("utf-8")


def section(title: str) -> str:
    """The text under a heading, up to the next of the same rank or higher."""
    found = re.search(rf"^(#+) {re.escape(title)}$(.*?)(?=^#{{1,2}} |\Z)", PAGE, re.M | re.S)
    assert found is not None, title
    return found[2].partition("\n" + found[1] + " ")[0]


def rows(title: str) -> list[str]:
    """What stands in backquotes in the first column of the table under a heading."""
    cells = [line.split("|")[1] for line in section(title).splitlines() if line.startswith("|")]
    return [name for cell in cells for name in re.findall(r"`([^`]+)`", cell)]


def test_client_events() -> None:
    assert sorted(rows("Client events")) == sorted([*CLIENT_EVENTS, *rows("One response")])


def test_server_events() -> None:
    assert sorted(rows("Server events")) == sorted(SERVER_EVENTS)


def test_session_fields() -> None:
    assert set(rows("Session")) == {*SessionIn.__struct_fields__, "expires_at"}


def test_response_fields() -> None:
    assert set(rows("One response")) == set(ResponseIn.__struct_fields__) - {"salon"}


def test_bounds() -> None:
    assert f"at most {MAX_TOOLS}" in section("Session")
    assert f"deeper than {MAX_DEPTH} levels" in section("Session")


def test_a_section_ends_where_the_next_begins() -> None:
    assert "beta_api_shape_disabled" in section("Connect")
    assert "session.update" not in rows("Which model")
    assert rows("Close codes") == []
