"""Spark's models: where each one lives and what it takes. Data; who knows more adds a row.

Sources: xfyun.cn/doc/spark/Web.html, X1ws.html, ImageUnderstanding.html; the domains and hosts of kjwx and multilang
from iFlytek's websdk-java.
"""

from __future__ import annotations

import difflib

import msgspec

from salon.base.errors import ConfigError
from salon.ports.llm import Traits
from salon.wire.spark import Dialect

_CHAT = "wss://spark-api.xf-yun.com"


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """One row. ``context`` is tokens, input and output together; None where the sources are silent or disagree.

    ``images`` says how pictures get in: ``own``, or ``image`` by asking the model of that name in its place.
    ``also`` are further names under which it is found; a domain is found anyway.
    """

    name: str
    url: str
    dialect: Dialect
    context: int | None = None
    images: str = ""
    also: tuple[str, ...] = ()

    @property
    def traits(self) -> Traits:
        return Traits(
            context=self.context,
            max_output=self.dialect.max_output,
            images=bool(self.images),
            tools=self.dialect.tools,
        )


# "temperature: (0, 1]" for all but the X models, which take (0, 2]. "system" from Max on. Functions: Max and Ultra.
MODELS: tuple[Model, ...] = (
    Model(
        name="lite",
        url=f"{_CHAT}/v1.1/chat",
        dialect=Dialect(domain="lite", max_output=4096),
        context=8192,
        also=("spark-lite",),
    ),
    Model(
        name="v2",
        url=f"{_CHAT}/v2.1/chat",
        dialect=Dialect(domain="generalv2", max_output=8192),
        context=8192,
    ),
    Model(
        name="pro",
        url=f"{_CHAT}/v3.1/chat",
        dialect=Dialect(domain="generalv3", search=True, max_output=8192),
        context=8192,
        images="image",
        also=("spark-pro",),
    ),
    Model(
        name="pro-128k",
        url=f"{_CHAT}/chat/pro-128k",
        dialect=Dialect(domain="pro-128k", search=True, max_output=4096),
        context=131072,
    ),
    Model(
        name="max",
        url=f"{_CHAT}/v3.5/chat",
        dialect=Dialect(domain="generalv3.5", system=True, tools=True, search=True, max_output=8192),
        context=8192,
        images="image",
        also=("spark-max",),
    ),
    Model(
        name="max-32k",
        url=f"{_CHAT}/chat/max-32k",
        dialect=Dialect(domain="max-32k", system=True, tools=True, search=True, max_output=8192),
        context=32768,
        images="image",
    ),
    Model(
        name="4.0Ultra",
        url=f"{_CHAT}/v4.0/chat",
        dialect=Dialect(domain="4.0Ultra", system=True, tools=True, search=True, max_output=8192),
        context=8192,
        images="image",
        also=("ultra", "4.0-ultra", "spark-ultra"),
    ),
    Model(
        name="x1",
        url=f"{_CHAT}/v1/x1",
        dialect=Dialect(
            domain="spark-x", system=True, search=True, thinking=True, temperature=(0.01, 2.0), max_output=65535
        ),
        context=65536,
        images="image",
        also=("x1.5", "spark-x1"),
    ),
    Model(
        name="x2",
        url=f"{_CHAT}/x2",
        dialect=Dialect(domain="spark-x", system=True, search=True, thinking=True, temperature=(0.01, 2.0)),
        images="image",
        also=("spark-x2",),
    ),
    Model(
        name="image",
        url="wss://spark-api.cn-huabei-1.xf-yun.com/v2.1/image",
        dialect=Dialect(domain="imagev3", images=True, max_output=8192),
        context=8192,
        images="own",
    ),
    Model(
        name="image-basic",
        url="wss://spark-api.cn-huabei-1.xf-yun.com/v2.1/image",
        dialect=Dialect(domain="general", images=True, max_output=8192),
        context=8192,
        images="own",
    ),
    Model(
        name="kjwx",
        url="wss://spark-openapi-n.cn-huabei-1.xf-yun.com/v1.1/chat_kjwx",
        dialect=Dialect(domain="kjwx"),
    ),
    Model(
        name="multilang",
        url="wss://spark-api-n.xf-yun.com/v1.1/chat_multilang",
        dialect=Dialect(domain="multilang"),
    ),
    Model(
        name="iflycode",
        url=f"{_CHAT}/v3.2/chat",
        dialect=Dialect(domain="iflycode.ge"),
    ),
)

#: A service of iFlytek's MaaS platform: ``maas/<service id>``. What its model takes depends on the model.
MAAS_URL = "wss://maas-api.cn-huabei-1.xf-yun.com/v1.1/chat"


def _index() -> dict[str, Model]:
    """Every name in lower case. Where two rows share a domain, the row that stands first has it."""
    index: dict[str, Model] = {}
    # "general" was Lite's domain before it was the basic image model's.
    index["general"] = MODELS[0]
    for model in MODELS:
        for name in (model.name, *model.also):
            index.setdefault(name.lower(), model)
    for model in MODELS:
        index.setdefault(model.dialect.domain.lower(), model)
    return index


_BY_NAME = _index()
IMAGE = _BY_NAME["image"]


def find(name: str) -> Model:
    """The model of that name: ours or Spark's domain, in capitals or not. Raises ``ConfigError`` with the nearest one."""
    if name.lower().startswith("maas/") and name[5:]:
        return Model(
            name=name,
            url=MAAS_URL,
            dialect=Dialect(domain=name[5:], system=True, tools=True, temperature=(0.01, 2.0)),
        )
    model = _BY_NAME.get(name.lower())
    if model is None:
        near = difflib.get_close_matches(name.lower(), _BY_NAME, n=1, cutoff=0.4)
        hint = f" Did you mean {_BY_NAME[near[0]].name}?" if near else ""
        known = ", ".join(row.name for row in MODELS)
        raise ConfigError(f"Spark has no model {name!r}.{hint} Known are {known} and maas/<service id>.")
    return model
