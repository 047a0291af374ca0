"""A caller, let in by the gate of the parent, as the workers are told of it. It holds no credential."""

from __future__ import annotations

import dataclasses

import msgspec

from salon.base.session import SessionPatch
from salon.serve.gate import Caller

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Caller)


def sealed(caller: Caller) -> bytes:
    if caller.secret is not None:
        caller = dataclasses.replace(caller, secret=dataclasses.replace(caller.secret, value=""))
    return _encoder.encode(caller)


def opened(passport: bytes) -> Caller:
    caller = _decoder.decode(passport)
    secret = caller.secret
    if secret is None:
        return caller
    # The gate keeps what a client secret opens as it was given: to it that is anything.
    session = msgspec.convert(secret.session, SessionPatch) if secret.session is not None else None
    return dataclasses.replace(caller, secret=dataclasses.replace(secret, session=session))
