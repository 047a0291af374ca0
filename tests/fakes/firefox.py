"""A real Firefox as publisher and viewer, without a page of ours, spoken to in WebDriver BiDi, which it serves by itself."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from tests.conformance.environments import ProgramMissing
from tests.fakes.media_house import until

NAMES = ("firefox-esr", "firefox")
PREFERENCES = {
    "media.navigator.streams.fake": True,
    "media.navigator.permission.disabled": True,
    "media.peerconnection.ice.loopback": True,
    "media.peerconnection.ice.obfuscate_host_addresses": False,
    "media.autoplay.default": 0,
    # Debian's brings the plug-in for H.264 from the network; nothing here is to be fetched.
    "media.gmp-manager.updateEnabled": False,
    "app.update.enabled": False,
    "network.proxy.type": 0,
    "datareporting.policy.dataSubmissionEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
}


class Tab:
    """One page with what ``tests.fakes.chromium.SCRIPT`` puts into it."""

    def __init__(self, browser: Firefox, context: str) -> None:
        self._browser = browser
        self._context = context

    async def run(self, script: str, *arguments: Any) -> Any:
        """``script`` is an expression; the arguments are in ``a``. What it gives is carried as JSON."""
        body = f"async (text) => {{ const a = JSON.parse(text); return JSON.stringify(await ({script}) ?? null); }}"
        told = await self._browser.ask(
            "script.callFunction",
            functionDeclaration=body,
            awaitPromise=True,
            target={"context": self._context},
            arguments=[{"type": "string", "value": json.dumps(arguments)}],
            userActivation=True,
        )
        if told["type"] == "exception":
            raise RuntimeError(told["exceptionDetails"]["text"])
        return json.loads(told["result"]["value"])


class Firefox:
    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._numbers = count(1)

    async def ask(self, method: str, **params: Any) -> Any:
        """One command after the other: nobody else speaks on this socket."""
        number = next(self._numbers)
        await self._socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while (message := json.loads(await self._socket.recv())).get("id") != number:
            pass
        if message["type"] == "error":
            raise RuntimeError(f"{method}: {message['error']}: {message['message']}")
        return message["result"]

    async def tab(self, url: str, script: str) -> Tab:
        context = (await self.ask("browsingContext.create", type="tab"))["context"]
        await self.ask("browsingContext.navigate", context=context, url=url, wait="complete")
        tab = Tab(self, context)
        await tab.run(f"(() => {{ {script} }})()")
        return tab


@asynccontextmanager
async def firefox() -> AsyncIterator[Firefox]:
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        raise ProgramMissing("Firefox is not installed (Debian: apt install firefox-esr)")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in PREFERENCES.items()]
        (Path(folder) / "user.js").write_text("\n".join(lines), "utf-8")
        # To a file: its children outlive it by moments, and a pipe that they hold open keeps uvloop from closing (EBUSY). And
        # nobody would read on, for whom it would wait.
        log = Path(folder) / "stderr"
        with log.open("wb") as stderr:
            process = await asyncio.create_subprocess_exec(
                path,
                "--headless",
                "--no-remote",
                "--profile",
                folder,
                "--remote-debugging-port=0",
                stdout=asyncio.subprocess.DEVNULL,
                stderr=stderr,
            )

        def address() -> str:
            found = re.search(r"WebDriver BiDi listening on (ws://\S+)", log.read_text("utf-8", errors="replace"))
            if found is None and process.returncode is not None:
                raise RuntimeError("Firefox ended before it said where to speak to it")
            return found[1] if found else ""

        try:
            url = await until(address, "the address of WebDriver BiDi", 60)
            async with connect(f"{url}/session", max_size=None) as socket:
                browser = Firefox(socket)
                await browser.ask("session.new", capabilities={})
                yield browser
        finally:
            if process.returncode is None:
                process.terminate()
                try:
                    async with asyncio.timeout(10):
                        await process.wait()
                except TimeoutError:
                    process.kill()
                    await process.wait()
