"""Whose pages may use this server: the Origin and Host headers of browsers.

A browser lets any page open a WebSocket to anywhere and sends no preflight for it; what it does is say truthfully, in
Origin, whose page that was. Programs other than browsers say what they like, and are judged by their credentials.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from salon.base.errors import Refused
from salon.serve.limits import network_of


class Origins:
    """``origins`` are web origins (``https://app.example.com``) allowed beside the server's own, ``*`` for all. ``hosts`` are
    names the server is reached by, beside loopback's, when it needs no credential."""

    def __init__(self, origins: Sequence[str], hosts: Sequence[str]) -> None:
        self._origins = frozenset(_normal(origin) for origin in origins)
        self._hosts = frozenset(host.lower() for host in hosts)

    def check(self, headers: Headers, *, open: bool, address: str = "") -> None:
        """Raises ``Refused`` (403). ``open`` says that no credential will be asked for; ``address`` is the client's."""
        host = headers.get("host", "")
        # An open server trusts its own machine. A page of another site reaches it too, by a name of its own that it lets
        # point to 127.0.0.1 (DNS rebinding): then Host has that name, which is none of ours.
        if open and not self._own(host, address):
            raise Refused(
                "This server has no API key, so it answers to local names only. Use http://localhost, list the name under "
                "hosts, or set an API key.",
                status=403,
                code="host_not_allowed",
            )
        # RFC 6455 section 10.2: "Servers that are not intended to process input from any web page but only for certain sites
        # SHOULD verify the |Origin| field is an origin they expect."
        origin = headers.get("origin")
        if origin is not None and not self.allow(origin, host):
            raise Refused(
                "Pages of this origin may not use this server. List the origin under origins; behind a proxy, pass the Host "
                "header on.",
                status=403,
                code="origin_not_allowed",
            )

    def allow(self, origin: str, host: str) -> bool:
        """Whether pages of ``origin`` may use this server, which they call ``host``."""
        normal = _normal(origin)
        if "*" in self._origins or normal in self._origins:
            return True
        scheme, _, netloc = normal.partition("://")
        # The scheme is not compared: behind a proxy that ends TLS the page is https and this connection is not.
        return bool(netloc) and netloc == _without_default_port(scheme, host.lower())

    def _own(self, host: str, address: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname
        except ValueError:
            return False
        if not name:
            return False
        if name in self._hosts or host.lower() in self._hosts:
            return True
        # Called by a local name from elsewhere: a proxy on this machine brings strangers and hides the name they used.
        if network_of(address):
            return False
        try:
            return name == "localhost" or ipaddress.ip_address(name).is_loopback
        except ValueError:
            return False


def _normal(origin: str) -> str:
    """As browsers write it (RFC 6454 section 6.2): lower case, no default port, no slash at the end."""
    scheme, separator, netloc = origin.strip().lower().rstrip("/").partition("://")
    return f"{scheme}://{_without_default_port(scheme, netloc)}" if separator else scheme


def _without_default_port(scheme: str, netloc: str) -> str:
    return netloc.removesuffix({"http": ":80", "https": ":443"}.get(scheme, ""))
