"""ICE-lite: who is answered, where the peer is, and when it is given up."""

from __future__ import annotations

from salon.rtc import ice, stun
from salon.rtc.ice import Changed, Credentials, IceLite, Proved, Selected, Send

LOCAL = Credentials("ours", "our-password-of-22-chars")
WIFI, PHONE = ("192.0.2.1", 5000), ("198.51.100.7", 6000)


def check(
    *extra: tuple[int, bytes],
    username: str = "ours:theirs",
    password: str | None = LOCAL.password,
    nominate: bool = False,
) -> stun.Message:
    attributes = [
        (stun.USERNAME, username.encode()),
        (stun.PRIORITY, bytes(4)),
        (stun.ICE_CONTROLLING, bytes(8)),
        *extra,
    ]
    if nominate:
        attributes.append((stun.USE_CANDIDATE, b""))
    message = stun.parse(stun.build(stun.BINDING_REQUEST, b"transaction!", attributes, password))
    assert message is not None
    return message


def agent() -> IceLite:
    return IceLite(LOCAL, "theirs", now=0)


def receive(machine: IceLite, message: stun.Message, source: tuple[str, int] = WIFI, now: int = 0) -> list[ice.Output]:
    return machine.receive(message, source, *source, now)


def answer(outputs: list[ice.Output]) -> stun.Message:
    sent = [output for output in outputs if isinstance(output, Send)]
    assert len(sent) == 1
    message = stun.parse(sent[0].data)
    assert message is not None
    return message


def test_the_first_check_is_answered_and_connects() -> None:
    machine = agent()
    outputs = receive(machine, check())
    reply = answer(outputs)
    assert reply.type == stun.BINDING_SUCCESS
    assert reply.is_signed_with(LOCAL.password)
    assert stun.read_xor_address(reply.attributes[stun.XOR_MAPPED_ADDRESS], reply.transaction_id) == WIFI
    assert outputs[1:] == [Proved(WIFI), Selected(WIFI), Changed("connected")]


def test_the_newest_nomination_wins() -> None:
    machine = agent()
    receive(machine, check(nominate=True), WIFI)
    outputs = receive(machine, check(), PHONE, 10)
    assert [o for o in outputs if isinstance(o, Selected)] == []
    assert receive(machine, check(nominate=True), PHONE, 20)[1:] == [Selected(PHONE)]
    assert machine.selected == PHONE


def test_strangers_get_no_further() -> None:
    machine = agent()
    for message, code in (
        (check(username="other:theirs"), 401),
        (check(username="ours:somebody"), 401),
        (check(password="wrong-password-of-22-ch"), 401),
        (check(password=None), 400),
    ):
        outputs = receive(machine, message)
        assert answer(outputs).error_code == code
        assert len(outputs) == 1
    assert machine.state == "waiting"
    assert machine.selected is None


def test_what_is_not_understood_is_named() -> None:
    reply = answer(receive(agent(), check((0x7FFF, b"what?"))))
    assert reply.error_code == 420
    assert reply.attributes[stun.UNKNOWN_ATTRIBUTES] == b"\x7f\xff"


def test_a_peer_that_is_controlled_too_is_told_so() -> None:
    attributes = [(stun.USERNAME, b"ours:theirs"), (stun.PRIORITY, bytes(4)), (stun.ICE_CONTROLLED, bytes(8))]
    message = stun.parse(stun.build(stun.BINDING_REQUEST, b"transaction!", attributes, LOCAL.password))
    assert message is not None
    assert answer(receive(agent(), message)).error_code == 487


def test_no_refusal_is_larger_than_what_it_refuses() -> None:
    tiny = stun.parse(stun.build(stun.BINDING_REQUEST, b"transaction!", [(stun.USERNAME, b"a")]))
    assert tiny is not None
    for output in receive(agent(), tiny):
        assert isinstance(output, Send) and len(output.data) <= len(tiny.raw)


def test_a_restart_keeps_the_old_way_until_the_new_one_is_nominated() -> None:
    machine = agent()
    receive(machine, check(nominate=True), WIFI)
    machine.restart(Credentials("new", "new-password-of-22-chars"), "newer")
    assert machine.ufrags == ("ours", "new")
    assert machine.local.ufrag == "new"
    assert answer(receive(machine, check(nominate=True), WIFI, 5)).type == stun.BINDING_SUCCESS
    fresh = check(username="new:newer", password="new-password-of-22-chars", nominate=True)
    assert Selected(PHONE) in receive(machine, fresh, PHONE, 10)
    assert machine.ufrags == ("new",)
    assert answer(receive(machine, check(), WIFI, 20)).error_code == 401


def test_silence_is_noticed_and_forgiven_and_in_the_end_final() -> None:
    machine = agent()
    receive(machine, check(), now=100)
    assert machine.wake_at() == 100 + ice.DISCONNECTED_MS
    assert machine.wake(5_000) == []
    assert machine.wake(5_100) == [Changed("disconnected")]
    assert machine.touch(6_000) == [Changed("connected")]
    assert machine.wake(11_000) == [Changed("disconnected")]
    assert machine.wake(36_000) == [Changed("over", "the peer fell silent")]
    assert machine.wake_at() is None
    assert receive(machine, check(), now=36_001) == []


def test_who_never_comes_is_not_waited_for() -> None:
    machine = agent()
    assert machine.wake_at() == ice.NEVER_CAME_MS
    assert machine.wake(ice.NEVER_CAME_MS) == [Changed("over", "no packet ever came")]


def test_one_late_wake_passes_through_all_states() -> None:
    machine = agent()
    receive(machine, check())
    assert machine.wake(100_000) == [Changed("disconnected"), Changed("over", "the peer fell silent")]


def test_the_addresses_of_one_peer_are_bounded() -> None:
    machine = agent()
    receive(machine, check(nominate=True), WIFI)
    for port in range(200):
        receive(machine, check(), ("192.0.2.9", port), port)
    assert machine.selected == WIFI
    assert len(machine._sources) == ice.MAX_SOURCES


def test_a_way_that_is_gone_is_left() -> None:
    machine = agent()
    receive(machine, check(nominate=True), WIFI)
    receive(machine, check(), PHONE, 5)
    assert machine.forget(("192.0.2.99", 1)) == []
    assert machine.forget(WIFI) == [Selected(PHONE)]
    assert machine.forget(PHONE) == []
    assert machine.selected is None


def test_passwords_stay_out_of_sight() -> None:
    assert LOCAL.password not in repr(LOCAL)


def test_more_addresses_than_are_kept_are_forgotten_by_name() -> None:
    agent = ice.IceLite(LOCAL, "theirs", 0)
    forgotten = []
    for number in range(ice.MAX_SOURCES + 3):
        outputs = agent.receive(check(), number, "192.0.2.1", number, number)
        forgotten += [each.source for each in outputs if isinstance(each, ice.Forgotten)]
    assert forgotten == [1, 2, 3], "the oldest, but never the one that is used"


def test_a_stranger_gets_no_answer_larger_than_its_check() -> None:
    agent = ice.IceLite(LOCAL, "theirs", 0)
    name = f"{LOCAL.ufrag}:theirs".encode()
    bare = stun.build(stun.BINDING_REQUEST, bytes(12), [(stun.USERNAME, name)], LOCAL.password)[:-8]
    message = stun.parse(bare[:2] + (len(bare) - 20).to_bytes(2, "big") + bare[4:])
    assert message is not None
    assert agent.receive(message, "a", "2001:db8::1", 5, 0) == []
    assert agent.state == "waiting"
