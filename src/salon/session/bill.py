"""A broadcast as others are told of it: what a list of what is live is made of. Plain data, which another process can have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, Protocol

import msgspec

from salon.ports.media import Source, Stop
from salon.session.broadcast import Broadcast

Happened = Literal["started", "changed", "viewers", "ended"]


class Bill(msgspec.Struct, frozen=True):
    """``owner`` holds the name and is told to nobody. ``tracks`` and ``recording`` are as clients see them."""

    room: str
    owner: str
    state: str
    since: int
    viewers: int
    tracks: tuple[dict[str, Any], ...]
    recording: dict[str, Any] | None

    def held_against(self, owner: str) -> bool:
        """Whether the name belongs to somebody else."""
        return bool(self.owner) and self.owner != owner


class Listing(Protocol):
    """What is live, wherever it lives: ``Live`` is one."""

    draining: bool

    @property
    def records(self) -> bool:
        """Whether recordings have a place to go."""
        ...

    def bills(self) -> Sequence[Bill]: ...

    def listen(self, listener: Listener) -> Stop:
        """``listener`` is called with what happened and the room's name; it may not raise."""
        ...


class Listener(Protocol):
    def __call__(self, happened: Happened, room: str, /) -> None: ...


def bill_of(broadcast: Broadcast) -> Bill:
    return Bill(
        room=broadcast.room,
        owner=broadcast.owner,
        state=broadcast.state,
        since=broadcast.since,
        viewers=broadcast.viewer_count,
        tracks=tuple(_track(source) for source in broadcast.sources),
        recording=_recording(broadcast),
    )


def _track(source: Source) -> dict[str, Any]:
    active = [layer for layer in source.layers if layer.active]
    track: dict[str, Any] = {
        "kind": source.kind,
        "codec": source.codec.name,
        "bit_rate": sum(layer.bitrate for layer in active),
    }
    if source.kind == "video":
        best = active[-1] if active else None
        track |= {
            "width": best.width if best else 0,
            "height": best.height if best else 0,
            "layers": len(source.layers),
        }
    return track


def _recording(broadcast: Broadcast) -> dict[str, Any] | None:
    if not broadcast.record:
        return None
    state = broadcast.recording.state if broadcast.recording is not None else None
    return {
        "file": state.file if state else "",
        "bytes": state.size if state else 0,
        "seconds": state.milliseconds // 1000 if state else 0,
        "error": state.error if state else "",
    }
