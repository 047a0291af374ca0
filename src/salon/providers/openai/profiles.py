"""What is known of each house: one row each, as of November 2026."""

from __future__ import annotations

from fnmatch import fnmatchcase

import msgspec

from salon.ports.house import Setting
from salon.ports.llm import Traits
from salon.wire.openai_chat import Dialect

EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh")


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """A model, or those whose names fit a pattern (``gpt-5*``). Where ``dialect`` is None the house's holds.

    ``base_url`` and ``sent_as`` are for models that live at another address or under another name than their own.
    """

    name: str
    traits: Traits
    dialect: Dialect | None = None
    base_url: str = ""
    sent_as: str = ""

    @property
    def is_pattern(self) -> bool:
        return "*" in self.name


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """One house.

    ``keys`` are the settings of its credentials; ``credentials`` names those that make up the Bearer token, joined by a
    colon, each alternative complete in itself; ``needs_key`` holds at the house's own address. ``bare_host``: the base URL
    may be a host alone, as in ``OLLAMA_HOST``. ``default_model`` empty is the first that the server has. ``lists_all``: what
    ``GET /models`` does not list, the house does not have. ``found_by_itself``: its server is used where it is found to run
    and nothing else is configured. ``start`` is what to do when it cannot be reached, ``fetch`` when
    it lacks the model ``{model}``. ``first_token`` is in seconds.
    """

    name: str
    title: str
    base_url: str
    base_url_env: str
    base_url_help: str = "where the API is, without /chat/completions"
    bare_host: bool = False
    needs_key: bool = True
    keys: tuple[Setting, ...] = ()
    credentials: tuple[tuple[str, ...], ...] = ()
    key_page: str = ""
    default_model: str = ""
    models: tuple[Model, ...] = ()
    other_models: Traits = Traits()
    dialect: Dialect
    lists_all: bool = False
    found_by_itself: bool = False
    first_token: float = 30.0
    start: str = "Check the network, the proxy (HTTPS_PROXY) and base_url."
    fetch: str = ""

    def model(self, name: str) -> Model:
        """The first row that fits; one made of the house's defaults where none does."""
        for row in self.models:
            if fnmatchcase(name, row.name):
                return row
        return Model(name=name, traits=self.other_models)


def _key(env: str, help: str) -> Setting:
    return Setting(name="api_key", env=env, help=help, secret=True, required=True)


# OpenAI. https://developers.openai.com/api/docs/models. Older models know no effort "none", and reasoning models take
# sampling parameters only without reasoning. GPT-6: "Chat Completions supports function calling only with reasoning
# effort set to none."
_PLAIN_OPENAI = Dialect(max_tokens="max_completion_tokens")
_O_SERIES = Dialect(
    max_tokens="max_completion_tokens",
    temperature=None,
    effort={
        "none": {"reasoning_effort": "low"},
        "minimal": {"reasoning_effort": "low"},
        "low": {"reasoning_effort": "low"},
        "medium": {"reasoning_effort": "medium"},
        "high": {"reasoning_effort": "high"},
        "xhigh": {"reasoning_effort": "high"},
    },
)
_GPT5 = Dialect(
    max_tokens="max_completion_tokens",
    temperature=None,
    effort={
        "none": {"reasoning_effort": "minimal"},
        "minimal": {"reasoning_effort": "minimal"},
        "low": {"reasoning_effort": "low"},
        "medium": {"reasoning_effort": "medium"},
        "high": {"reasoning_effort": "high"},
        "xhigh": {"reasoning_effort": "high"},
    },
)
_GPT5_LATER = Dialect(
    max_tokens="max_completion_tokens",
    sampling_while_reasoning=False,
    effort={
        "none": {"reasoning_effort": "none"},
        "minimal": {"reasoning_effort": "low"},
        "low": {"reasoning_effort": "low"},
        "medium": {"reasoning_effort": "medium"},
        "high": {"reasoning_effort": "high"},
        "xhigh": {"reasoning_effort": "xhigh"},
    },
)
_GPT6 = msgspec.structs.replace(_GPT5_LATER, effort_with_tools="none")
_GPT6_TRAITS = Traits(context=1_050_000, max_output=128_000, images=True)
_GPT5_TRAITS = Traits(context=400_000, max_output=128_000, images=True)

