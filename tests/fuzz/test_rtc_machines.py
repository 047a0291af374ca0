"""Whatever packets and feedback come, in whatever order, the machines of media stay within their bounds and raise nothing."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from salon.rtc import counters, keyframes, rtcp, rtp, vp8, vp9
from salon.rtc.bandwidth import CEILING, FLOOR, Estimator
from salon.rtc.coarse import Coarse
from salon.rtc.feedback import MAX_WINDOW, Remb, RoundTrip, TransportArrivals
from salon.rtc.forward import MAX_STRETCHES, Forwarder
from salon.rtc.jitter import MAX_PACKETS, JitterBuffer, Lost
from salon.rtc.layers import Allocator, Rate
from salon.rtc.outgoing import Writer
from salon.rtc.probe import SendLog
from salon.rtc.receive import MAX_MISSING, Receiver
from salon.rtc.retransmit import History, Resender, Rtx, original

U16, U32 = st.integers(0, 2**16 - 1), st.integers(0, 2**32 - 1)
# Near each other as well as anywhere: bugs live where counters meet.
NUMBER = st.integers(65_530, 65_545).map(lambda value: value % 65_536) | U16
PACKETS = st.lists(
    st.tuples(NUMBER, U32 | st.integers(0, 9).map(lambda n: n * 960), st.binary(max_size=12), st.integers(0, 60)),
    max_size=60,
)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(["vp8", "vp9", "h264", "h265", "av1"]), st.binary(max_size=80))
def test_payloads(codec: str, payload: bytes) -> None:
    assert keyframes.starts_keyframe(codec, payload) in (True, False)
    size = keyframes.resolution(codec, memoryview(payload))
    assert size is None or all(0 <= side <= 16_384 for side in size)
    for parse in (vp8.parse, vp9.parse):
        data = bytearray(payload)
        counters.apply(parse, data, 0, counters.continued(parse, payload, counters.Shift(5, 5), payload[::-1]))
        assert len(data) == len(payload)


@settings(max_examples=200, deadline=None)
@given(PACKETS, st.lists(st.sampled_from([1, 2, None]), max_size=60))
def test_forwarding_and_repeats(packets: list[tuple[int, int, bytes, int]], switches: list[int | None]) -> None:
    log = SendLog()
    writer = Writer(mid_id=1, mid=b"0", transport_sequence=2, allocate=log.sent)
    viewer = Forwarder(ssrc=9, payload_type=96, clock_rate=90_000, writer=writer, codec="vp8")
    resender = Resender(viewer, Rtx(10, 97, 0))
    histories = {1: History(16), 2: History(16)}
    now = 0
    for index, (sequence, timestamp, payload, passed) in enumerate(packets):
        now += passed
        if index < len(switches):
            wanted = switches[index]
            if wanted is None:
                viewer.pause()
            else:
                viewer.switch(wanted, offset=timestamp if index % 2 else None, at_once=index % 3 == 0)
        packet = rtp.parse(rtp.build(payload_type=96, sequence=sequence, timestamp=timestamp, ssrc=1, payload=payload))
        assert packet is not None
        source = 1 + (timestamp & 1)
        histories[source].keep(packet, now)
        out = viewer.forward(source, packet, bool(timestamp & 2), now)
        if out is not None:
            found = rtp.parse(bytes(out))
            assert found is not None and found.ssrc == 9
            assert found.end - found.payload == len(payload)
        for answer in resender.answer([sequence, viewer.highest & 0xFFFF], histories, now):
            repeated = rtp.parse(bytes(answer))
            assert repeated is not None
            original(repeated, 9, 96)
        assert len(resender.pad(300, histories, now)) <= 64
        assert len(viewer._stretches) <= MAX_STRETCHES


@settings(max_examples=200, deadline=None)
@given(PACKETS)
def test_receiving(packets: list[tuple[int, int, bytes, int]]) -> None:
    receiver, buffer, arrivals, rate = Receiver(7, 48_000), JitterBuffer(), TransportArrivals(1), Rate()
    now = 0
    for sequence, timestamp, payload, passed in packets:
        now += passed
        if receiver.receive(sequence, timestamp, len(payload), now):
            buffer.push(sequence, timestamp, payload, now)
        buffer.push(sequence, timestamp, payload, now)
        rate.add(len(payload), now)
        for _ in range(MAX_PACKETS):
            item = buffer.pull(now)
            if item is None:
                break
            assert isinstance(item, bytes | Lost)
        arrivals.arrived(sequence, now * 1_000)
        assert len(receiver.nack(now)) <= receiver.missing + 1 <= MAX_MISSING + 1
        assert buffer.waiting <= MAX_PACKETS
        assert rate.bits(now) >= 0 and receiver.jitter >= 0
        report = receiver.report(now)
        assert rtcp.parse(rtcp.build(rtcp.ReceiverReport(1, (report,)))) != []
        if sequence & 1:
            for packet in arrivals.build(now):
                assert rtcp.parse(rtcp.build(packet)) != []
            assert len(arrivals._arrivals) <= MAX_WINDOW


FEEDBACK = st.builds(
    rtcp.TransportFeedback,
    U32,
    U32,
    NUMBER,
    st.integers(0, 255),
    st.lists(st.none() | st.integers(0, 2**30 * 1_000), max_size=60).map(tuple),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 300), FEEDBACK), max_size=30), st.integers(0, 10**9))
def test_estimates(told: list[tuple[int, int, rtcp.TransportFeedback]], wanted: int) -> None:
    log = SendLog()
    log.next = 65_520
    estimator, allocator = Estimator(log), Allocator()
    now = 0
    for sent, passed, feedback in told:
        for _ in range(sent):
            log.sent(1_200, now)
        now += passed
        estimator.feedback(feedback, now)
        assert FLOOR <= estimator.estimate <= CEILING
        assert 0 <= estimator.probe(wanted, now) < 10**8
        allocator.choose([("a", 10), ("b", wanted)], estimator.estimate, 40_000, now)
        assert allocator.wanted([("a", 10), ("b", wanted)], 40_000) >= 0


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(U32, U32, st.integers(0, 255), st.integers(0, 10**10)), max_size=20))
def test_reports(blocks: list[tuple[int, int, int, int]]) -> None:
    trip, remb, coarse, estimate = RoundTrip(), Remb(), Coarse(), FLOOR
    for index, (last_sr, delay, fraction, bitrate) in enumerate(blocks):
        trip.sent(last_sr << 16, 1_000 * index)
        trip.heard(rtcp.ReportBlock(1, fraction, 0, 0, 0, last_sr, delay), 1_000 * index + 50)
        assert trip.ms is None or trip.ms >= 0
        limit = remb.update(bitrate, fraction, 1_000 * index)
        assert limit is None or Remb.FLOOR <= limit <= Remb.CEILING
        estimate = coarse.remb(estimate, bitrate, delay, 1_000 * index)
        estimate = coarse.attempt(estimate, bitrate, 1_000 * index)
        estimate = coarse.report(estimate, fraction / 256, trip.ms, bitrate, 1_000 * index + 500)
        assert FLOOR <= estimate <= CEILING
