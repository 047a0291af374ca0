"""``salon token``: makes credentials. It signs or draws them here; no server takes part."""

from __future__ import annotations

import argparse
import os
import re
import secrets
import sys
import time

from salon.app.config_load import load
from salon.base.errors import ConfigError
from salon.wire.peerjs import MAX_ID, is_id
from salon.wire.token import Claims, SalonClaim, mint

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
HOW_TO_KEY = """\
Give it to the server:   SALON_API_KEY={key} salon serve --host 0.0.0.0
and to its clients:      Authorization: Bearer {key}
It is not kept anywhere: note it down now. In salon.toml, [[auth.api_keys]] takes it as key = "env:SALON_API_KEY".
"""
NO_ID = "--peer: {id!r} is no id; it has letters and digits, single -, _ or spaces between them, at most {longest}"
NOTHING_TO_SIGN_WITH = (
    "there is no token secret to sign with: set SALON_TOKEN_SECRETS, here and for the server, "
    "or token_secrets in [auth]. Here is a fresh one: {secret}"
)


def run(given: argparse.Namespace) -> int:
    """What is made goes to stdout, alone on its line, so that scripts can take it; what to do with it to stderr."""
    if given.key:
        key = "sk-salon-" + secrets.token_urlsafe(24)
        print(key)
        sys.stderr.write(HOW_TO_KEY.format(key=key))
        return 0
    lasts = seconds(given.ttl)
    if given.peer and not is_id(given.peer):
        raise ConfigError(NO_ID.format(id=given.peer, longest=MAX_ID))
    loaded = load(given.config, environ=os.environ)
    signing = loaded.config.auth.token_secrets
    if not signing:
        raise ConfigError(NOTHING_TO_SIGN_WITH.format(secret=secrets.token_urlsafe(32)))
    now = int(time.time())
    claims = Claims(
        sub=given.sub,
        iat=now,
        exp=now + lasts,
        salon=SalonClaim(
            talk=True, agents=tuple(given.agent), rooms=tuple(given.room), peer=given.peer, admin=given.admin
        ),
    )
    try:
        print(mint(claims, signing[0].encode()))
    except ValueError as error:
        raise ConfigError(str(error)) from None
    return 0


def seconds(text: str) -> int:
    """``90s``, ``15m``, ``1h``, ``30d`` or plain seconds. Raises ``ConfigError``."""
    found = re.fullmatch(r"([1-9]\d{0,8})([smhd]?)", text.strip())
    if not found:
        raise ConfigError(f"--ttl: {text!r} is not a time; write 90s, 15m, 1h or 30d")
    return int(found[1]) * SECONDS[found[2] or "s"]
