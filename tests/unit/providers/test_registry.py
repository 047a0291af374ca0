"""Finding models by name, in houses that come through entry points."""

from __future__ import annotations

import socket
import sys
import types
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from typing import Any

import pytest

from salon.base.errors import ConfigError
from salon.ports.house import Setting
from salon.providers import registry
from salon.providers.fallback import FallbackLlm
from salon.providers.registry import GROUP, PREFERRED, Registry, discover
from tests.fakes.scripted_llm import ScriptedLlm

ALL = [
    "ark",
    "deepseek",
    "demo",
    "local-speech",
    "offline",
    "ollama",
    "onnx",
    "openai",
    "qwen",
    "spark",
    "spark-http",
    "vllm",
    "volcengine",
]
# So that an Ollama that really runs on this machine is not found.
NO_OLLAMA = {"OLLAMA_HOST": "127.0.0.1:9"}


class House:
    title = "Theirs"
    default_model = "small"
    models = ("small", "large")
    settings = (
        Setting(name="key", env="THEIR_KEY", secret=True, required=True),
        Setting(name="color", env="THEIR_COLOR", default="red"),
        Setting(name="first_token_timeout", default=30.0),
    )

    def __init__(self, name: str = "theirs") -> None:
        self.name = name
        self.made: list[tuple[str, dict[str, Any]]] = []
        self.closed: list[str] = []

    def llm(self, model: str, settings: Any) -> ScriptedLlm:
        if not settings["key"]:
            raise ConfigError("set THEIR_KEY")
        self.made.append((model, dict(settings)))
        house = self

        class Closing(ScriptedLlm):
            async def aclose(self) -> None:
                house.closed.append(self.name)

        return Closing([], name=f"{self.name}:{model}")


@pytest.fixture
def theirs() -> Iterator[House]:
    module = types.ModuleType("their_package")
    house = House()
    module.house = house  # type: ignore[attr-defined]
    module.liar = House("else")  # type: ignore[attr-defined]
    module.nothing = object()  # type: ignore[attr-defined]
    sys.modules["their_package"] = module
    yield house
    del sys.modules["their_package"]


def entry(name: str, value: str) -> EntryPoint:
    return EntryPoint(name, value, GROUP)


THEIRS = entry("theirs", "their_package:house")
DEMO = entry("demo", "salon.providers.local:house")


def only(*entries: EntryPoint, environ: dict[str, str] | None = None, **more: Any) -> Registry:
    return Registry(environ={"THEIR_KEY": "k"} if environ is None else environ, entries=entries, **more)


def test_the_built_in_houses_come_by_the_same_door() -> None:
    found = Registry(environ={})
    assert sorted(found.houses) == ALL
    assert {house.name for house in found.houses.values()} == set(ALL)
    assert set(PREFERRED) <= set(ALL)


