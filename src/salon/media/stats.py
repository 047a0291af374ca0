"""A peer in numbers (``ports.media_stats.PeerStats``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from salon.ports.media_stats import AudioStats, InboundStats, OutboundStats, PeerStats

if TYPE_CHECKING:
    from salon.media.peer import Peer


def of_peer(peer: Peer, now: int) -> PeerStats:
    transport, outbound, history = peer.transport, peer.outbound, peer.history
    kind, remote = transport.way
    rtt = outbound.round_trip.ms if outbound.round_trip.ms is not None else transport.proof.rtt
    profile = transport.keys.profile.name.decode() if transport.keys is not None else ""
    return PeerStats(
        id=peer.id,
        state=peer.state,
        age_ms=now - peer.began,
        transport=kind,
        local=f"{kind} {peer.house.udp.port}" if kind else "",
        remote=remote,
        dtls_cipher=transport.proof.cipher,
        srtp_profile=profile,
        rtt_ms=rtt,
        estimate=outbound.estimator.estimate if outbound.outputs else None,
        received=transport.received,
        sent=transport.sent,
        received_bitrate=sum(layer.rate.bits(now) for layer in peer.inbound.layers),
        sent_bitrate=outbound.sending,
        send_queue=transport.waiting,
        dropped=transport.broken,
        first_packet_in_ms=_after(peer, history.when("first packet in")),
        first_packet_out_ms=_after(peer, history.when("first packet out")),
        inbound=_inbound(peer, now),
        outbound=_outbound(peer),
        audio=_audio(peer),
    )


def _after(peer: Peer, at: int | None) -> int | None:
    return None if at is None else at - peer.began


def _inbound(peer: Peer, now: int) -> tuple[InboundStats, ...]:
    found = []
    for layer in peer.inbound.layers:
        receiver, source = layer.receiver, layer.source
        block = peer.inbound.blocks.get(layer.ssrc)
        found.append(
            InboundStats(
                mid=source.mid,
                kind=source.kind,
                codec=source.codec.name,
                rid=layer.rid,
                packets=receiver.packets,
                octets=receiver.octets,
                lost=max(receiver.lost, 0),
                retransmitted=receiver.retransmitted,
                loss=block.fraction / 256 if block is not None else 0.0,
                jitter_ms=receiver.jitter * 1000 / source.codec.clock_rate,
                bitrate=layer.rate.bits(now),
                width=layer.width,
                height=layer.height,
                keyframes=layer.keyframes,
                keyframe_requests=layer.key_requests,
            )
        )
    return tuple(found)


def _outbound(peer: Peer) -> tuple[OutboundStats, ...]:
    found = []
    for output in peer.outbound.outputs:
        forwarder, resender, block = output.forwarder, output.resender, output.report_block
        found.append(
            OutboundStats(
                mid=output.mid,
                kind=output.kind,
                codec=output.codec.name,
                rid=output.layer.rid if output.layer is not None else "",
                packets=forwarder.packets if forwarder is not None else 0,
                octets=forwarder.octets if forwarder is not None else 0,
                repeated=resender.packets if resender is not None else 0,
                dropped=resender.refused if resender is not None else 0,
                loss=block.fraction / 256 if block is not None else 0.0,
                jitter_ms=block.jitter * 1000 / output.codec.clock_rate if block is not None else 0.0,
                bitrate=output.bitrate,
                paused=output.paused,
            )
        )
    return tuple(found)


def _audio(peer: Peer) -> AudioStats | None:
    heard, said = peer.ears, peer.voice
    if heard is None:
        return None
    return AudioStats(
        frames=heard.frames,
        decoded=heard.decoded,
        recovered=heard.recovered,
        concealed=heard.concealed,
        silent=heard.silent,
        buffer_ms=heard.jitter.depth,
        late=heard.jitter.late,
        sent=said.sent if said is not None else 0,
        queued_ms=said.queued_ms if said is not None else 0,
    )
