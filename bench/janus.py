"""Janus (VideoRoom) as the baseline of ``bench.forward``: started with a configuration of its own, spoken to over its HTTP API.

Debian: ``apt-get install --no-install-recommends janus`` (1.1.2 in bookworm). GPL-3.0: it is only ever run beside ours.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from bench.machine import process
from salon.rtc import sdp
from tests.fakes.light_peer import Light

ROOM, FEED = 1234, 1
UNUSED_PLUGINS = ("audiobridge", "duktape", "lua", "sip", "nosip")
UNUSED_TRANSPORTS = ("pfunix", "websockets", "mqtt", "nanomsg", "rabbitmq")
LIBRARY = Path("/usr/lib") / "x86_64-linux-gnu" / "janus"


def installed() -> bool:
    return shutil.which("janus") is not None


class Janus:
    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self._http = http
        self._url = url
        self._session = 0
        self._answers: dict[int, asyncio.Queue[Any]] = {}

    async def start(self) -> None:
        self._session = (await self._post(self._url, janus="create"))["data"]["id"]

    async def poll(self) -> None:
        """Events of all handles, for ever."""
        while True:
            async with self._http.get(f"{self._url}/{self._session}?maxev=10") as response:
                events = await response.json()
            for event in events if isinstance(events, list) else [events]:
                if event.get("janus") == "event":
                    self._answers[event["sender"]].put_nowait(event)

    async def publish(self, light: Light) -> None:
        handle = await self._attach()
        await self._ask(handle, request="create", room=ROOM, publishers=1, videocodec="vp8", bitrate=0)
        await self._ask(handle, request="join", ptype="publisher", room=ROOM, id=FEED)
        await self._answers[handle].get()
        # Janus would be the client of DTLS otherwise.
        offer = light.offer.replace("setup:actpass", "setup:active")
        await self._ask(handle, {"type": "offer", "sdp": offer}, request="publish")
        light.answered((await self._answers[handle].get())["jsep"]["sdp"])

    async def watch(self, light: Light) -> None:
        handle = await self._attach()
        await self._ask(handle, request="join", ptype="subscriber", room=ROOM, streams=[{"feed": FEED}])
        offer = (await self._answers[handle].get())["jsep"]["sdp"]
        await self._ask(handle, {"type": "answer", "sdp": answered(light, offer)}, request="start")
        await self._answers[handle].get()
        light.answered(offer)
        light.ssrcs = tuple(media.ssrcs[0] for media in sdp.parse(offer).media if media.ssrcs)

    async def _attach(self) -> int:
        made = await self._post(f"{self._url}/{self._session}", janus="attach", plugin="janus.plugin.videoroom")
        handle: int = made["data"]["id"]
        self._answers[handle] = asyncio.Queue()
        return handle

    async def _ask(self, handle: int, jsep: Any = None, **body: Any) -> None:
        await self._post(
            f"{self._url}/{self._session}/{handle}", janus="message", body=body, **({"jsep": jsep} if jsep else {})
        )

    async def _post(self, url: str, **body: Any) -> Any:
        async with self._http.post(url, data=json.dumps({"transaction": "t", **body})) as response:
            answer = await response.json()
        if answer["janus"] == "error":
            raise RuntimeError(f"Janus: {answer['error']}")
        return answer


def answered(light: Light, offer: str) -> str:
    """A viewer's answer to Janus's offer."""
    lines = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0"]
    fingerprint = light.identity.fingerprints[0].value
    parsed = sdp.parse(offer)
    lines.append("a=group:BUNDLE " + " ".join(media.mid for media in parsed.media))
    for media in parsed.media:
        lines += [
            f"m={media.kind} 9 {media.protocol} {' '.join(media.formats)}",
            "c=IN IP4 0.0.0.0",
            f"a=mid:{media.mid}",
            "a=recvonly",
            "a=rtcp-mux",
            "a=setup:active",
            f"a=ice-ufrag:{light.ufrag}",
            f"a=ice-pwd:{light.password}",
            f"a=fingerprint:sha-256 {fingerprint}",
        ]
        for codec in media.codecs:
            channels = f"/{codec.channels}" if codec.channels > 1 else ""
            lines.append(f"a=rtpmap:{codec.payload_type} {codec.name}/{codec.clock_rate}{channels}")
            lines += [f"a=rtcp-fb:{codec.payload_type} {each}" for each in codec.feedback]
            if "apt" in codec.parameters:
                lines.append(f"a=fmtp:{codec.payload_type} apt={codec.parameters['apt']}")
    return "\r\n".join([*lines, ""])


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def janus(event_loops: int = 0) -> AsyncIterator[tuple[int, Janus]]:
    """Its pid, and a session with it."""
    port = free_port()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "janus.jcfg").write_text(
            f"""general: {{
                configs_folder = "{name}"
                plugins_folder = "{LIBRARY / "plugins"}"
                transports_folder = "{LIBRARY / "transports"}"
                events_folder = "{name}"
                loggers_folder = "{name}"
                debug_level = 4
                event_loops = {event_loops}
            }}
            nat: {{ ice_lite = true }}
            plugins: {{ disable = "{",".join(f"libjanus_{each}.so" for each in UNUSED_PLUGINS)}" }}
            transports: {{ disable = "{",".join(f"libjanus_{each}.so" for each in UNUSED_TRANSPORTS)}" }}
            """
        )
        (folder / "janus.transport.http.jcfg").write_text(
            f"""general: {{
                json = "plain"
                base_path = "/janus"
                http = true
                port = {port}
                ip = "127.0.0.1"
                https = false
            }}
            """
        )
        (folder / "janus.plugin.videoroom.jcfg").write_text("general: {}\n")
        command = ["janus", "-F", name, "-C", str(folder / "janus.jcfg")]
        async with (
            process(command, r"(HTTP webserver started)") as (pid, _),
            aiohttp.ClientSession() as http,
            asyncio.TaskGroup() as tasks,
        ):
            session = Janus(http, f"http://127.0.0.1:{port}/janus")
            await session.start()
            polling = tasks.create_task(session.poll())
            yield pid, session
            polling.cancel()