def test_only_the_house_that_is_asked_for_is_imported() -> None:
    broken = entry("broken", "no_such_package:house")
    assert only(broken, DEMO).llm("demo").name == "demo:demo"
    assert list(only(broken, DEMO).houses) == ["demo"]


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("no_such_package:house", "ModuleNotFoundError"),
        ("their_package:absent", "AttributeError"),
        ("their_package:nothing", "has no name, title"),
        ("their_package:liar", 'calls itself "else"'),
    ],
)
def test_a_house_that_cannot_be_loaded_is_named(theirs: House, value: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        only(entry("bad", value)).llm("bad:model")
    assert says in str(caught.value)
    assert f"bad = {value}" in str(caught.value)


def test_of_two_with_one_name_the_built_in_one_stays(theirs: House) -> None:
    for entries in ((DEMO, entry("demo", "their_package:house")), (entry("demo", "their_package:house"), DEMO)):
        assert only(*entries).house("demo").title.startswith("Salon")


def test_a_name_gives_the_same_object(theirs: House) -> None:
    found = only(THEIRS, DEMO)
    assert found.llm("theirs:large").name == "theirs:large"
    assert (
        found.llm("theirs") is found.llm("theirs:small") is found.llm(["theirs:small"]) is found.llm(" theirs , theirs")
    )
    assert [model for model, _ in theirs.made] == ["large", "small"]


def test_a_model_may_have_colons_in_its_name(theirs: House) -> None:
    assert only(THEIRS).llm("theirs:qwen3:8b").name == "theirs:qwen3:8b"


def test_several_names_make_a_chain(theirs: House) -> None:
    found = only(THEIRS, DEMO)
    chain = found.llm(["theirs:large", "demo"])
    assert isinstance(chain, FallbackLlm)
    assert repr(chain) == "FallbackLlm(theirs:large, demo:demo)"
    assert found.llm("theirs:large,demo") is chain
    assert found.llm(["demo", "theirs:large"]) is not chain


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("opnai:x", 'did you mean "openai"'),
        ("DEMO", 'did you mean "demo"'),
        ("gpt-6-luna", 'did you mean "openai:gpt-6-luna"'),
        ("xyz", "known are ark, deepseek"),
        ("", "no model is named"),
        (" , ", "no model is named"),
        ("openai", "OPENAI_API_KEY"),
        ("spark", "SPARK_APP_ID"),
        ("demo:other", "only"),
    ],
)
def test_a_wrong_name_is_answered_with_the_right_one(name: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Registry(environ={}).llm(name)
    assert says in str(caught.value)


def test_settings_come_from_the_configuration_then_the_environment_then_the_default(theirs: House) -> None:
    environ = {"THEIR_KEY": "from environment", "THEIR_COLOR": ""}
    assert only(THEIRS, environ=environ).settings(theirs) == {
        "key": "from environment",
        "color": "red",
        "first_token_timeout": 30.0,
    }
    common = {"first_token_timeout": 5.0, "stall_timeout": 9.0}
    values = only(THEIRS, environ=environ, common=common).settings(theirs)
    assert values["first_token_timeout"] == 5.0
    assert "stall_timeout" not in values
    config = {"theirs": {"key": "from file", "color": "blue", "first_token_timeout": 7}}
    assert only(THEIRS, environ=environ, config=config, common=common).settings(theirs) == {
        "key": "from file",
        "color": "blue",
        "first_token_timeout": 7,
    }


def test_a_common_setting_that_is_none_is_not_set(theirs: House) -> None:
    assert only(THEIRS, common={"first_token_timeout": None}).settings(theirs)["first_token_timeout"] == 30.0


def test_an_unknown_setting_is_answered_with_the_right_one(theirs: House) -> None:
    with pytest.raises(ConfigError, match=r'\[providers.theirs\] has no setting colour; did you mean "color"'):
        only(THEIRS, config={"theirs": {"colour": "blue"}}).llm("theirs")


def test_what_is_available(theirs: House) -> None:
    offers = {offer.name: offer for offer in only(THEIRS, DEMO, entry("bad", "no_such:x"), environ={}).available()}
    assert list(offers) == ["bad", "demo", "theirs"]
    assert offers["demo"].configured
    assert (offers["theirs"].configured, offers["theirs"].missing) == (False, ("key",))
    assert "THEIR_KEY" in offers["theirs"].problem
    assert offers["theirs"].models == ("small", "large")
    assert "no_such" in offers["bad"].problem
    assert only(THEIRS).available()[0].configured


def test_every_built_in_house_says_what_it_lacks() -> None:
    offers = {offer.name: offer for offer in Registry(environ={}).available()}
    assert {name for name, offer in offers.items() if offer.configured} == {"demo", "ollama", "vllm"}
    assert all(offer.title and (offer.problem or offer.configured) for offer in offers.values())
    assert offers["spark"].missing == ("app_id", "api_key", "api_secret")


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        ({}, "demo"),
        ({"OPENAI_API_KEY": "k"}, "openai"),
        ({"OPENAI_API_KEY": ""}, "demo"),
        ({"DEEPSEEK_API_KEY": "k", "DASHSCOPE_API_KEY": "k"}, "deepseek"),
        ({"ARK_API_KEY": "k"}, "ark"),
        ({"SPARK_APP_ID": "a", "SPARK_API_KEY": "k", "SPARK_API_SECRET": "s", "OPENAI_API_KEY": "k"}, "spark"),
        ({"SPARK_API_PASSWORD": "p"}, "spark-http"),
        ({"SPARK_APP_ID": "a"}, "demo"),
    ],
)
def test_without_a_name_it_is_who_has_a_key(environ: dict[str, str], name: str) -> None:
    assert discover(NO_OLLAMA | environ) == name


