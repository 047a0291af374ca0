"""Every setting of Salon: one tree, which is also what docs/reference/configuration.md and examples/salon.toml are made of.

A value comes from, in this order: a flag of the command line, a ``SALON_*`` variable, ``salon.toml``, the default here.
``salon.app.config_load`` reads them.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

import msgspec
from msgspec import Meta

from salon.app.config_chat import Chat
from salon.app.config_media import LiveSettings, Media
from salon.app.config_peers import Ice, PeerJs, TransitRelay
from salon.app.config_rooms import Rooms
from salon.app.config_section import SECRET, Count, Names, Positive, Seconds, Section
from salon.app.config_support import Support
from salon.base.session import Effort


class Server(Section, frozen=True):
    """Where Salon listens, and for how much."""

    host: Annotated[
        str,
        Meta(description="Address to listen on. Anything but loopback needs an API key.", examples=["0.0.0.0"]),  # noqa: S104 an example
    ] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535, description="TCP port for HTTP and WebSocket. 0 takes a free one.")] = (
        8000
    )
    udp_port: Annotated[
        int,
        Meta(
            ge=0,
            le=65535,
            description="UDP port for audio and video. 0 is the same number as `port`, or a free one where that is taken.",
        ),
    ] = 0
    workers: Annotated[
        Positive,
        Meta(
            description="Processes for audio and video, a UDP port each: from `udp_port` on, or after `port`. 1: no other."
        ),
    ] = 1
    public_ip: Annotated[
        str,
        Meta(
            description="Address that audio and video reach this machine by, if it is behind NAT or in a container.",
            examples=["203.0.113.7"],
        ),
    ] = ""
    public_url: Annotated[
        str,
        Meta(
            description="Address that clients use, when a proxy stands in front.",
            examples=["https://salon.example.com"],
        ),
    ] = ""
    origins: Annotated[
        Names,
        Meta(
            description="Web sites whose pages may connect, besides Salon's own. `*` is any.",
            examples=[["https://www.example.com"]],
        ),
    ] = ()
    hosts: Annotated[
        Names,
        Meta(
            description="Names of this machine that a server without keys answers to, besides loopback's and `public_url`'s.",
            examples=[["salon.lan"]],
        ),
    ] = ()
    proxies: Annotated[
        Names,
        Meta(
            description="Addresses of the proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed. `*` is any."
        ),
    ] = ("127.0.0.1", "::1")
    max_frame_bytes: Annotated[
        int,
        Meta(
            ge=4096,
            description="The longest WebSocket message taken, in bytes. Spark's may have 8 MiB, Realtime's 15 MiB of audio.",
        ),
    ] = 1_048_576
    max_connections: Annotated[Positive, Meta(description="Connections at one time, of all clients together.")] = 20_000
    max_sessions: Annotated[
        Positive, Meta(description="Conversations at one time; the next client is asked to come later.")
    ] = 1000
    grace_seconds: Annotated[
        float,
        Meta(ge=0, description="How long a conversation waits for a client that lost its connection to resume it."),
    ] = 60.0
    drain_seconds: Annotated[
        float, Meta(ge=0, description="How long answers under way may take to finish when the server is told to stop.")
    ] = 30.0


class Limits(Section, frozen=True):
    """How much clients may do. 0 is no limit. The first three count one key or one token's user, the others one IPv4 address or
    IPv6 /64 network; loopback is not counted."""

    connections: Annotated[Count, Meta(description="Connections at one time of one key or user.")] = 10_000
    connections_per_minute: Annotated[Count, Meta(description="New connections in a minute of one key or user.")] = (
        10_000
    )
    messages_per_second: Annotated[
        Count, Meta(description="Messages in a second of one key or user, all connections together.")
    ] = 20_000
    address_connections: Annotated[Count, Meta(description="Connections at one time from one address.")] = 250
    address_connections_per_minute: Annotated[
        Count, Meta(description="New connections in a minute from one address.")
    ] = 600
    address_messages_per_second: Annotated[Count, Meta(description="Messages in a second from one address.")] = 2_000


class KeyLimits(Section, frozen=True):
    """What one key may do, where it differs from `[limits]`. Absent is as there."""

    connections: Annotated[Count | None, Meta(description="Connections at one time.", examples=[100])] = None
    connections_per_minute: Annotated[
        Count | None, Meta(description="New connections in a minute.", examples=[600])
    ] = None
    messages_per_second: Annotated[Count | None, Meta(description="Messages in a second.", examples=[1000])] = None


class ApiKey(Section, frozen=True):
    """A key for servers and operators. Browsers get tokens, which `salon token` and `POST /v1/realtime/client_secrets` make."""

    secrets: ClassVar[frozenset[str]] = frozenset({"key"})

    name: Annotated[str, Meta(min_length=1, description="Whose it is, for logs.", examples=["backend"])]
    key: Annotated[
        str,
        Meta(min_length=16, description="The key, at least 16 characters.", examples=["env:BACKEND_KEY"], extra=SECRET),
    ]
    admin: Annotated[bool, Meta(description="May use the admin surface, `/metrics` and `/v1/tokens`.")] = False
    limits: Annotated[KeyLimits, Meta(description="What this key may do, where it differs from `[limits]`.")] = (
        KeyLimits()
    )


class Auth(Section, frozen=True):
    """Who may come in. With no key at all, everybody on this machine may, and nobody else."""

    secrets: ClassVar[frozenset[str]] = frozenset({"token_secrets", "metrics_token"})

    api_keys: Annotated[tuple[ApiKey, ...], Meta(description="Keys. `SALON_API_KEY` adds one, an admin's.")] = ()
    token_secrets: Annotated[
        tuple[Annotated[str, Meta(min_length=32)], ...],
        Meta(
            description="Secrets that tokens are signed with, at least 32 characters each; the newest first, the others are "
            "still accepted. Without any, there are no tokens.",
            examples=[["env:TOKEN_SECRET"]],
            extra={**SECRET, "env": "SALON_TOKEN_SECRETS"},
        ),
    ] = ()
    metrics_token: Annotated[
        str,
        Meta(
            description="What Prometheus shows, as a Bearer token, to read `/metrics` where keys are asked for. "
            "An admin's key will do too.",
            examples=["env:METRICS_TOKEN"],
            extra={**SECRET, "env": "SALON_METRICS_TOKEN"},
        ),
    ] = ""


class LlmDefaults(Section, frozen=True):
    """The language model."""

    default: Annotated[
        Names,
        Meta(
            description="The model of every agent that names none: `house:model`, or several to fall back along. "
            "Empty: the first house that has a key in the environment, else `demo`.",
            examples=[["spark:4.0Ultra", "openai:gpt-4o-mini"]],
            extra={"env": "SALON_LLM"},
        ),
    ] = ()
    first_token_seconds: Annotated[
        Seconds | None,
        Meta(
            description="How long a model may take to begin before it counts as failed and the next in the chain is tried. "
            "Absent: as the house has it.",
            examples=[15.0],
        ),
    ] = None
    stall_seconds: Annotated[
        Seconds | None,
        Meta(
            description="How long a model may fall silent within an answer. Absent: as the house has it.",
            examples=[30.0],
        ),
    ] = None


class AsrDefaults(Section, frozen=True):
    """Speech recognition."""

    default: Annotated[
        Names,
        Meta(
            description="The recogniser: `house:model`, or several to fall back along. Empty: the first house of `spark`, "
            "`volcengine`, `openai` that has a key in the environment, then `offline` where it is installed.",
            examples=[["spark:iat", "offline:pocketsphinx"]],
            extra={"env": "SALON_ASR"},
        ),
    ] = ()


class TtsDefaults(Section, frozen=True):
    """Speech synthesis."""

    default: Annotated[
        Names,
        Meta(
            description="The synthesiser: `house:model`, or several to fall back along. Empty: as for `[asr]`.",
            examples=[["spark:super-smart", "offline:espeak"]],
            extra={"env": "SALON_TTS"},
        ),
    ] = ()


class TurnModel(Section, frozen=True):
    """A model that tells by the sound of a pause whether the person has finished. Without one, the words alone decide."""

    model: Annotated[
        str,
        Meta(
            description="A file in ONNX form, such as Smart Turn's, from where the configuration file is; or `house:model`. "
            "A file needs the extra `turn`.",
            examples=["smart-turn-v3.2-cpu.onnx"],
            extra={"env": "SALON_TURN_MODEL"},
        ),
    ] = ""


Language = Literal["en", "zh"]
# One text, or one for each language of the page.
Words = str | dict[Language, str]
SAY_WORDS = {"say": 'text, or a table of languages: { en = "…", zh = "…" }'}


class AgentSettings(Section, frozen=True):
    """Someone to talk to, a scene. Clients reach it by `name`: it is the `model` they ask for. Without any, there are six:
    `assistant`, `service`, `interpreter`, `encyclopedia`, `teacher` and `screen`, the first of them for who names nobody."""

    name: Annotated[
        str,
        Meta(
            pattern=r"^[\w.-]{1,64}$",
            description="1 to 64 letters, digits or `_ . -`.",
            examples=["host"],
            extra={"say": "1 to 64 letters, digits or _ . -"},
        ),
    ]
    instructions: Annotated[
        str, Meta(description="What the model is told before everything else.", examples=["You are a helpful host."])
    ] = ""
    instructions_file: Annotated[
        str,
        Meta(
            description="A file with the instructions instead, from where the configuration file is.",
            examples=["host.md"],
        ),
    ] = ""
    llm: Annotated[
        Names,
        Meta(
            description="Its model, or several to fall back along. Empty is `[llm] default`.",
            examples=[["spark:4.0Ultra"]],
        ),
    ] = ()
    asr: Annotated[
        Names,
        Meta(
            description="Its recogniser of speech, or several. Empty is `[asr] default`; `none` lets it hear nothing.",
            examples=[["spark:iat"]],
        ),
    ] = ()
    tts: Annotated[
        Names,
        Meta(
            description="Its synthesiser of speech, or several. Empty is `[tts] default`; `none` lets it speak nothing.",
            examples=[["spark:super-smart"]],
        ),
    ] = ()
    voice: Annotated[
        Names,
        Meta(
            description="A voice of its synthesiser's, or several: the first that the synthesiser has. Empty is its own.",
            examples=[["x5_lingxiaoxuan_flow", "nova"]],
        ),
    ] = ()
    welcome: Annotated[
        Words,
        Meta(
            description="What it says first when the page begins to talk with it, without a model being asked. "
            "Empty: the model begins.",
            examples=[{"en": "Hello! What can I do for you?", "zh": "你好！有什么可以帮你？"}],
            extra=SAY_WORDS,
        ),
    ] = ""
    tools: Annotated[
        Names,
        Meta(
            description="Python functions that the model may call, as `module:function`.",
            examples=[["shop.tools:find_order"]],
        ),
    ] = ()
    title: Annotated[Words, Meta(description="Its name on the page.", examples=["Host"], extra=SAY_WORDS)] = ""
    description: Annotated[
        Words,
        Meta(description="One line on the page.", examples=["Answers questions about the shop."], extra=SAY_WORDS),
    ] = ""
    suggestions: Annotated[
        dict[Language, Names],
        Meta(description="First questions on the page, by language.", examples=[{"en": ["Where is my order?"]}]),
    ] = msgspec.field(default_factory=dict)
    temperature: Annotated[float | None, Meta(description="0 to 2. Absent: the house's own.", examples=[0.7])] = None
    max_output_tokens: Annotated[
        int | None, Meta(description="The longest answer. Absent: the house's own.", examples=[1024])
    ] = None
    reasoning: Annotated[
        Effort | None,
        Meta(description="How long the model may think before it answers. Absent: not at all.", examples=["low"]),
    ] = None
    web_search: Annotated[bool, Meta(description="Let houses that can search the web do so.")] = False
    max_tool_rounds: Annotated[
        int, Meta(ge=0, description="How often in one answer the model may call tools and go on.")
    ] = 8
    tool_timeout: Annotated[Seconds, Meta(description="How long a tool may take, in seconds.")] = 30.0


class SparkCredential(Section, frozen=True):
    """A set of iFlytek-style credentials that Spark clients sign with to come in here."""

    secrets: ClassVar[frozenset[str]] = frozenset({"api_secret"})

    app_id: Annotated[str, Meta(min_length=1, description="The client's APPID.", examples=["salon"])]
    api_key: Annotated[str, Meta(min_length=1, description="The client's APIKey.", examples=["spark-door"])]
    api_secret: Annotated[
        str, Meta(min_length=8, description="The client's APISecret.", examples=["env:SPARK_DOOR_SECRET"], extra=SECRET)
    ]
    name: Annotated[str, Meta(description="Whose they are, for logs.", examples=["legacy-app"])] = ""
    max_concurrent: Annotated[Positive, Meta(description="Answers at one time.")] = 20
    per_second: Annotated[Positive, Meta(description="New answers in a second.")] = 10


class SparkDoor(Section, frozen=True):
    """The door for iFlytek Spark clients: they change only the host."""

    credentials: Annotated[
        tuple[SparkCredential, ...], Meta(description="Who may come in. Without any, everybody on this machine may.")
    ] = ()
    domains: Annotated[
        dict[str, str],
        Meta(
            description="Who answers for a Spark `domain`: a model, or an agent by its model. The first agent answers the rest.",
            examples=[{"4.0Ultra": "host"}],
        ),
    ] = msgspec.field(default_factory=dict)


class Log(Section, frozen=True):
    """What is written to the standard error output."""

    level: Annotated[Literal["debug", "info", "warning", "error"], Meta(description="The least that is written.")] = (
        "info"
    )
    format: Annotated[Literal["text", "json"], Meta(description="For people, or one JSON object a line.")] = "text"


class Config(Section, frozen=True):
    """All of it."""

    secrets: ClassVar[frozenset[str]] = frozenset({"providers"})

    server: Server = Server()
    auth: Auth = Auth()
    limits: Limits = Limits()
    llm: LlmDefaults = LlmDefaults()
    asr: AsrDefaults = AsrDefaults()
    tts: TtsDefaults = TtsDefaults()
    turn: TurnModel = TurnModel()
    agents: tuple[AgentSettings, ...] = ()
    providers: dict[str, dict[str, Any]] = msgspec.field(default_factory=dict)
    spark_door: SparkDoor = SparkDoor()
    ice: Ice = Ice()
    peerjs: PeerJs = PeerJs()
    transit: TransitRelay = TransitRelay()
    rooms: Rooms = Rooms()
    chat: Chat = Chat()
    support: Support = Support()
    media: Media = Media()
    live: LiveSettings = LiveSettings()
    log: Log = Log()
