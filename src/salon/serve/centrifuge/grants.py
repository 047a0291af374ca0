"""Who a caller is in the rooms, and what it may do there: from its key or its token's claims."""

from __future__ import annotations

import hashlib
from typing import Final, NamedTuple

import msgspec

from salon.base.errors import ClientError, Refused
from salon.base.ids import NewId, from_random_bytes
from salon.base.rooms import Kind
from salon.room import chat_log
from salon.room.policy import Grants
from salon.serve.gate import Caller
from salon.session.topic import HOUSE
from salon.wire.centrifuge.topics import ConnectData
from salon.wire.token import Claims

MAX_IDENTITY: Final = 128
MAX_INFO: Final = 4 * 1024
MAX_DEVICE: Final = 256
EVERYWHERE: Final = Grants.of_rooms(("*",))


class Participant(NamedTuple):
    """``session`` and ``proof`` are empty for a client that names no device. ``channels`` are those it is subscribed to without
    asking; ``expires_at`` is in seconds since 1970, 0 for never."""

    identity: str
    kind: Kind
    info: bytes
    grants: Grants
    session: str = ""
    proof: bytes = b""
    channels: tuple[str, ...] = ()
    expires_at: int = 0


def participant(caller: Caller, data: ConnectData, new_id: NewId) -> Participant:
    """Raises ``Refused`` (403) for client secrets, which are for talking with models, and for strangers who call themselves what
    the server's own agents and notices are known by; ``ClientError`` for what is too long."""
    if caller.kind == "secret":
        raise Refused("A client secret does not open the rooms.", status=403, code="insufficient_permissions")
    if len(data.user) > MAX_IDENTITY or len(bytes(data.info)) > MAX_INFO or len(data.device) > MAX_DEVICE:
        raise ClientError("user, info or device is too long.", code="data_too_large")
    claims = caller.claims
    if claims is None and caller.kind != "key" and (data.user == HOUSE or data.user.startswith(chat_log.AGENT_PREFIX)):
        raise Refused(
            "This name is the server's own. Choose another one as user.", status=403, code="insufficient_permissions"
        )
    channels: tuple[str, ...] = ()
    expires_at = 0
    if claims is None:
        # Keys are for programs that speak for others; on an open server everybody is who they say.
        identity = data.user or (caller.name if caller.kind == "key" else "")
        kind: Kind = "agent" if data.kind == "agent" else "user"
        info = bytes(data.info)
        grants = Grants.everything() if caller.kind == "key" and caller.admin else EVERYWHERE
    else:
        identity, kind = claims.sub, "user"
        info = msgspec.json.encode(claims.info) if claims.info is not None else b""
        grants, channels = of_claims(claims), tuple(dict.fromkeys((*claims.channels, *claims.subs)))
        expires_at = int(claims.exp) if claims.exp is not None else 0
    session, proof = "", b""
    if data.device:
        proof = hashlib.sha256(data.device.encode("utf-8", "surrogateescape")).digest()
        if not identity:
            identity = from_random_bytes("guest", _digest(b"guest", proof))
        session = from_random_bytes("client", _digest(identity.encode("utf-8", "surrogateescape"), proof))
    return Participant(identity or new_id("guest"), kind, info, grants, session, proof, channels, expires_at)


def of_claims(claims: Claims) -> Grants:
    """``salon.rooms`` names rooms whose topics are all open to the holder, ``salon.topics`` channels for each action;
    Centrifugo's ``channels`` and ``subs`` may be subscribed to."""
    if claims.salon.admin:
        return Grants.everything()
    rooms, topics = tuple(f"{room}/*" for room in claims.salon.rooms), claims.salon.topics
    return Grants(
        subscribe=(*rooms, *topics.subscribe, *claims.channels, *claims.subs),
        publish=(*rooms, *topics.publish),
        signal=(*rooms, *topics.signal),
        intent=(*rooms, *topics.intent),
    )


def _digest(*parts: bytes) -> bytes:
    return hashlib.sha256(b"\0".join(parts)).digest()
