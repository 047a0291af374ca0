"""What the page is told."""

from __future__ import annotations

from salon.app.build import build
from salon.app.config import Config, LlmDefaults, Server
from salon.app.config_load import Loaded
from salon.app.models import Models
from salon.app.page import PageFacts, offered
from salon.serve.gate import Caller
from salon.serve.limits import Limits
from salon.session.agent import Agent
from salon.wire.token import Claims, SalonClaim

ENVIRON = {"SPARK_APP_ID": "a", "SPARK_API_KEY": "b", "SPARK_API_SECRET": "c"}


def ring() -> str:
    return "ding"


AGENTS = [
    Agent(
        "host",
        title="Host",
        description={"en": "Helps.", "zh": "帮忙。"},
        welcome="Hi!",
        suggestions={"en": ("Hi",)},
        tools=[ring],
    ),
    Agent("poet", llm="spark:4.0Ultra"),
]


def facts(agents: list[Agent], llm: tuple[str, ...] = ("demo",)) -> PageFacts:
    config = Config(llm=LlmDefaults(default=llm), server=Server(max_frame_bytes=5000))
    models = Models(Loaded(config=config), environ=ENVIRON)
    return PageFacts(config, build(config, agents, models).hub, models)


def granted(*agents: str) -> Caller:
    return Caller("li", "grant", Limits(), claims=Claims(salon=SalonClaim(talk=True, agents=agents)))


def test_all_of_it() -> None:
    told = facts(AGENTS)(Caller("open", "open", Limits()))
    assert told["agents"][0] | {"llm": "", "vision": None} == {
        "name": "host",
        "title": {"": "Host"},
        "description": {"en": "Helps.", "zh": "帮忙。"},
        "welcome": {"": "Hi!"},
        "llm": "",
        "vision": None,
        "tools": ["ring"],
        "voices": told["agents"][0]["voices"],
        "suggestions": {"en": ["Hi"]},
    }
    assert told["agents"][0]["llm"].startswith("demo:")
    assert told["agents"][1]["title"] == {"": "poet"}
    assert told["default_agent"] == "host"
    assert told["auth"] == "open"
    assert told["demo"] is True
    assert told["limits"] == {"max_frame_bytes": 5000}
    assert {"name", "version", "models"} < set(told)


def test_the_models_are_those_that_have_their_keys() -> None:
    models = facts(AGENTS)(Caller("k", "key", Limits()))["models"]
    names = [model["name"] for model in models]
    assert names[0].startswith("demo:")
    assert "spark:4.0Ultra" in names
    assert not any(name.startswith("openai:") for name in names)
    assert len(names) == len(set(names))
    assert all(isinstance(model["images"], bool) for model in models)


def test_a_grant_sees_what_it_may_use() -> None:
    told = facts(AGENTS)(granted("poet"))
    assert [agent["name"] for agent in told["agents"]] == ["poet"]
    assert (told["models"], told["default_agent"], told["auth"]) == ([], "poet", "key")
    assert len(facts(AGENTS)(granted())["agents"]) == 2


def test_a_real_model_is_no_demo() -> None:
    assert facts(AGENTS, ("spark", "demo"))(granted())["demo"] is False


def test_a_model_that_cannot_be_made_is_not_offered() -> None:
    config = Config(llm=LlmDefaults(default=("demo", "openai:gpt-4o-mini")))
    names = offered(Models(Loaded(config=config), environ={}))
    assert [name.partition(":")[0] for name in names] == ["demo"]
