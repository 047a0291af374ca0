"""Recordings over HTTP: which there are, to play, to keep, and to delete."""

from __future__ import annotations

import asyncio
import re
import stat
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Route

from salon.base.errors import Refused
from salon.ports.recorder import FILE
from salon.serve.gate import Caller, Gate, address_of
from salon.serve.replies import json_response
from salon.session.bill import Listing

DOOR = "recordings"
MAX_LISTED = 1_000
TYPES = {".webm": "video/webm", ".mkv": "video/matroska"}
_BEGAN = re.compile(r"-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z-\d+\.\w+$")


class RecordingsDoor:
    """``folder`` None: there are none. Whoever may publish under a name has the recordings of it."""

    def __init__(self, folder: Path | None, live: Listing, gate: Gate) -> None:
        self._folder = folder
        self._live = live
        self._gate = gate

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/v1/recordings", self.all, methods=["GET"]),
            Route("/v1/recordings/{file}", self.one, methods=["GET"]),
            Route("/v1/recordings/{file}", self.delete, methods=["DELETE"]),
        ]

    async def all(self, request: Request) -> Response:
        """The newest first."""
        caller = self._gate.admit(request.scope, DOOR)
        with self._gate.hold(caller, address_of(request.scope), DOOR):
            listed = await asyncio.to_thread(_listed, self._folder) if self._folder is not None else []
        running = self._running()
        found = [{**each, "running": each["file"] in running} for each in listed if caller.may_publish(each["room"])]
        body = {"records": self._live.records, "recordings": found[:MAX_LISTED]}
        return json_response(body, headers={"cache-control": "no-store"})

    async def one(self, request: Request) -> Response:
        """The file, or the part of it that ``Range`` asks for (RFC 9110 section 14)."""
        caller = self._gate.admit(request.scope, DOOR)
        path = self._path(request, caller)
        if not await asyncio.to_thread(path.is_file):
            raise _absent()
        headers = {"cache-control": "private, no-cache", "content-disposition": f'inline; filename="{path.name}"'}
        return FileResponse(path, headers=headers, media_type=TYPES[path.suffix])

    async def delete(self, request: Request) -> Response:
        caller = self._gate.admit(request.scope, DOOR)
        path = self._path(request, caller)
        if path.name in self._running():
            raise Refused("This recording is under way. Stop it first.", status=409, code="recording_running")
        try:
            await asyncio.to_thread(path.unlink)
        except FileNotFoundError:
            raise _absent() from None
        return Response(status_code=204)

    def _path(self, request: Request, caller: Caller) -> Path:
        name: str = request.path_params["file"]
        match = FILE.fullmatch(name)
        if match is None or self._folder is None:
            raise _absent()
        if not caller.may_publish(match["room"]):
            raise Refused(
                "This credential does not allow to publish under that name, nor to see its recordings.",
                status=403,
                code="insufficient_permissions",
            )
        return self._folder / name

    def _running(self) -> set[str]:
        return {bill.recording["file"] for bill in self._live.bills() if bill.recording is not None}


def _listed(folder: Path) -> list[dict[str, Any]]:
    found = []
    try:
        entries = list(folder.iterdir())
    except OSError:
        return []
    for entry in entries:
        match = FILE.fullmatch(entry.name)
        began = _BEGAN.search(entry.name)
        if match is None or began is None:
            continue
        try:
            status = entry.stat()
        except OSError:
            continue
        if not stat.S_ISREG(status.st_mode):
            continue
        year, month, day, hour, minute, second = began.groups()
        found.append(
            {
                "file": entry.name,
                "room": match["room"],
                "began": f"{year}-{month}-{day}T{hour}:{minute}:{second}Z",
                "changed": int(status.st_mtime),
                "bytes": status.st_size,
            }
        )
    return sorted(found, key=lambda each: (each["began"], each["file"]), reverse=True)


def _absent() -> Refused:
    return Refused("There is no such recording.", status=404, code="recording_not_found")
