"""Settings of audio and video: the engine's, and those of live broadcasts."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from salon.app.config_section import Count, Names, Positive, Section


class Media(Section, frozen=True):
    """The engine that carries audio and video. Its UDP port is `[server] udp_port`."""

    announce: Annotated[
        Names,
        Meta(
            description="Addresses that clients reach the UDP port by, beside `[server] public_ip`. Empty: this machine's.",
            examples=[["203.0.113.7", "2001:db8::7"]],
        ),
    ] = ()
    tcp: Annotated[
        bool,
        Meta(
            description="Take media over TCP too, for networks that block UDP: at the number of `[server] udp_port`, which "
            "may be that of HTTP's `port`."
        ),
    ] = True
    load_limit: Annotated[
        float,
        Meta(
            gt=0,
            description="How busy the engine may be before new clients are asked to come later: 1 keeps packets punctual.",
        ),
    ] = 1.0


class LiveSettings(Section, frozen=True):
    """Live broadcasts: WHIP in, WHEP out."""

    max_broadcasts: Annotated[Positive, Meta(description="Broadcasts at one time.")] = 100
    max_viewers: Annotated[Positive, Meta(description="Viewers of one broadcast.")] = 1000
    grace_seconds: Annotated[
        float,
        Meta(ge=0, description="How long viewers wait for a publisher that is gone, and its name is kept for it."),
    ] = 30.0
    recordings: Annotated[
        str,
        Meta(
            description="Folder for recordings; it is made when the first begins. Empty: nothing can be recorded.",
            examples=["/var/lib/salon/recordings"],
        ),
    ] = ""
    recording_max_mb: Annotated[
        Count, Meta(description="The size at which a recording ends, in millions of bytes. 0 is no limit.")
    ] = 10_000
    record_all: Annotated[bool, Meta(description="Record every broadcast from its first packet on.")] = False