def test_a_key_in_the_configuration_counts_too() -> None:
    assert Registry({"openai": {"api_key": "k"}}, environ=NO_OLLAMA).choose() == "openai"


def test_a_server_on_this_machine_comes_before_the_demonstration(monkeypatch: pytest.MonkeyPatch) -> None:
    house = Registry(environ=NO_OLLAMA).house("ollama")
    monkeypatch.setattr(type(house), "running", lambda self, settings: "qwen3:8b" if self.name == "ollama" else None)
    assert discover(NO_OLLAMA) == "ollama:qwen3:8b"
    assert discover(NO_OLLAMA | {"OPENAI_API_KEY": "k"}) == "openai"


def test_others_houses_are_not_imported_to_choose() -> None:
    assert only(entry("theirs", "no_such_package:house"), DEMO, environ={}).choose() == "demo"


def test_a_silent_server_is_not_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert discover({"OLLAMA_HOST": f"127.0.0.1:{silent.getsockname()[1]}"}) == registry.FALLBACK


async def test_closing_closes_each_model_once(theirs: House) -> None:
    found = only(THEIRS, DEMO)
    found.llm(["theirs:large", "theirs:small", "demo"])
    found.llm("theirs:large")
    await found.aclose()
    assert sorted(theirs.closed) == ["theirs:large", "theirs:small"]
    await found.aclose()
    assert len(theirs.closed) == 2
    found.llm("theirs:large")
    assert len(theirs.made) == 3, "a closed registry makes new models"


def test_no_secret_comes_out() -> None:
    found = Registry({"openai": {"api_key": "sk-hidden", "base_url": "ftp://x"}}, environ={})
    with pytest.raises(ConfigError) as caught:
        found.llm("openai")
    assert "hidden" not in f"{caught.value} {found!r} {found.available()}"


def test_speech_comes_from_the_houses_that_have_it() -> None:
    found = Registry(environ={})
    assert found.asr("offline").name == "offline:pocketsphinx"
    assert found.tts("offline:espeak") is found.tts("offline")
    with pytest.raises(ConfigError, match=r'"demo" has no speech recognition; these have: .*offline'):
        found.asr("demo")
    with pytest.raises(ConfigError, match='"demo" has no speech synthesis'):
        found.tts("demo:demo")
    with pytest.raises(ConfigError, match="no speech synthesis is named"):
        found.tts("")


async def test_a_chain_of_speech_is_made_once() -> None:
    found = Registry(environ={})
    house = found.house("offline")
    found._made["asr", "offline:other"] = house.asr("", {})  # type: ignore[attr-defined]
    chain = found.asr(["offline", "offline:other"])
    assert chain is found.asr("offline,offline:other")
    assert repr(type(chain).__name__) == "'FallbackAsr'"
    await found.aclose()


def test_a_house_without_a_language_model_is_no_offer_of_one() -> None:
    found = Registry(environ={})
    assert "offline" not in {offer.name for offer in found.available()}
    with pytest.raises(ConfigError, match="no language model"):
        found.llm("offline")


def test_without_a_key_speech_is_what_needs_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Registry(environ={}).choose_speech("asr") == ("offline",)
    assert Registry(environ={}).choose_speech("tts") == ("offline",)
    assert only(DEMO).choose_speech("tts") == ()
