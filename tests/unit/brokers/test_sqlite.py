"""What a file adds to the contract: the same is there after the process has ended, and what cannot be there is another epoch."""

from __future__ import annotations

from pathlib import Path

import pytest

from salon.app.build import new_id
from salon.base.errors import ConfigError, Refused
from salon.base.rooms import Change, Kick, Position, RoomRecord, TopicRule
from salon.brokers.sqlite import UNTOUCHED_SECONDS, UNUSED_SECONDS, SqliteBroker
from salon.ports.broker import Draft
from salon.room.policy import Grants, Rules
from salon.session.rooms import Rooms
from tests.fakes.clock import FakeClock
from tests.fakes.rooms import Hearing

LOG, STATE = TopicRule(), TopicRule(mode="state")


def broker(path: Path, clock: FakeClock | None = None, *, lazy: bool = False) -> SqliteBroker:
    return SqliteBroker(path, clock=clock or FakeClock(), new_id=new_id, lazy=lazy)


async def test_logs_and_rooms_outlive_the_process(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "salon.db"
    async with broker(path) as first:
        before = await first.publish("r/chat", Draft(data=b"1", idempotency_key="k"), LOG)
        await first.keep(RoomRecord(name="r", about=b"{}"))
        with pytest.raises(ConfigError, match="another server uses it"):
            await broker(path).__aenter__()
    assert path.stat().st_mode & 0o077 == 0, "what people say is not for every user of the machine"
    async with broker(path) as second:
        assert await second.publish("r/chat", Draft(data=b"1", idempotency_key="k"), LOG) == before
        after = await second.publish("r/chat", Draft(data=b"2"), LOG)
        assert after == Position(2, before.epoch)
        page = await second.history("r/chat", LOG, since=before, limit=9)
        assert [each.data for each in page.publications] == [b"2"]
        assert [each.name for each in await second.rooms()] == ["r"]


async def test_a_ban_outlives_the_process_and_makes_no_file_by_itself(tmp_path: Path) -> None:
    path = tmp_path / "salon.db"
    async with broker(path, lazy=True) as first:
        assert await first.bans() == () and not path.exists()
        await first.ban(Kick("alice", until=2_000_000_000))
    clock = FakeClock()
    second = broker(path, clock, lazy=True)
    async with Rooms(second, Rules(), clock=clock, new_id=new_id) as rooms:
        with pytest.raises(Refused) as refused:
            rooms.enter("alice", Hearing(), grants=Grants.everything())
        assert refused.value.code == "kicked"
        rooms.enter("bob", Hearing(), grants=Grants.everything())


async def test_a_state_is_kept_without_what_is_short_lived(tmp_path: Path) -> None:
    async with broker(tmp_path / "x.db") as first:
        await first.change("r/state", Change(set={"a": b"1", "b": b"1"}), STATE)
        await first.change("r/state", Change(set={"typing": b"1", "b": b"2"}, ttl_ms=60_000), STATE)
        before = await first.change("r/state", Change(set={"p": b"1"}, owner="alice"), STATE)
    async with broker(tmp_path / "x.db") as second:
        image = await second.state("r/state", STATE)
        assert {key: entry.owner for key, entry in image.entries.items()} == {"a": "", "p": "alice"}
        assert image.epoch != before.epoch


async def test_a_file_that_was_lost_begins_another_epoch(tmp_path: Path) -> None:
    async with broker(tmp_path / "x.db") as first:
        before = await first.publish("r/chat", Draft(data=b"1"), LOG)
    for name in ("x.db", "x.db-wal", "x.db-shm"):
        (tmp_path / name).unlink(missing_ok=True)
    async with broker(tmp_path / "x.db") as second:
        assert not (await second.history("r/chat", LOG, since=before, limit=9)).proved


async def test_what_is_old_is_swept(tmp_path: Path) -> None:
    clock = FakeClock()
    async with broker(tmp_path / "x.db", clock) as made:
        before = await made.publish("r/chat", Draft(data=b"1"), TopicRule(seconds=60))
        empty = (await made.history("r/empty", LOG)).position
        clock.pass_ms(61_000)
        await made.sweep()
        assert (await made.history("r/chat", LOG, limit=9)).publications == ()
        assert (await made.history("r/chat", LOG)).position == before
        clock.pass_ms(UNTOUCHED_SECONDS * 1000)
        await made.sweep()
        assert (await made.history("r/chat", LOG)).position == before
        assert (await made.history("r/empty", LOG)).position.epoch != empty.epoch
        clock.pass_ms(UNUSED_SECONDS * 1000)
        await made.sweep()
        assert (await made.history("r/chat", LOG)).position.epoch != before.epoch


async def test_lazily_there_is_no_file_until_something_is_kept(tmp_path: Path) -> None:
    async with broker(tmp_path / "x.db", lazy=True) as made:
        await made.publish("r/feed", Draft(data=b"1", key="k"), TopicRule(mode="latest"))
        await made.sweep()
        assert not (tmp_path / "x.db").exists()
        await made.publish("r/chat", Draft(data=b"1"), LOG)
        assert (tmp_path / "x.db").exists()


async def test_a_file_that_cannot_be_used_is_said_late_or_early(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_bytes(b"this is no database, whatever its name is" * 100)
    with pytest.raises(ConfigError, match="cannot be used for rooms"):
        await broker(tmp_path / "x.db").__aenter__()
    async with broker(tmp_path / "x.db", lazy=True) as made:
        with pytest.raises(Refused) as refused:
            await made.publish("r/chat", Draft(data=b"1"), LOG)
        assert refused.value.code == "broker_unavailable"


async def test_many_at_once_share_a_transaction(tmp_path: Path) -> None:
    import asyncio

    async with broker(tmp_path / "x.db") as made:
        await asyncio.gather(*(made.publish("r/chat", Draft(data=b"1"), LOG) for _ in range(200)))
        assert made.commits < 100
