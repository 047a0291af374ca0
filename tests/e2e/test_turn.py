"""A real coturn: `salon check` says whether it relays, and two browsers in networks that cannot reach each other meet through it.

The networks are namespaces that the test makes: ann and bob each have a cable to the hub, and the hub forwards nothing.
"""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Page, Playwright, expect

from tests.conformance.environments import ProgramMissing
from tests.conftest import CHROMIUM
from tests.e2e.calling import SLOW, Caller, met
from tests.e2e.conftest import ARGUMENTS
from tests.e2e.serving import Salon

pytestmark = pytest.mark.e2e

SECRET = "north-of-the-river"
HUB = "10.77.0.1"
FORWARD = Path(__file__).with_name("forward.py")


def coturn(stack: ExitStack, folder: Path, address: str, port: int, *before: str) -> None:
    """Start one, and return when it takes TCP."""
    program = shutil.which("turnserver")
    if program is None:
        raise ProgramMissing("coturn is not installed (Debian: apt install coturn)")
    options = [
        "-n", f"--listening-ip={address}", f"--relay-ip={address}", f"--listening-port={port}", "--min-port=50000",
        "--max-port=50200", "--use-auth-secret", f"--static-auth-secret={SECRET}", "--realm=salon.test", "--no-tls", "--no-dtls",
        "--no-cli", "--allow-loopback-peers", "--simple-log", f"--log-file={folder / 'turn.log'}",
        f"--pidfile={folder / 'turn.pid'}", f"--userdb={folder / 'turn.db'}",
    ]  # fmt: skip
    process = subprocess.Popen([*before, program, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    stack.callback(process.wait, 10)
    stack.callback(process.terminate)
    probe = [sys.executable, "-c", PROBE, address, str(port)]
    subprocess.run([*before, *probe], check=True, timeout=30)


# A listening socket makes no event for others: it is asked for until it is there.
PROBE = """
import socket, sys, time
while True:
    try:
        socket.create_connection((sys.argv[1], int(sys.argv[2])), 1).close()
        break
    except OSError:
        time.sleep(0.05)
"""


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@pytest.mark.parametrize(
    ("secret", "says"),
    [
        (SECRET, ["✓ relay: relays from 127.0.0.1"] * 2),
        ("south-of-the-river", ["! relay: 401 Unauthorized"] * 2),
    ],
)
def test_the_check_says_whether_a_relay_works(stack: ExitStack, tmp_path: Path, secret: str, says: list[str]) -> None:
    port = free_port()
    coturn(stack, tmp_path, "127.0.0.1", port)
    config = tmp_path / "salon.toml"
    urls = [f"turn:127.0.0.1:{port}?transport={way}" for way in ("udp", "tcp")]
    config.write_text(
        f'[server]\nport = 0\n[llm]\ndefault = "demo"\n[ice]\nturn = {urls}\nturn_secret = "{secret}"\n', "utf-8"
    )
    command = [sys.executable, "-m", "salon.cli.main", "check", "--config", config]
    said = subprocess.run(command, capture_output=True, text=True, timeout=60).stdout
    for url in urls:
        assert url in said
    assert [line.strip() for line in said.splitlines() if " relay: " in line] == says
    assert ("static-auth-secret" in said) == (secret != SECRET)


class Networks:
    """Three namespaces. ``forward`` lets ann and bob reach each other through the hub, or no longer."""

    def __init__(self, stack: ExitStack, name: str) -> None:
        self.names = {each: f"{name}-{each}" for each in ("hub", "ann", "bob")}
        for namespace in self.names.values():
            made = subprocess.run(["ip", "netns", "add", namespace], capture_output=True, text=True)
            if made.returncode != 0:
                pytest.skip(f"this kernel makes no network namespaces here: {made.stderr.strip()}")
            stack.callback(subprocess.run, ["ip", "netns", "del", namespace], check=False)
            self.ip(namespace, "link", "set", "lo", "up")
        hub = self.names["hub"]
        self.ip(hub, "addr", "add", f"{HUB}/32", "dev", "lo")
        for number, each in enumerate(("ann", "bob"), 1):
            namespace = self.names[each]
            self.ip(hub, "link", "add", each, "type", "veth", "peer", "name", "eth0", "netns", namespace)
            self.ip(hub, "addr", "add", f"10.77.{number}.1/24", "dev", each)
            self.ip(hub, "link", "set", each, "up")
            self.ip(namespace, "addr", "add", f"10.77.{number}.2/24", "dev", "eth0")
            self.ip(namespace, "link", "set", "eth0", "up")
            self.ip(namespace, "route", "add", "default", "via", f"10.77.{number}.1")
        self.forward(False)

    def ip(self, namespace: str, *words: str) -> None:
        subprocess.run(["ip", "-n", namespace, *words], check=True, capture_output=True)

    def within(self, each: str) -> list[str]:
        return ["ip", "netns", "exec", self.names[each]]

    def forward(self, on: bool) -> None:
        subprocess.run([*self.within("hub"), "sysctl", "-qw", f"net.ipv4.ip_forward={int(on)}"], check=True)


class Apart:
    """Salon on this machine, and pages in namespaces that reach it through a Unix socket: only media need the networks."""

    def __init__(self, stack: ExitStack, folder: Path, playwright: Playwright) -> None:
        if shutil.which("ip") is None:
            raise ProgramMissing("ip is not installed (Debian: apt install iproute2)")
        self._stack = stack
        self._folder = folder
        self.networks = Networks(stack, f"salon{free_port()}")
        coturn(stack, folder, HUB, 3478, *self.networks.within("hub"))
        salon = Salon(folder, more=f'[ice]\nturn = ["turn:{HUB}:3478?transport=udp"]\nturn_secret = "{SECRET}"\n')
        salon.start()
        stack.callback(salon.stop)
        self._socket = folder / "salon.sock"
        self._forward([], f"unix:{self._socket}", f"tcp:127.0.0.1:{salon.port}")
        self._playwright = playwright

    def _forward(self, before: list[str], listen: str, to: str) -> int:
        command = [*before, sys.executable, str(FORWARD), listen, to]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self._stack.callback(process.wait, 10)
        self._stack.callback(process.terminate)
        assert process.stdout is not None
        self._stack.callback(process.stdout.close)
        return int(process.stdout.readline())

    def page(self, each: str) -> tuple[Page, str]:
        """A browser in that network, and where it finds Salon."""
        port = self._forward(self.networks.within(each), "tcp:127.0.0.1:0", f"unix:{self._socket}")
        path = next(filter(None, map(shutil.which, CHROMIUM)), None)
        program = self._folder / each
        program.write_text(f'#!/bin/sh\nexec {" ".join(self.networks.within(each))} {path} "$@"\n', "utf-8")
        program.chmod(0o755)
        browser = self._playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        self._stack.callback(browser.close)
        context = browser.new_context(locale="en-US")
        context.set_default_timeout(SLOW)
        return context.new_page(), f"http://127.0.0.1:{port}/"


@pytest.fixture
def apart(stack: ExitStack, tmp_path: Path, playwright: Playwright) -> Apart:
    return Apart(stack, tmp_path, playwright)


def test_two_who_cannot_reach_each_other_meet_by_relay(apart: Apart) -> None:
    ann, bob = (Caller(*apart.page(each)) for each in ("ann", "bob"))
    met(ann, bob)
    for each in (ann, bob):
        expect(each.page.locator(".call-detail")).to_contain_text("by relay", timeout=SLOW)


def test_a_call_moves_to_the_relay_when_its_path_is_cut(apart: Apart) -> None:
    apart.networks.forward(True)
    ann, bob = (Caller(*apart.page(each)) for each in ("ann", "bob"))
    met(ann, bob)
    expect(ann.page.locator(".call-detail")).to_contain_text("direct", timeout=SLOW)
    apart.networks.forward(False)
    for each in (ann, bob):
        expect(each.page.locator(".call-detail")).to_contain_text("by relay", timeout=60_000)
    ann.sees(bob)
    bob.sees(ann)


def test_files_go_by_relay_too(apart: Apart, tmp_path: Path) -> None:
    from tests.e2e.test_files import Mover

    ann, bob = (Mover(*apart.page(each)) for each in ("ann", "bob"))
    file = tmp_path / "a.bin"
    file.write_bytes(bytes(range(256)) * 20_000)
    ann.send(bob, file)
    bob.press("Accept")
    bob.is_("running|done")
    bob.is_("done")
    expect(ann.row).to_contain_text(re.compile("Sent"), timeout=SLOW)
    assert bob.save(bob.page.get_by_role("button", name="Save", exact=True), tmp_path / "saved") == file.read_bytes()