OPENAI = Profile(
    name="openai",
    title="OpenAI, and whatever serves its API",
    base_url="https://api.openai.com/v1",
    base_url_env="OPENAI_BASE_URL",
    keys=(_key("OPENAI_API_KEY", "API key; not needed with a base_url of your own"),),
    credentials=(("api_key",),),
    key_page="https://platform.openai.com/api-keys",
    default_model="gpt-6-luna",
    models=(
        Model(name="gpt-6-luna", traits=_GPT6_TRAITS, dialect=_GPT6),
        Model(name="gpt-6.1-terra", traits=_GPT6_TRAITS, dialect=_GPT6),
        Model(name="gpt-6.1-sol", traits=_GPT6_TRAITS, dialect=_GPT6),
        Model(name="gpt-6*", traits=_GPT6_TRAITS, dialect=_GPT6),
        Model(name="gpt-5*-chat*", traits=Traits(context=128_000, max_output=16_384, images=True)),
        Model(name="gpt-5.*", traits=_GPT5_TRAITS, dialect=_GPT5_LATER),
        Model(name="gpt-5*", traits=_GPT5_TRAITS, dialect=_GPT5),
        Model(name="o[134]*", traits=Traits(context=200_000, max_output=100_000, images=True), dialect=_O_SERIES),
        Model(name="gpt-4.1-mini", traits=Traits(context=1_047_576, max_output=32_768, images=True)),
        Model(name="gpt-4o-mini", traits=Traits(context=128_000, max_output=16_384, images=True)),
        Model(name="gpt-4o*", traits=Traits(context=128_000, max_output=16_384, images=True)),
        Model(name="gpt-4.1*", traits=Traits(context=1_047_576, max_output=32_768, images=True)),
    ),
    other_models=Traits(images=True),
    dialect=_PLAIN_OPENAI,
)

# https://api-docs.deepseek.com/guides/thinking_mode: thinking is on unless it is turned off; efforts are low, high, max.
_DEEPSEEK_TRAITS = Traits(context=1_000_000, max_output=384_000)

DEEPSEEK = Profile(
    name="deepseek",
    title="DeepSeek 深度求索",
    base_url="https://api.deepseek.com",
    base_url_env="DEEPSEEK_BASE_URL",
    keys=(_key("DEEPSEEK_API_KEY", "API key"),),
    credentials=(("api_key",),),
    key_page="https://platform.deepseek.com/api_keys",
    default_model="deepseek-v4-flash",
    models=(
        Model(name="deepseek-v4-flash", traits=_DEEPSEEK_TRAITS),
        Model(name="deepseek-v4-pro", traits=_DEEPSEEK_TRAITS),
    ),
    dialect=Dialect(
        effort={
            "none": {"thinking": {"type": "disabled"}},
            "minimal": {"thinking": {"type": "enabled"}, "reasoning_effort": "low"},
            "low": {"thinking": {"type": "enabled"}, "reasoning_effort": "low"},
            "medium": {"thinking": {"type": "enabled"}, "reasoning_effort": "high"},
            "high": {"thinking": {"type": "enabled"}, "reasoning_effort": "high"},
            "xhigh": {"thinking": {"type": "enabled"}, "reasoning_effort": "max"},
        },
        reasoning_back="reasoning_content",
        parallel_tool_calls=False,
        user="",
    ),
)

# https://help.aliyun.com/model-studio: some models only think, and refuse to be told not to.
_QWEN_SEARCH = {"enable_search": True}
_QWEN_ONLY_THINKS = Dialect(web_search=_QWEN_SEARCH, user="")

