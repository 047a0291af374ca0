"""The engine and the broadcasts, as the configuration wants them."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from salon.app.clock import SystemClock
from salon.app.config import Config, LiveSettings, Media, Server
from salon.app.media import MediaHouse, MediaMetrics, settings_of, try_ports
from salon.base.errors import ConfigError
from salon.base.ids import counting
from salon.media.tcp import Connection
from salon.rtc import sdp
from tests.fakes.media import offer_text


def house(config: Config) -> MediaHouse:
    return MediaHouse(config, SystemClock(), counting())


@pytest.mark.parametrize(
    ("server", "port", "spare"),
    [
        (Server(), 8000, True),
        (Server(port=9000), 9000, True),
        (Server(udp_port=8001), 8001, False),
        (Server(port=0), 0, True),
    ],
)
def test_the_udp_port_is_the_one_asked_for_or_http_s(server: Server, port: int, spare: bool) -> None:
    settings = settings_of(Config(server=server))
    assert (settings.port, settings.spare) == (port, spare)


def test_each_worker_s_port_is_tried() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        (alone,) = try_ports(Config(server=Server(udp_port=port)))
        first, second = try_ports(Config(server=Server(udp_port=port, workers=2)))
    assert (alone.ok, first.ok) == (False, False)
    assert f"UDP port {port} of 127.0.0.1" in alone.detail
    assert str(port + 1) in second.detail


@pytest.mark.parametrize(
    ("server", "media", "own", "shared"),
    [
        (Server(), Media(), False, True),
        (Server(udp_port=8000), Media(), False, True),
        (Server(), Media(tcp=False), False, False),
        (Server(udp_port=8001), Media(), True, False),
        (Server(udp_port=8001), Media(tcp=False), False, False),
        (Server(port=0), Media(), True, False),
    ],
)
async def test_tcp_has_a_port_of_its_own_or_http_s(server: Server, media: Media, own: bool, shared: bool) -> None:
    config = Config(server=server, media=media)
    assert settings_of(config).tcp is own
    framed = house(config).share_tcp()()
    assert isinstance(framed, Connection) if shared else framed is None


@pytest.mark.parametrize(("host", "v6"), [("0.0.0.0", False), ("::", True)])
async def test_peers_are_told_of_http_s_port_whatever_udp_s_is(host: str, v6: bool) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        announce = Media(announce=("203.0.113.7", "2001:db8::7"))
        media = house(Config(server=Server(host=host, port=port), media=announce))
        media.share_tcp()
        async with media:
            told = [(each.host, each.port) for each in media.engine.candidates if each.transport == "tcp"]
            assert media.engine.udp.port != port
    assert told == [("203.0.113.7", port), *([("2001:db8::7", port)] if v6 else [])]


@pytest.mark.parametrize(
    ("server", "ports"),
    [
        (Server(), [8001, 8002, 8003]),
        (Server(udp_port=9000), [9000, 9001, 9002]),
        (Server(udp_port=8000), [8001, 8002, 8003]),
        (Server(udp_port=7999), [7999, 8001, 8002]),
        (Server(port=0), [0, 0, 0]),
    ],
)
def test_each_worker_has_a_port_of_its_own_for_udp_and_tcp(server: Server, ports: list[int]) -> None:
    found = [settings_of(Config(server=server), worker) for worker in (1, 2, 3)]
    assert [settings.port for settings in found] == ports
    assert all(settings.tcp for settings in found)


def test_there_are_only_so_many_ports() -> None:
    with pytest.raises(ConfigError, match="lower udp_port"):
        settings_of(Config(server=Server(udp_port=65_535, workers=2)), 2)


async def test_mounted_in_another_application_there_is_no_tcp_on_http_s_port() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    async with house(Config(server=Server(port=port))) as media:
        assert {each.transport for each in media.engine.candidates} == {"udp"}


@pytest.mark.parametrize(("host", "bound"), [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", ""), ("::", "")])
def test_media_listens_where_http_does(host: str, bound: str) -> None:
    assert settings_of(Config(server=Server(host=host))).host == bound


def test_announced_addresses_are_told_once() -> None:
    config = Config(server=Server(public_ip="203.0.113.7"), media=Media(announce=("203.0.113.7", "2001:db8::7")))
    assert settings_of(config).announce == ("203.0.113.7", "2001:db8::7")


async def test_a_port_that_is_taken_is_a_mistake_only_where_it_was_asked_for() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        async with house(Config(server=Server(port=port))) as media:
            assert media.engine.udp.port != port
        with pytest.raises(ConfigError, match=str(port)):
            async with house(Config(server=Server(port=9000, udp_port=port))):
                pass


async def test_leaving_ends_broadcasts_and_gives_the_port_back() -> None:
    async with house(Config(server=Server(port=0))) as media:
        port = media.engine.udp.port
        await media.live.publish("studio", "ann", sdp.parse(offer_text()))
        assert len(media.engine.peers) == 1
    assert media.live.broadcasts == ()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as again:
        again.bind(("127.0.0.1", port))


async def test_recordings_have_a_folder_or_there_are_none(tmp_path: Path) -> None:
    assert not house(Config()).live.records
    media = house(Config(live=LiveSettings(recordings=str(tmp_path / "r"), record_all=True)))
    assert media.live.records
    assert media.folder == tmp_path / "r"
    with pytest.raises(ConfigError, match="folder"):
        house(Config(live=LiveSettings(record_all=True)))


async def test_metrics_are_the_engine_s_and_the_broadcasts() -> None:
    registry = CollectorRegistry()
    async with house(Config(server=Server(port=0))) as media:
        registry.register(MediaMetrics(media))
        await media.live.publish("studio", "ann", sdp.parse(offer_text()))
        text = generate_latest(registry).decode()
    assert "salon_media_peers 1.0" in text
    assert 'salon_broadcasts{state="starting"} 1.0' in text
    assert 'salon_media_packets_total{way="received"} 0.0' in text
