from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

from salon.app.rooms_check import try_file
from salon.base.ids import counting
from salon.base.rooms import RoomRecord, TopicRule
from salon.brokers.sqlite import SqliteBroker
from salon.ports.broker import Draft
from tests.fakes.clock import FakeClock


def said(path: Path | str) -> list[tuple[str, bool, str]]:
    return [(step.name, step.ok, step.detail) for step in try_file(str(path))]


def test_no_file_and_one_that_is_not_there_yet(tmp_path: Path) -> None:
    assert said("") == [("file", True, "none: what is said in rooms is gone with the server")]
    [(name, well, detail)] = said(tmp_path / "sub" / "salon.db")
    assert (name, well) == ("file", True) and "is made when something is first kept" in detail
    assert not (tmp_path / "sub").exists()


async def test_a_good_one_in_use_and_then_not(tmp_path: Path) -> None:
    file = tmp_path / "salon.db"
    async with SqliteBroker(file, clock=FakeClock(), new_id=counting()) as broker:
        await broker.publish("r/chat", Draft(data=b"1"), TopicRule())
        await broker.keep(RoomRecord(name="r"))
        assert "a running server has it open" in said(file)[1][2]
    assert said(file)[1] == ("content", True, "whole: 1 messages, 1 rooms that are listed")


def test_a_damaged_one_and_one_of_somebody_else(tmp_path: Path) -> None:
    file = tmp_path / "salon.db"
    file.write_bytes(b"no database" * 1000)
    name, well, detail = said(file)[1]
    assert (name, well) == ("content", False) and "file is not a database" in detail
    other = tmp_path / "other.db"
    with sqlite3.connect(other) as disk:
        disk.execute("CREATE TABLE t (a)")
    disk.close()
    assert not said(other)[1][1]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_one_that_cannot_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert said(tmp_path / "salon.db")[0][1] is False
