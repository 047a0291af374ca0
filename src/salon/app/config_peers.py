"""Settings for who meets whom: the servers that help two networks reach each other, the PeerJS door, and the transit relay."""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Meta

from salon.app.config_section import SECRET, Count, Positive, Seconds, Section

# RFC 7064 and RFC 7065: a scheme, a host (IPv6 in brackets), a port; TURN alone has ?transport=.
_HOST = r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?"
StunUrl = Annotated[str, Meta(pattern=rf"^stuns?:{_HOST}$")]
TurnUrl = Annotated[str, Meta(pattern=rf"^turns?:{_HOST}(?:\?transport=(?:udp|tcp))?$")]


class Ice(Section, frozen=True):
    """The STUN and TURN servers that browsers are told of, in `GET /v1/ice-servers` and wherever they connect directly. Without
    any, browsers reach each other in one network and through most routers, but not through all."""

    secrets: ClassVar[frozenset[str]] = frozenset({"turn_secret", "turn_credential"})

    stun: Annotated[
        tuple[StunUrl, ...],
        Meta(
            description="Servers that tell a browser its public address.",
            examples=[["stun:stun.example.com:3478"]],
            extra={"say": "a list of addresses like stun:stun.example.com:3478"},
        ),
    ] = ()
    turn: Annotated[
        tuple[TurnUrl, ...],
        Meta(
            description="Servers that relay where no direct path exists. They need `turn_secret`, or a name and a password.",
            examples=[["turn:turn.example.com:3478", "turns:turn.example.com:443?transport=tcp"]],
            extra={"say": "a list of addresses like turn:turn.example.com:3478?transport=udp"},
        ),
    ] = ()
    turn_secret: Annotated[
        str,
        Meta(
            description="The secret that the TURN servers share with Salon (coturn: `static-auth-secret`): every client gets a "
            "name and a password of its own that end after a while.",
            examples=["env:TURN_SECRET"],
            extra=SECRET,
        ),
    ] = ""
    turn_username: Annotated[
        str, Meta(description="A name that is good at the TURN servers for all, where they share no secret.")
    ] = ""
    turn_credential: Annotated[
        str, Meta(description="Its password. Every client is told it.", examples=["env:TURN_PASSWORD"], extra=SECRET)
    ] = ""
    ttl_seconds: Annotated[
        int,
        Meta(
            ge=60,
            le=86_400,
            description="How long credentials made with `turn_secret` are good for. What was relayed by then goes on.",
        ),
    ] = 600


class PeerJs(Section, frozen=True):
    """The door for PeerJS clients."""

    discovery: Annotated[
        bool,
        Meta(description="Let clients list the ids that are here; on a server with keys, clients with a credential."),
    ] = False
    max_peers: Annotated[Positive, Meta(description="Ids at one time.")] = 5_000
    messages_per_second: Annotated[
        Positive, Meta(description="Messages of one client in a second; six times as many at once.")
    ] = 50
    grace_seconds: Annotated[
        Seconds,
        Meta(description="How long a client that lost its connection may come back before its partners are told."),
    ] = 5.0
    silence_seconds: Annotated[
        Seconds, Meta(description="Who says nothing for so long is gone. Clients say something every 5 s.")
    ] = 90.0


class TransitRelay(Section, frozen=True):
    """Files of two pages that have no direct path go through this server: handed on, never stored, encrypted by the pages."""

    max_pipes: Annotated[
        Count, Meta(description="Transfers at one time, of all clients together. 0: this server carries no files.")
    ] = 64
    max_pipes_per_client: Annotated[
        Positive, Meta(description="Transfers at one time that one key, user or address begins.")
    ] = 4
    max_mb: Annotated[Positive, Meta(description="The most that one transfer may carry, in millions of bytes.")] = (
        10_000
    )
    bytes_per_second: Annotated[
        int, Meta(ge=100_000, description="Speed of one key, user or address, all its transfers together.")
    ] = 8_000_000
    wait_seconds: Annotated[Seconds, Meta(description="How long one side waits for the other.")] = 60.0
    idle_seconds: Annotated[Seconds, Meta(description="A transfer in which nothing moves for so long is let go.")] = (
        600.0
    )
