"""Who may come in, and how often. Every door asks here first.

A caller shows an API key, a grant (a signed token, ``salon.wire.token``) or a client secret (``ek_…``), in
``Authorization: Bearer`` or, from a browser, in the WebSocket subprotocol ``openai-insecure-api-key.<credential>``. A gate
without keys and token secrets is open: it takes everybody, and is therefore only ever put on loopback.

Credentials are compared in constant time and appear in no message, no log and no ``repr``.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from starlette.datastructures import Headers
from starlette.types import Scope

from salon.base.errors import ClientError, ConfigError, Refused
from salon.base.patterns import matches
from salon.ports.clock import Clock
from salon.ports.observer import Observer
from salon.serve.credentials import address_of as address_of
from salon.serve.credentials import credential_of as credential_of
from salon.serve.limits import Account, Accounts, Limits, network_of
from salon.serve.origins import Origins
from salon.serve.secrets import PREFIX, ClientSecret, ClientSecrets
from salon.wire import token

# RFC 7518 section 3.2: "A key of the same size as the hash output (for instance, 256 bits for "HS256") or larger MUST be used".
SHORTEST_TOKEN_SECRET = 32
TALKING_DOORS = frozenset({"realtime", "spark"})


@dataclass(frozen=True, slots=True)
class ApiKey:
    """``name`` is for people: it stands in logs. ``limits`` None takes the gate's. An ``admin`` key may do everything."""

    name: str
    key: str = field(repr=False)
    limits: Limits | None = None
    admin: bool = False


@dataclass(frozen=True, slots=True)
class Caller:
    """Who came in. ``name`` is the key's name, the grant's ``sub`` or the name of who issued the client secret."""

    name: str
    kind: Literal["open", "key", "grant", "secret"]
    limits: Limits
    admin: bool = False
    claims: token.Claims | None = field(default=None, repr=False)
    secret: ClientSecret | None = None

    def may_talk_with(self, agent: str) -> bool:
        """Whether this agent may answer this caller. Only grants can be narrowed to some agents."""
        if self.claims is None or self.admin:
            return True
        granted = self.claims.salon
        return granted.talk and (not granted.agents or agent in granted.agents)

    def may_publish(self, room: str) -> bool:
        """Whether this caller may broadcast under this name. A client secret is for talking only."""
        return self._may(room, "publish")

    def may_watch(self, room: str) -> bool:
        """Whether this caller may see this broadcast. Publishing is another right."""
        return self._may(room, "watch")

    def _may(self, room: str, right: Literal["publish", "watch"]) -> bool:
        if self.claims is None or self.admin:
            return self.kind != "secret"
        return matches(getattr(self.claims.salon, right), room)


class Hold:
    """A connection that is counted for as long as ``with`` lasts."""

    __slots__ = ("_accounts", "_clock", "_door", "_gate")

    def __init__(self, gate: Gate, clock: Clock, accounts: tuple[Account, ...], door: str) -> None:
        self._gate = gate
        self._clock = clock
        self._accounts = accounts
        self._door = door

    def message(self) -> int:
        """Count one message of the client's. The milliseconds to wait before the next one is read; 0 as a rule.

        Who sends too fast is read more slowly, and TCP carries that back: nothing is lost, nobody is cut off, and others
        do not notice. Called once a message: two subtractions and no allocation.
        """
        now = self._clock.now()
        wait = 0
        for account in self._accounts:
            wait = max(wait, account.messages.charge(now))
        return wait

    def name(self, caller: Caller) -> None:
        """Whoever was a stranger at the handshake has said who it is: it is counted for that caller too. Raises ``Refused``
        (429)."""
        own = self._gate.own_account(caller)
        if own is None or own in self._accounts:
            return
        self._gate.count(own, self._door)
        self._accounts = (*self._accounts, own)

    def __enter__(self) -> Hold:
        self._gate.enter(self._accounts, self._door)
        return self

    def __exit__(self, *_: object) -> None:
        self._gate.leave(self._accounts)


