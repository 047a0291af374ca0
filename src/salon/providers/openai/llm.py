"""A language model behind Chat Completions."""

from __future__ import annotations

import secrets
from collections.abc import AsyncGenerator, Sequence

import aiohttp
import msgspec

from salon.base.chat import Delta, Message, Options, ToolSpec
from salon.base.errors import AuthFailed, BadAnswer, BadRequest, ProviderError
from salon.base.ids import from_random_bytes
from salon.ports.llm import CheckStep, Traits
from salon.providers.deadline import deadlines
from salon.providers.openai import check
from salon.providers.openai.connection import Access, abort, broken, drain, is_reset, new_session, proxy_for, read_body
from salon.providers.openai.profiles import Model, Profile
from salon.wire.openai_chat import ChunkReader, encode_request, failure

__all__ = ["Access", "ChatLlm"]

# Bytes of an error's body that are looked at.
MOST_READ = 16 * 1024
MOST_LISTED = 4 * 1024 * 1024
# Seconds that the end of a stream may come after the end of the answer.
LINGER = 0.1


class _Listed(msgspec.Struct):
    id: str


class _Listing(msgspec.Struct):
    data: list[_Listed] | None = None


class ChatLlm:
    """One model of one house. ``model`` empty is the first that the server has, found out when it is first needed."""

    def __init__(self, profile: Profile, row: Model, model: str, access: Access) -> None:
        self._profile = profile
        self._row = row
        self._model = model
        self._access = access
        self._session: aiohttp.ClientSession | None = None
        self._open: set[aiohttp.ClientResponse] = set()
        self._url = f"{access.base_url}/chat/completions"
        self._proxy = proxy_for(self._url)

    def __repr__(self) -> str:
        return f"ChatLlm({self.name!r})"

    @property
    def name(self) -> str:
        return f"{self._profile.name}:{self._model or 'default'}"

    @property
    def traits(self) -> Traits:
        return self._row.traits

    def stream(
        self, messages: Sequence[Message], tools: Sequence[ToolSpec] = (), options: Options = Options()
    ) -> AsyncGenerator[Delta, None]:
        """Answer. Closing this aborts the connection. After a reset before the answer began it is asked once more."""
        access = self._access
        return deadlines(
            self._answer(messages, tools, options),
            first=access.first_token,
            stall=access.stall,
            house=self._profile.name,
        )

    async def _answer(
        self, messages: Sequence[Message], tools: Sequence[ToolSpec], options: Options
    ) -> AsyncGenerator[Delta, None]:
        model = await self.served_model()
        reader = ChunkReader(f"{self._profile.name}:{model}", new_id=_new_id, secrets=self._access.secrets)
        response = await self._post(self._encode(model, messages, tools, options))
        content = response.content
        self._open.add(response)
        try:
            if response.status != 200:
                raise await self.failure(response)
            while not reader.done and (data := await content.readany()):
                for delta in reader.feed(data):
                    yield delta
            for delta in reader.finish():
                yield delta
            if not content.is_eof():
                await drain(response, LINGER)
        except (aiohttp.ClientError, OSError) as error:
            raise broken(error, self._profile, self._access) from error
        finally:
            self._open.discard(response)
            if content.is_eof():
                response.release()
            else:
                abort(response)

    def _encode(self, model: str, messages: Sequence[Message], tools: Sequence[ToolSpec], options: Options) -> bytes:
        dialect = self._row.dialect or self._profile.dialect
        try:
            return encode_request(
                self._row.sent_as or model, messages, tools, options, dialect, extra=self._access.extra
            )
        except (TypeError, ValueError) as error:
            message = f"The request to {self._profile.name} cannot be written as JSON: {error}"
            raise BadRequest(message, house=self._profile.name) from error

    async def _post(self, body: bytes) -> aiohttp.ClientResponse:
        try:
            return await self._request("POST", self._url, body)
        except (aiohttp.ClientError, OSError) as error:
            # Without a session it was ``aclose`` that ended it.
            if not is_reset(error) or self._session is None:
                raise broken(error, self._profile, self._access) from error
        try:
            return await self._request("POST", self._url, body)
        except (aiohttp.ClientError, OSError) as error:
            raise broken(error, self._profile, self._access) from error

    async def _request(self, method: str, url: str, body: bytes | None = None) -> aiohttp.ClientResponse:
        if self._session is None:
            self._session = new_session(self._access)
        return await self._session.request(
            method, url, data=body, headers=self._access.headers, proxy=self._proxy, allow_redirects=False
        )

    async def listed(self) -> list[str] | None:
        """The models that the house says it has; None where it does not say. Raises ``ProviderError``."""
        try:
            response = await self._request("GET", f"{self._access.base_url}/models")
            try:
                if response.status in (404, 405, 501):
                    return None
                if response.status != 200:
                    raise await self.failure(response)
                listing = msgspec.json.decode(await read_body(response, MOST_LISTED), type=_Listing)
            finally:
                abort(response)
        except (aiohttp.ClientError, OSError) as error:
            raise broken(error, self._profile, self._access) from error
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return None
        return [model.id for model in listing.data or ()]

    async def served_model(self) -> str:
        """The model's name, asked of the server where none was configured. Raises ``ProviderError``."""
        if self._model:
            return self._model
        house = self._profile.name
        models = await self.listed()
        if models is None:
            raise BadAnswer(
                f"{house} does not say which models it has", house=house, advice=f"Name one: {house}:MODEL."
            )
        if not models:
            fetch = self._profile.fetch.format(model="qwen3")
            raise BadRequest(f"{house} has no model yet", house=house, advice=fetch)
        return models[0]

    async def failure(self, response: aiohttp.ClientResponse) -> ProviderError:
        """The error that a response other than 200 stands for."""
        error = failure(
            response.status,
            await read_body(response, MOST_READ),
            house=self._profile.name,
            retry_after=response.headers.get("Retry-After"),
            secrets=self._access.secrets,
            advice=self._profile.fetch.format(model=self._model),
        )
        if isinstance(error, AuthFailed):
            names = " or ".join(setting.env for setting in self._profile.keys)
            page = f"; keys are made at {self._profile.key_page}" if self._profile.key_page else ""
            error.advice = f"Check {names}{page}."
        return error

    def check(self) -> AsyncGenerator[CheckStep, None]:
        """DNS, TCP, TLS (or the proxy), the key, the model, the first token."""
        return check.steps(self, self._profile, self._access, self._proxy)

    async def aclose(self) -> None:
        """Close every connection. Streams under way raise ``BadAnswer``."""
        for response in self._open:
            abort(response)
        session, self._session = self._session, None
        if session is not None:
            await session.close()


def _new_id(prefix: str) -> str:
    return from_random_bytes(prefix, secrets.token_bytes(21))
