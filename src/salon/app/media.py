"""Audio and video in this process: the engine, and the live broadcasts that it carries. Started and stopped together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from salon.app.config import Config, Server
from salon.app.first_bytes import Take
from salon.base.errors import ConfigError
from salon.base.ids import NewId
from salon.media import udp
from salon.media.engine import Engine, Settings
from salon.media.recorder import DiskRecorder
from salon.ports.clock import Clock
from salon.ports.llm import CheckStep
from salon.session.live import Live, LiveLimits

# An address that takes all connections binds the engine to all addresses too.
ANY = frozenset({"0.0.0.0", "::", ""})  # noqa: S104
MAX_PORT = 65_535


class MediaHouse:
    """``folder`` is where recordings go, None where none do. ``worker`` is which of several this is, from 1; 0
    where there is no other. Raises ``ConfigError``."""

    def __init__(self, config: Config, clock: Clock, new_id: NewId, worker: int = 0) -> None:
        told = config.live
        self._config = config
        self.folder = folder_of(config)
        self.engine = Engine(settings_of(config, worker), clock)
        recorder = None
        if self.folder is not None:
            recorder = DiskRecorder(self.folder, clock, limit=told.recording_max_mb * 1_000_000)
        self.live = Live(
            self.engine,
            clock=clock,
            new_id=new_id,
            limits=LiveLimits(
                broadcasts=told.max_broadcasts, viewers=told.max_viewers, grace_seconds=told.grace_seconds
            ),
            recorder=recorder,
            record_all=told.record_all,
        )

    def share_tcp(self) -> Take:
        """Before the start: whoever listens on HTTP's port hands connections that bring frames to what this gives. Without it,
        there is ICE-TCP only on a port of its own."""
        server = self._config.server
        if not self._config.media.tcp or not _shares(server):
            return lambda: None
        return self.engine.share_tcp(server.host, server.port)

    async def __aenter__(self) -> MediaHouse:
        await self.engine.start()
        return self

    async def __aexit__(self, *exc_info: Any) -> None:
        try:
            await self.live.__aexit__(None, None, None)
        finally:
            await self.engine.aclose()


def folder_of(config: Config) -> Path | None:
    """Where recordings go. Raises ``ConfigError``."""
    told = config.live
    if told.record_all and not told.recordings:
        raise ConfigError("[live] record_all needs a folder: set recordings under [live].")
    return Path(told.recordings).expanduser() if told.recordings else None


def _shares(server: Server) -> bool:
    """Media has HTTP's port number: what comes there over TCP, comes to HTTP's listener."""
    return server.port != 0 and server.udp_port in (0, server.port)


def settings_of(config: Config, worker: int = 0) -> Settings:
    """``worker`` from 1 is one of several: each has a port of its own, one number after the other. Raises ``ConfigError``."""
    server, media = config.server, config.media
    port, shares = server.udp_port or server.port, _shares(server)
    if worker and port:
        # HTTP's own number is left to HTTP, so that every worker has TCP too.
        first, port, shares = port, port + worker - 1, False
        if first <= server.port <= port:
            port += 1
    if port > MAX_PORT:
        raise ConfigError(f"There are not enough ports for {server.workers} workers: choose a lower udp_port.")
    announce = tuple(dict.fromkeys(address for address in (server.public_ip, *media.announce) if address))
    return Settings(
        host="" if server.host in ANY else server.host,
        port=port,
        # A port that nobody has asked for by number may be another when it is taken.
        spare=not server.udp_port,
        announce=announce,
        tcp=media.tcp and not shares,
        limit=media.load_limit,
    )


def try_ports(config: Config) -> Iterator[CheckStep]:
    """Are the UDP ports free that the engines would have?"""
    workers = config.server.workers
    for worker in range(1, workers + 1) if workers > 1 else (0,):
        try:
            settings = settings_of(config, worker)
            udp.bind(settings.host, settings.port).close()
        except ConfigError as error:
            # It may well be Salon itself that has it.
            yield CheckStep("UDP port", False, error.message)
        else:
            yield CheckStep("UDP port", True, f"{settings.port} is free")


class MediaMetrics(Collector):
    """What the engine and the broadcasts count, when Prometheus asks."""

    def __init__(self, media: MediaHouse) -> None:
        self._media = media

    def collect(self) -> Iterable[Metric]:
        stats = self._media.engine.stats()
        yield GaugeMetricFamily("salon_media_peers", "Clients that the media engine serves now.", stats.peers)
        yield GaugeMetricFamily("salon_media_sources", "Tracks that come in now.", stats.sources)
        yield GaugeMetricFamily("salon_media_outputs", "Tracks that go out now.", stats.outputs)
        yield GaugeMetricFamily("salon_media_load", "How busy the engine is; at 1 it refuses new clients.", stats.load)
        yield GaugeMetricFamily(
            "salon_media_lag_seconds", "What three of four ticks of its timer are late by at most.", stats.lag_ms / 1000
        )
        yield CounterMetricFamily("salon_media_late_ticks", "Ticks of its timer 5 ms late or more.", stats.late_ticks)
        yield CounterMetricFamily("salon_media_missed_ticks", "Ticks that did not come at all.", stats.missed_ticks)
        packets = CounterMetricFamily("salon_media_packets", "Packets of media.", labels=["way"])
        packets.add_metric(["received"], stats.received)
        packets.add_metric(["sent"], stats.sent)
        packets.add_metric(["dropped"], stats.dropped)
        packets.add_metric(["unknown"], stats.unknown)
        yield packets
        yield CounterMetricFamily("salon_media_refused", "Clients refused because the engine is busy.", stats.refused)
        ended = CounterMetricFamily(
            "salon_media_ended", "Clients of the engine that are gone, by why.", labels=["reason"]
        )
        for reason, count in stats.ended.items():
            ended.add_metric([reason], count)
        yield ended
        yield from self._live()

    def _live(self) -> Iterable[Metric]:
        broadcasts = self._media.live.broadcasts
        states = GaugeMetricFamily("salon_broadcasts", "Broadcasts now, by state.", labels=["state"])
        for state in ("starting", "live", "interrupted"):
            states.add_metric([state], sum(each.state == state for each in broadcasts))
        yield states
        watching = sum(each.viewer_count for each in broadcasts)
        yield GaugeMetricFamily("salon_viewers", "Viewers of all broadcasts.", watching)
        running = [each.recording.state for each in broadcasts if each.recording is not None]
        yield GaugeMetricFamily("salon_recordings", "Recordings under way.", sum(not each.error for each in running))
