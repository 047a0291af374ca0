"""Which model answers, and why."""

from __future__ import annotations

import pathlib

import pytest

from salon.app.agents import agents_of
from salon.app.config import Config, LlmDefaults
from salon.app.config_load import Loaded
from salon.app.models import Models, house_settings, read
from salon.base.errors import ConfigError
from salon.session.agent import Agent
from tests.fakes.scripted_llm import ScriptedLlm
from tests.fakes.turn_models import picture_model

SPARK = {"SPARK_APP_ID": "a", "SPARK_API_KEY": "b", "SPARK_API_SECRET": "c"}
# Nothing may be found by chance on the machine that runs the tests.
QUIET = {"OLLAMA_HOST": "127.0.0.1:9", "VLLM_BASE_URL": "http://127.0.0.1:9/v1"}


def models(environ: dict[str, str], **given: object) -> Models:
    return Models(read(environ=environ, **given), environ=environ)  # type: ignore[arg-type]


def test_what_was_named_counts_first(alone: pathlib.Path) -> None:
    (alone / "salon.toml").write_text('[llm]\ndefault = ["openai:gpt-4o-mini", "demo"]\n')
    by_file = models(SPARK)
    assert (by_file.default_names, by_file.source) == (("openai:gpt-4o-mini", "demo"), "salon.toml")
    by_variable = models({"SALON_LLM": "demo"})
    assert (by_variable.default_names, by_variable.source) == (("demo",), "SALON_LLM")
    by_flag = models({"SALON_LLM": "spark"}, llm=["demo"])
    assert (by_flag.default_names, by_flag.source) == (("demo",), "--llm")


def test_then_a_house_with_a_key() -> None:
    chosen = models(SPARK)
    assert (chosen.default_names, chosen.source) == (("spark",), "SPARK_API_KEY")
    assert chosen.default().name == "spark:4.0Ultra"
    assert chosen.given() == ("spark", "spark-http") or chosen.given() == ("spark",)
    assert "spark:lite" in chosen.known()


def test_a_key_in_the_file(alone: pathlib.Path) -> None:
    (alone / "salon.toml").write_text('[providers.openai]\napi_key = "sk-x"\n')
    chosen = models({})
    assert (chosen.default_names, chosen.source) == (("openai",), "salon.toml")


def test_then_the_demo() -> None:
    chosen = Models(Loaded(config=Config()), environ=QUIET)
    assert (chosen.default_names, chosen.source) == (("demo",), "")
    assert chosen.default().name.startswith("demo:")


def test_half_a_key_is_given_but_not_chosen() -> None:
    chosen = Models(Loaded(config=Config()), environ={"SPARK_APP_ID": "a", **QUIET})
    assert chosen.default_names == ("demo",)
    assert "spark" in chosen.given()
    (problem,) = (each for each in chosen.unusable() if "SPARK_API_KEY" in each)
    assert "Spark needs api_key" in problem


def test_names_with_commas() -> None:
    assert models({}, llm=["demo, openai:x", "spark"]).default_names == ("demo", "openai:x", "spark")


def test_the_model_of_an_agent() -> None:
    own = ScriptedLlm([])
    chosen = models({"SALON_LLM": "demo"})
    assert chosen.of(Agent("a")) is chosen.default()
    assert chosen.of(Agent("a", llm="demo")) is chosen.default()
    assert chosen.of(Agent("a", llm=own)) is own
    with pytest.raises(ConfigError, match='no house "nobody"'):
        chosen.of(Agent("a", llm="nobody:knows"))


def test_patience_reaches_the_houses() -> None:
    """A time that cannot be is refused by the house: so it has heard of it."""
    config = Config(llm=LlmDefaults(default=("openai:gpt-4o-mini",), stall_seconds=90_000.0))
    with pytest.raises(ConfigError, match="stall_timeout"):
        Models(Loaded(config=config), environ={"OPENAI_API_KEY": "sk-x"}).default()