QWEN = Profile(
    name="qwen",
    title="Qwen 通义千问 (DashScope, Model Studio)",
    base_url="https://dashscope.aliyuncs.com/compatible-mode/v1",
    base_url_env="DASHSCOPE_BASE_URL",
    base_url_help="where the API is; outside China https://dashscope-intl.aliyuncs.com/compatible-mode/v1",
    keys=(_key("DASHSCOPE_API_KEY", "API key"),),
    credentials=(("api_key",),),
    key_page="https://bailian.console.aliyun.com",
    default_model="qwen-plus",
    models=(
        Model(name="qwen-plus", traits=Traits(context=1_000_000, max_output=32_768)),
        Model(name="qwen-flash", traits=Traits(context=1_000_000, max_output=32_768)),
        Model(name="qwen3.7-plus", traits=Traits(context=1_000_000, max_output=65_536, images=True)),
        Model(name="qwen3.7-max", traits=Traits(context=1_000_000, max_output=65_536)),
        Model(name="qwq*", traits=Traits(context=131_072), dialect=_QWEN_ONLY_THINKS),
        Model(name="qvq*", traits=Traits(context=131_072, images=True), dialect=_QWEN_ONLY_THINKS),
        Model(name="*-thinking*", traits=Traits(context=131_072), dialect=_QWEN_ONLY_THINKS),
        Model(name="*-vl-*", traits=Traits(context=131_072, images=True)),
        Model(name="qwen3.[5-9]-plus*", traits=Traits(context=1_000_000, max_output=65_536, images=True)),
    ),
    dialect=Dialect(
        # "temperature: [0, 2)"
        temperature=(0.0, 1.99),
        effort={effort: {"enable_thinking": effort != "none"} for effort in EFFORTS},
        web_search=_QWEN_SEARCH,
        user="",
    ),
)

# https://www.volcengine.com/docs/82379: a model's name, or the id of an endpoint (ep-…) that serves it.
ARK = Profile(
    name="ark",
    title="Volcengine Ark 火山方舟 (Doubao 豆包)",
    base_url="https://ark.cn-beijing.volces.com/api/v3",
    base_url_env="ARK_BASE_URL",
    keys=(_key("ARK_API_KEY", "API key"),),
    credentials=(("api_key",),),
    key_page="https://console.volcengine.com/ark",
    default_model="doubao-seed-2-1-pro-260628",
    models=(
        Model(name="doubao-seed-2-1-pro-260628", traits=Traits(context=256_000, images=True)),
        Model(name="doubao-seed-1-6-flash-250828", traits=Traits(context=256_000, images=True)),
        Model(name="doubao-seed-*", traits=Traits(context=256_000, images=True)),
        Model(name="doubao-1-5-*", traits=Traits(context=32_000), dialect=Dialect(user="")),
    ),
    dialect=Dialect(
        effort={effort: {"thinking": {"type": "disabled" if effort == "none" else "enabled"}} for effort in EFFORTS},
        user="",
    ),
)

# https://docs.ollama.com/api/openai-compatibility. The first token may have to wait for the model to be loaded.
_SEES = Traits(images=True)

OLLAMA = Profile(
    name="ollama",
    title="Ollama, models on a machine of your own",
    base_url="http://127.0.0.1:11434/v1",
    base_url_env="OLLAMA_HOST",
    base_url_help="where Ollama listens: host, host:port or a URL",
    bare_host=True,
    needs_key=False,
    keys=(Setting(name="api_key", env="OLLAMA_API_KEY", help="only for ollama.com", secret=True),),
    credentials=(("api_key",),),
    models=tuple(Model(name=name, traits=_SEES) for name in ("*llava*", "*vision*", "*vl*", "gemma[34]*", "llama4*")),
    dialect=Dialect(
        effort={
            "none": {"reasoning_effort": "none"},
            "minimal": {"reasoning_effort": "low"},
            "low": {"reasoning_effort": "low"},
            "medium": {"reasoning_effort": "medium"},
            "high": {"reasoning_effort": "high"},
            "xhigh": {"reasoning_effort": "high"},
        },
        parallel_tool_calls=False,
        user="",
    ),
    lists_all=True,
    found_by_itself=True,
    first_token=120.0,
    start="Start it with `ollama serve`, or set OLLAMA_HOST to where it listens.",
    fetch="Fetch it with `ollama pull {model}`.",
)

