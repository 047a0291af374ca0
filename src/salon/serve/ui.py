"""The page, and what it needs to know before it shows itself."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import PurePosixPath
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from salon.base.errors import Refused
from salon.serve.gate import Caller, Gate
from salon.serve.replies import json_response

# Named here, not asked of the system: what /etc/mime.types says of .js differs, and nosniff makes that matter.
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
    ".txt": "text/plain; charset=utf-8",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".webp": "image/webp",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".wasm": "application/wasm",
    ".wav": "audio/wav",
}


class Page:
    """The files of a folder, read once. A path outside of it is simply not among them."""

    def __init__(self, root: Traversable) -> None:
        self._files: dict[str, tuple[bytes, dict[str, str]]] = {}
        if root.is_dir():
            self._read(root, "")

    def _read(self, folder: Traversable, prefix: str) -> None:
        for entry in folder.iterdir():
            path = prefix + entry.name
            content_type = TYPES.get(PurePosixPath(path).suffix)
            if entry.is_dir():
                self._read(entry, path + "/")
            elif content_type is not None:
                content = entry.read_bytes()
                # no-cache: keep it, but ask every time whether it is still the same (RFC 9111 section 5.2.2.4). After an
                # update nobody runs half of the old page.
                self._files[path] = (
                    content,
                    {
                        "content-type": content_type,
                        "etag": f'"{hashlib.sha256(content).hexdigest()[:32]}"',
                        "cache-control": "no-cache",
                    },
                )

    def respond(self, path: str, request: Request) -> Response:
        """The file at ``path``, or 304 when the browser has it."""
        if path not in self._files:
            raise Refused("There is no such file.", status=404, code="not_found")
        content, headers = self._files[path]
        known = {tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")}
        if headers["etag"] in known or "*" in known:
            return Response(status_code=304, headers={name: headers[name] for name in ("etag", "cache-control")})
        return Response(content, headers=headers)


def routes(
    gate: Gate, ui_config: Callable[[Caller], dict[str, Any]], root: Traversable | None = None
) -> list[BaseRoute]:
    """``/``, ``/web/{path}`` and ``GET /v1/ui/config``. ``root`` is a folder with ``index.html``; the one that comes with
    Salon by default. The page refers to its files relatively, so it works under any prefix."""
    page = Page(root if root is not None else resources.files("salon") / "web")

    async def index(request: Request) -> Response:
        return page.respond("index.html", request)

    async def file(request: Request) -> Response:
        return page.respond(request.path_params["path"], request)

    async def config(request: Request) -> Response:
        return json_response(ui_config(gate.admit(request.scope, "ui")), headers={"cache-control": "no-store"})

    return [Route("/", index), Route("/web/{path:path}", file), Route("/v1/ui/config", config)]
