from __future__ import annotations

from salon.base.rooms import Signal, Who
from salon.room.signal import MAX_FROM_ONE, MAX_TO_ONE, WAIT_MS, Forward, Mailbox, Report


def signal(id: str = "1", to: str = "bob", sender: str = "s", topic: str = "signal") -> Signal:
    return Signal(topic, id, Who("alice", sender), to, b"{}")


def test_who_is_there_gets_it_at_once() -> None:
    assert Mailbox().send(signal(), True, 0) == [Forward(signal())]


def test_who_comes_in_time_gets_it_in_order() -> None:
    mailbox = Mailbox()
    assert mailbox.send(signal("1"), False, 0) == []
    assert mailbox.send(signal("2", to="session"), False, 1) == []
    assert mailbox.send(signal("3", to="eve"), False, 2) == []
    assert mailbox.arrive("session", "bob", {"other"}) == [], "it does not hear the topic"
    assert mailbox.arrive("session", "bob", {"signal"}) == [Forward(signal("1")), Forward(signal("2", to="session"))]
    assert mailbox.arrive("session", "bob", {"signal"}) == []
    assert len(mailbox) == 1


def test_who_does_not_come_is_told_of() -> None:
    mailbox = Mailbox()
    mailbox.send(signal(), False, 100)
    assert mailbox.wake_at() == 100 + WAIT_MS
    assert mailbox.wake(99 + WAIT_MS) == []
    [report] = mailbox.wake(100 + WAIT_MS)
    assert isinstance(report, Report)
    assert (report.sender, report.expired.id, report.expired.to, report.expired.reason) == ("s", "1", "bob", "absent")
    assert mailbox.wake_at() is None


def reason(outputs: list[Forward | Report]) -> list[str]:
    return [each.expired.reason for each in outputs if isinstance(each, Report)]


def test_one_sender_cannot_take_the_room_of_others() -> None:
    mailbox = Mailbox()
    for number in range(MAX_FROM_ONE):
        assert mailbox.send(signal(str(number), to=f"to{number}"), False, 0) == []
    assert reason(mailbox.send(signal("x", to="new"), False, 0)) == ["full"]
    assert mailbox.send(signal("y", to="new", sender="t"), False, 0) == []


def test_one_receiver_is_bounded() -> None:
    mailbox = Mailbox()
    for number in range(MAX_TO_ONE):
        assert mailbox.send(signal(str(number), sender=f"s{number}"), False, 0) == []
    assert reason(mailbox.send(signal("x", sender="new"), False, 0)) == ["full"]