class Gate:
    """``hosts`` are the names this server is reached by, beside loopback's, when it is open. ``origins`` are the web
    origins (``https://app.example.com``) whose pages may use it beside its own; ``*`` is all. ``max_connections`` is for
    all callers together."""

    def __init__(
        self,
        *,
        keys: Sequence[ApiKey] = (),
        token_secrets: Sequence[bytes] = (),
        origins: Sequence[str] = (),
        hosts: Sequence[str] = (),
        limits: Limits,
        clock: Clock,
        observer: Observer,
        max_connections: int = 20_000,
    ) -> None:
        if any(len(secret) < SHORTEST_TOKEN_SECRET for secret in token_secrets):
            raise ConfigError(
                f"A token secret needs at least {SHORTEST_TOKEN_SECRET} bytes: a shorter one can be guessed from any one "
                "token. Make one with: openssl rand -base64 32"
            )
        if any(not key.key for key in keys):
            raise ConfigError("An API key must not be empty.")
        self.draining = False
        """While true nobody new comes in: 503 with Retry-After."""
        self.limits = limits
        self._keys = tuple((_digest(key.key), key) for key in keys)
        self._token_secrets = tuple(token_secrets)
        self._origins = Origins(origins, hosts)
        self._clock = clock
        self._observer = observer
        self._max_connections = max_connections
        self._connections = 0
        self._accounts = Accounts()
        self._secrets = ClientSecrets(clock)

    @property
    def open(self) -> bool:
        """No credential is needed."""
        return not self._keys and not self._token_secrets

    @property
    def stranger(self) -> Caller:
        """Somebody whose credentials another door has checked by itself: held by address alone."""
        return Caller("stranger", "open", self.limits)

    @property
    def connections(self) -> int:
        """Held now."""
        return self._connections

    def admit(
        self,
        scope: Scope,
        door: str,
        *,
        signed: Callable[[ApiKey], bool] | None = None,
        credential: str | None = None,
        while_draining: bool = False,
    ) -> Caller:
        """Let in an HTTP request or a WebSocket (an ASGI scope), or raise ``Refused``.

        A door whose protocol signs its requests instead of showing a key passes ``signed``: it says whether the request
        was signed with that key. One whose clients show a ``credential`` elsewhere than in the headers passes that.
        ``while_draining`` is for doors that watch the server to its end.
        """
        try:
            if self.draining and not while_draining:
                raise draining()
            return self._admit(scope, door, signed, credential)
        except Refused as refused:
            self._observer.refused(door, refused.code)
            raise

    def hold(self, caller: Caller, address: str, door: str) -> Hold:
        """``with gate.hold(caller, address_of(scope), door) as hold:`` counts one connection. Entering raises ``Refused``:
        429 over a limit, 503 when the house is full or draining."""
        own = self.own_account(caller)
        accounts = [] if own is None else [own]
        if network := network_of(address):
            accounts.append(self._address(network))
        return Hold(self, self._clock, tuple(accounts), door)

    def own_account(self, caller: Caller) -> Account | None:
        """What a caller with a name is counted by; None where nobody has one."""
        if caller.kind == "open":
            return None
        own = caller.limits
        # A client secret counts for whoever issued it; keys and users of the same name are different callers.
        whose = "user" if caller.kind == "grant" else "key"
        return self._accounts.of(
            f"{whose} {caller.name}", own.connections, own.connections_per_minute, own.messages_per_second
        )

    def issue(
        self,
        caller: Caller,
        *,
        session: Any = None,
        model: str | None = None,
        locked: bool = False,
        ttl_seconds: int = 600,
    ) -> ClientSecret:
        """Make a client secret for ``caller``'s own user. Raises ``Refused`` (403 for callers who are such users themselves,
        429 when too many are waiting) and ``ClientError`` for a life outside 10 to 7200 seconds."""
        if caller.kind not in ("open", "key") and not caller.admin:
            raise Refused("Only an API key can make client secrets.", status=403, code="insufficient_permissions")
        return self._secrets.issue(
            session=session,
            model=model,
            locked=locked,
            ttl_seconds=ttl_seconds,
            issuer=caller.name,
            limits=caller.limits,
        )

    def mint(self, caller: Caller, claims: token.Claims) -> str:
        """Sign a grant. Raises ``Refused`` for callers who are not administrators, ``ClientError`` without a secret or when
        the claims are too long."""
        require_admin(caller)
        if not self._token_secrets:
            raise ClientError("This server has no token secret, so it cannot sign grants.", code="no_token_secret")
        try:
            return token.mint(claims, self._token_secrets[0])
        except ValueError as error:
            raise ClientError(str(error), code="invalid_value") from None

    def check_page(self, scope: Scope) -> None:
        """Raises ``Refused`` (403) when a page of another site is behind this. ``admit`` does it too; this is for the frame,
        which asks before any door of any protocol hears of a WebSocket."""
        try:
            self._origins.check(Headers(scope=scope), open=self.open, address=address_of(scope))
        except Refused as refused:
            self._observer.refused("websocket", refused.code)
            raise

    def allows_origin(self, origin: str, host: str) -> bool:
        """Whether pages of ``origin`` (the header's value) may use this server, which they call ``host``."""
        return self._origins.allow(origin, host)

    def enter(self, accounts: tuple[Account, ...], door: str) -> None:
        """Count a connection. ``Hold`` calls this."""
        try:
            self._check_room(accounts)
        except Refused as refused:
            self._observer.refused(door, refused.code)
            raise
        for account in accounts:
            account.connections += 1
        self._connections += 1

    def count(self, account: Account, door: str) -> None:
        """Count a connection that is held already for one account more. ``Hold`` calls this."""
        try:
            self._check_accounts((account,))
        except Refused as refused:
            self._observer.refused(door, refused.code)
            raise
        account.connections += 1

    def _check_room(self, accounts: tuple[Account, ...]) -> None:
        if self.draining:
            raise draining()
        if self._connections >= self._max_connections:
            raise Refused("This server is full. Try again soon.", status=503, code="server_full", retry_after=5)
        self._check_accounts(accounts)

    def _check_accounts(self, accounts: tuple[Account, ...]) -> None:
        now = self._clock.now()
        for account in accounts:
            if account.full:
                raise _too_many(f"More than {account.limit} connections at once.", 5_000)
        for account in accounts:
            if wait := account.connects.take(now):
                raise _too_many("Too many new connections in a minute.", wait)

    def leave(self, accounts: tuple[Account, ...]) -> None:
        """The connection is gone. ``Hold`` calls this."""
        self._connections -= 1
        for account in accounts:
            account.connections -= 1

    def _admit(
        self, scope: Scope, door: str, signed: Callable[[ApiKey], bool] | None, credential: str | None
    ) -> Caller:
        headers = Headers(scope=scope)
        self._origins.check(headers, open=self.open, address=address_of(scope))
        try:
            shown = credential_of(scope, headers) if credential is None else credential
            caller = self._signer(signed) if signed is not None else self._bearer(shown)
        except Refused:
            # Guessing is paid for out of the address's budget, like connecting.
            network = network_of(address_of(scope))
            if network and (wait := self._address(network).connects.take(self._clock.now())):
                raise _too_many("Too many attempts from this address.", wait) from None
            raise
        claims = caller.claims
        if door in TALKING_DOORS and claims is not None and not (claims.salon.talk or caller.admin):
            raise Refused(
                "This token does not allow talking with models: its claim salon.talk is not true.",
                status=403,
                code="insufficient_permissions",
            )
        return caller

    def _bearer(self, credential: str) -> Caller:
        if credential.startswith(PREFIX) and (secret := self._secrets.find(credential)):
            return Caller(secret.issuer, "secret", secret.limits, secret=secret)
        if self.open:
            return Caller("open", "open", self.limits, admin=True)
        if not credential:
            raise _unauthorized(
                "You didn't provide an API key. Send it in an Authorization header: Authorization: Bearer YOUR_KEY."
            )
        if credential.startswith(PREFIX):
            raise _unauthorized(
                "This client secret has expired or was not made here. Ask your app's server for a new one."
            )
        if self._token_secrets and token.looks_like_token(credential):
            return self._grant(credential)
        digest = _digest(credential)
        # Every key is compared, so that the time taken does not tell which one fits.
        matches = [key for known, key in self._keys if hmac.compare_digest(known, digest)]
        if not matches:
            raise _unauthorized("Incorrect API key provided. Compare it with the keys in this server's configuration.")
        return self._keyed(matches[0])

    def _grant(self, credential: str) -> Caller:
        try:
            claims = token.verify(credential, self._token_secrets, self._clock.unix())
        except ClientError as error:
            raise _unauthorized(error.message, error.code) from None
        return Caller(claims.sub, "grant", self.limits, admin=claims.salon.admin, claims=claims)

    def _signer(self, signed: Callable[[ApiKey], bool]) -> Caller:
        if self.open:
            return Caller("open", "open", self.limits, admin=True)
        matches = [key for _, key in self._keys if signed(key)]
        if not matches:
            raise _unauthorized("The signature does not match any API key of this server.")
        return self._keyed(matches[0])

    def _keyed(self, key: ApiKey) -> Caller:
        return Caller(key.name, "key", key.limits or self.limits, admin=key.admin)

    def _address(self, network: str) -> Account:
        limits = self.limits
        return self._accounts.of(
            f"address {network}",
            limits.address_connections,
            limits.address_connections_per_minute,
            limits.address_messages_per_second,
        )


def require_admin(caller: Caller) -> None:
    """Raises ``Refused`` (403) unless the caller is an administrator."""
    if not caller.admin:
        raise Refused("This needs an administrator's key.", status=403, code="insufficient_permissions")


def draining() -> Refused:
    """The answer to everybody who comes while the server stops."""
    return Refused(
        "This server is restarting. Try again in a moment.", status=503, code="server_draining", retry_after=2
    )


def _unauthorized(message: str, code: str = "invalid_api_key") -> Refused:
    return Refused(message, status=401, code=code)


def _too_many(message: str, wait_ms: int) -> Refused:
    return Refused(message, status=429, code="rate_limit_exceeded", retry_after=max(1, -(-wait_ms // 1000)))


def _digest(key: str) -> bytes:
    # Digests have one length: comparing them says nothing about the length of a key.
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()