# https://docs.vllm.ai: thinking is the chat template's business; Qwen's asks for the first name, DeepSeek's for the second.
VLLM = Profile(
    name="vllm",
    title="vLLM, a server of your own",
    base_url="http://127.0.0.1:8000/v1",
    base_url_env="VLLM_BASE_URL",
    needs_key=False,
    keys=(Setting(name="api_key", env="VLLM_API_KEY", help="what `vllm serve --api-key` was given", secret=True),),
    credentials=(("api_key",),),
    models=tuple(Model(name=name, traits=_SEES) for name in ("*-VL-*", "*[Vv]ision*", "*llava*")),
    dialect=Dialect(
        effort={
            effort: {"chat_template_kwargs": {"enable_thinking": effort != "none", "thinking": effort != "none"}}
            for effort in EFFORTS
        }
    ),
    lists_all=True,
    first_token=60.0,
    start="Start it with `vllm serve MODEL --port 8000`, or set VLLM_BASE_URL to where it listens.",
    fetch="Start vLLM with it: `vllm serve {model}`.",
)

# https://www.xfyun.cn/doc/spark/HTTP调用文档.html and X1http.html: either the APIPassword of the console or "key:secret".
# Search is on unless it is turned off; tool calls come as a list only on request.
_SPARK_ON = {"type": "web_search", "web_search": {"enable": True, "show_ref_label": True, "search_mode": "normal"}}
_SPARK_OFF = {"type": "web_search", "web_search": {"enable": False}}
_SPARK_LITE = Dialect(stream_usage=False, with_tools={"tool_calls_switch": True}, parallel_tool_calls=False)
_SPARK = msgspec.structs.replace(_SPARK_LITE, web_search={"tools": [_SPARK_ON]}, no_web_search={"tools": [_SPARK_OFF]})
_SPARK_X = msgspec.structs.replace(
    _SPARK,
    effort={effort: {"thinking": {"type": "disabled" if effort == "none" else "enabled"}} for effort in EFFORTS},
)
_NO_TOOLS_8K = Traits(context=8_192, max_output=4_096, tools=False)
_SPARK_HOST = "https://spark-api-open.xf-yun.com"

SPARK_HTTP = Profile(
    name="spark-http",
    title="iFlytek Spark 讯飞星火 over HTTP",
    base_url=f"{_SPARK_HOST}/v1",
    base_url_env="SPARK_HTTP_BASE_URL",
    keys=(
        Setting(name="api_password", env="SPARK_API_PASSWORD", help="APIPassword of the HTTP service", secret=True),
        Setting(name="api_key", env="SPARK_API_KEY", help="or the APIKey of the app,", secret=True),
        Setting(name="api_secret", env="SPARK_API_SECRET", help="together with its APISecret", secret=True),
    ),
    credentials=(("api_password",), ("api_key", "api_secret")),
    key_page="https://console.xfyun.cn",
    default_model="4.0Ultra",
    models=(
        Model(name="4.0Ultra", traits=Traits(context=8_192, max_output=8_192)),
        Model(name="generalv3.5", traits=Traits(context=8_192, max_output=8_192)),
        Model(name="max-32k", traits=Traits(context=32_768, max_output=8_192)),
        Model(name="generalv3", traits=Traits(context=8_192, max_output=8_192, tools=False)),
        Model(name="pro-128k", traits=Traits(context=131_072, max_output=4_096, tools=False)),
        Model(name="lite", traits=_NO_TOOLS_8K, dialect=_SPARK_LITE),
        Model(
            name="spark-x",
            traits=Traits(context=65_536, max_output=65_535),
            dialect=_SPARK_X,
            base_url=f"{_SPARK_HOST}/v2",
        ),
        Model(
            name="x2",
            traits=Traits(context=65_536, max_output=65_535),
            dialect=_SPARK_X,
            base_url=f"{_SPARK_HOST}/x2",
            sent_as="spark-x",
        ),
    ),
    dialect=_SPARK,
)

PROFILES = (OPENAI, DEEPSEEK, QWEN, ARK, OLLAMA, VLLM, SPARK_HTTP)