def test_settings_of_houses_are_checked_when_there_are_some(alone: pathlib.Path) -> None:
    (alone / "salon.toml").write_text('[providers.spark]\nappid = "x"\n')
    with pytest.raises(
        ConfigError, match=r'salon.toml:2: unknown key "appid" in \[providers.spark\]; did you mean "app_id"'
    ):
        read(environ={})
    assert {"spark", "openai", "demo"} <= set(house_settings())


async def test_closing() -> None:
    await models({"SALON_LLM": "demo"}).aclose()


def test_speech_is_offline_where_nobody_says_otherwise() -> None:
    chosen = Models(Loaded(config=Config()), environ={})
    assert (chosen.asr_names, chosen.tts_names) == (("offline",), ("offline",))
    assert chosen.asr().name == "offline:pocketsphinx"
    assert chosen.tts("offline:espeak").name == "offline:espeak"


def test_speech_is_what_the_configuration_names() -> None:
    chosen = models({"SALON_TTS": "offline:espeak,offline", "SALON_ASR": "offline:pocketsphinx", **QUIET})
    assert chosen.tts_names == ("offline:espeak", "offline")
    assert chosen.tts().name == "offline:espeak"
    assert chosen.asr_names == ("offline:pocketsphinx",)


def test_a_wrong_name_is_told_with_its_place(alone: pathlib.Path) -> None:
    (alone / "salon.toml").write_text(
        "\n".join(
            [
                "[llm]",
                "default = [",
                '  "demo",',
                '  "spark:4.0Ultr",',
                "]",
                "[spark_door.domains]",
                'lite = "poet"',
                'max = "nobody:knows"',
                "[[agents]]",
                'name = "poet"',
                'llm = "openai:gpt-4o-mini"',
            ]
        )
    )
    loaded = read(environ=SPARK)
    with pytest.raises(ConfigError) as wrong:
        Models(loaded, environ=SPARK).check(agents_of(loaded, [Agent("host")]))
    told = str(wrong.value).splitlines()
    assert [line.partition(": ")[0] for line in told] == ["salon.toml:4", "salon.toml:11", "salon.toml:8"]
    assert "Did you mean 4.0Ultra?" in told[0] and "OPENAI_API_KEY" in told[1] and '"nobody"' in told[2]


def test_the_default_need_not_be_there_where_nobody_uses_it(alone: pathlib.Path) -> None:
    (alone / "salon.toml").write_text('[llm]\ndefault = "spark"\n')
    chosen = models({})
    chosen.check([Agent("host", llm="demo")])
    for uses in (lambda: chosen.check([Agent("host")]), chosen.default):
        with pytest.raises(ConfigError, match=r"^salon\.toml:2: Spark needs app_id"):
            uses()


def test_a_flag_and_a_variable_are_places_too() -> None:
    with pytest.raises(ConfigError, match=r"^--llm: .*\"nobody\""):
        models({}, llm=["demo,nobody:knows"]).check([Agent("host")])
    with pytest.raises(ConfigError, match=r"^SALON_LLM: .*\"nobody\""):
        models({"SALON_LLM": "nobody:knows"}).check([Agent("host")])


def test_a_turn_model_is_a_file_beside_the_configuration(alone: pathlib.Path) -> None:
    assert models({}).turn_name == ""
    folder = alone / "here"
    folder.mkdir()
    picture_model(folder / "turn.onnx")
    (folder / "salon.toml").write_text('[turn]\nmodel = "turn.onnx"\n')
    found = models({}, file=folder / "salon.toml")
    found.check([])
    assert found.turn().name == "onnx:turn.onnx"
    assert models({"SALON_TURN_MODEL": "house:model"}).turn_name == "house:model"


def test_a_turn_model_that_is_not_there_is_told_with_its_place(alone: pathlib.Path) -> None:
    (alone / "salon.toml").write_text('[turn]\nmodel = "turn.onnx"\n')
    with pytest.raises(ConfigError, match=r'salon\.toml:2: there is no file "turn\.onnx"'):
        models({}).check([])
