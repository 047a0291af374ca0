"""The tree of settings, and its twins: the commented example and the reference."""

from __future__ import annotations

import pathlib
import re

import msgspec
import pytest

from salon.app import config_docs
from salon.app.config import AgentSettings, ApiKey, Auth, Config, SparkCredential
from salon.app.config_load import load

ROOT = pathlib.Path(__file__).parents[3]
EXAMPLE = ROOT / config_docs.EXAMPLE
TABLES = ROOT / config_docs.TABLES
SECRET = "a-secret-that-nobody-may-see-" + "x" * 20


def switched_on(text: str) -> str:
    """The example with every line that a ``#`` without a space switches off."""
    return re.sub(r"^#(?=[^ \n])", "", text, flags=re.MULTILINE)


def test_the_example_as_it_is_holds_the_defaults() -> None:
    assert load(EXAMPLE, environ={}).config == Config()


def test_the_example_names_every_setting() -> None:
    text = switched_on(EXAMPLE.read_text(encoding="utf-8"))
    for chapter in config_docs.chapters():
        _, found, rest = text.partition(chapter.header + "\n")
        assert found, chapter.header
        body = re.split(r"^\[", rest, maxsplit=1, flags=re.MULTILINE)[0]
        assert re.findall(r"^(\w+) =", body, flags=re.MULTILINE) == [entry.name for entry in chapter.entries]


@pytest.mark.parametrize("left_out", ["instructions", "instructions_file"])
def test_the_example_with_everything_switched_on_is_a_configuration(tmp_path: pathlib.Path, left_out: str) -> None:
    text = switched_on(EXAMPLE.read_text(encoding="utf-8"))
    file = tmp_path / "salon.toml"
    file.write_text(re.sub(rf"^{left_out} = .*$", "", text, flags=re.MULTILINE), encoding="utf-8")
    (tmp_path / "host.md").write_text("You are a host.\n", encoding="utf-8")
    environ = dict.fromkeys(re.findall(r'"env:(\w+)"', text), SECRET)
    houses = {name: settings for name, (_, settings) in config_docs.houses().items()}
    config = load(file, environ=environ, houses=lambda: houses).config
    assert config.auth.api_keys[0].key == SECRET
    assert config.agents[0].instructions.startswith("You are a")
    assert config.spark_door.credentials[0].app_id == "salon"
    assert set(config.providers) == set(houses)


def test_the_example_and_the_reference_are_fresh() -> None:
    houses = config_docs.houses()
    reference = TABLES.read_text(encoding="utf-8")
    hint = "stale: run python -m salon.app.config_docs"
    assert EXAMPLE.read_text(encoding="utf-8") == config_docs.example(houses), hint
    assert reference == config_docs.documented(reference, config_docs.tables(houses)), hint


def test_no_repr_shows_a_secret() -> None:
    config = Config(
        auth=Auth(api_keys=(ApiKey(name="a", key=SECRET),), token_secrets=(SECRET,)),
        providers={"spark": {"api_secret": SECRET}},
    )
    credential = SparkCredential(app_id="a", api_key="b", api_secret=SECRET)
    assert SECRET not in repr(config) + repr(credential)
    assert "'a'" in repr(config.auth.api_keys[0])


def test_what_is_secret_in_the_documentation_is_hidden_in_the_repr() -> None:
    """One mark and the other: ``extra=SECRET`` and ``secrets``."""
    for section in (Auth, ApiKey, SparkCredential, AgentSettings):
        marked = {
            field.name
            for field in msgspec.structs.fields(section)
            for meta in getattr(field.type, "__metadata__", ())
            if (meta.extra or {}).get("secret")
        }
        assert marked == section.secrets
