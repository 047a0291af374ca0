"""What a connected client asks for and is answered at once: publish, history, presence and the remote calls.

Remote calls (``rpc``) are for what the protocol has no command for: ``publish`` with a key or an idempotency key, ``feed``,
``attributes``, ``rate``, ``figures``. Their ``data`` are the shapes of ``salon.wire.centrifuge.topics``.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from salon.base.errors import ClientError
from salon.base.rooms import Position
from salon.session.member import Member
from salon.wire.centrifuge import commands, encode, topics
from salon.wire.centrifuge.encode import Nothing

METHODS: Final = ("publish", "feed", "attributes", "rate", "figures")


def publishes(request: commands.Request | None) -> bool:
    return isinstance(request, commands.Publish) or (
        isinstance(request, commands.Rpc) and request.method in ("publish", "feed")
    )


async def call(member: Member, request: commands.Request) -> msgspec.Struct:
    """The result of a command. Raises ``ClientError`` and ``Refused``."""
    match request:
        case commands.Publish(channel=channel, data=data):
            await _publish(member, channel, bytes(data))
            return Nothing()
        case commands.Rpc(method=method, data=data):
            return encode.RpcResult(encode.raw(msgspec.json.encode(await _rpc(member, method, bytes(data)))))
        case commands.Unsubscribe(channel=channel):
            await member.unsubscribe(channel)
            return Nothing()
        case commands.History():
            since = request.since
            page = await member.history(
                request.channel,
                since=Position(since.offset, since.epoch) if since is not None else None,
                limit=request.limit,
                reverse=request.reverse,
            )
            return encode.history(page)
        case commands.Presence(channel=channel):
            return encode.presence(await member.presence(channel))
        case commands.PresenceStats(channel=channel):
            return encode.presence_stats(await member.presence(channel))
        case _:
            raise ClientError("This command is not served here.", code="method_not_found")


async def _publish(member: Member, channel: str, data: bytes) -> None:
    """By the topic's mode: a message, a new value of a key, a change, an input, a signal."""
    if not data:
        raise ClientError("A publication needs data.", code="invalid_value")
    mode = member.rule(channel).mode
    if mode == "log":
        await member.publish(channel, data)
    elif mode == "latest":
        await member.publish(channel, data, key=topics.key_of(data))
    elif mode == "signal":
        signal = topics.read(data, topics.SignalData)
        await member.signal(channel, signal.to, signal.id, bytes(signal.data) or b"null")
    else:
        said = topics.change_or_input(data)
        if isinstance(said, topics.InputData):
            await member.input(channel, said.sequence, bytes(said.input) or b"null")
        else:
            values = {key: bytes(value) for key, value in said.set.items()}
            await member.change(channel, values, said.remove, ttl_ms=said.ttl_ms, private=said.private)


async def _rpc(member: Member, method: str, data: bytes) -> Any:
    if method == "publish":
        asked = topics.read(data, topics.PublishCall)
        position = await member.publish(
            asked.channel, bytes(asked.data), key=asked.key, idempotency_key=asked.idempotency_key
        )
        return {"offset": position.offset, "epoch": position.epoch}
    if method == "feed":
        fed = topics.read(data, topics.FeedCall)
        await member.feed(fed.channel, {key: bytes(value) for key, value in fed.values.items()})
        return {}
    if method == "attributes":
        told = topics.read(data, topics.AttributesCall)
        await member.set_attributes(told.room, bytes(told.attributes))
        return {}
    if method == "rate":
        wanted = topics.read(data, topics.RateCall)
        member.set_rate(wanted.channel, wanted.rate)
        return {}
    if method == "figures":
        return member.figures(topics.read(data, topics.FiguresCall).channel)
    member.take("rpc")
    raise ClientError(f"There is no such remote call; there are {', '.join(METHODS)}.", code="method_not_found")
