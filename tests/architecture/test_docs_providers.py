"""docs/reference/providers.md is what the code has, and the programs of docs/how-to/connect-a-model.md run.

``python -m tests.architecture.test_docs_providers`` writes the tables.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from salon.base.chat import Delta, Finished, Message, Text, TextDelta
from salon.base.errors import ConfigError
from salon.ports.house import Hears, House, Speaks
from salon.providers.openai.profiles import EFFORTS, PROFILES, Profile
from salon.providers.registry import FALLBACK, OFFLINE, PREFERRED, PREFERRED_SPEECH, Registry, has_llm

DOCS = Path(__file__).resolve().parents[2] / "docs"
REFERENCE = DOCS / "reference/providers.md"
HOW_TO = DOCS / "how-to/connect-a-model.md"
SPEECH = DOCS / "how-to/connect-speech.md"
BEGIN, END = "<!-- {}: made by python -m tests.architecture.test_docs_providers -->", "<!-- end -->"


def houses() -> list[House]:
    return list(Registry(environ={}).houses.values())


def table(head: str, rows: list[list[str]]) -> str:
    count = head.count("|") + 1
    lines = [f"| {head} |", "|---" * count + "|", *(f"| {' | '.join(row)} |" for row in rows)]
    return "\n".join(lines)


def code(value: Any) -> str:
    if value in (None, "", {}, ()):
        return ""
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def tokens(count: int | None) -> str:
    return "?" if count is None else f"{count:,}"


def tables() -> dict[str, str]:
    found = sorted(houses(), key=lambda house: house.name)
    efforts = [row for profile in PROFILES for row in effort_rows(profile)]
    return {
        "houses": table(
            "house | what | default model | keys",
            [
                [
                    code(house.name),
                    house.title,
                    code(house.default_model) or ("the first that the server has" if has_llm(house) else "none"),
                    ", ".join(code(setting.env) for setting in house.settings if setting.secret) or "none",
                ]
                for house in found
            ],
        ),
        "settings": table(
            "house | setting | variable | default | what",
            [
                [
                    code(house.name),
                    code(each.name),
                    code(each.env),
                    "required" if each.required else code(each.default),
                    each.help,
                ]
                for house in found
                for each in house.settings
            ],
        ),
        "models": table(
            "model | context | answer | pictures | tools",
            [
                [
                    code(f"{profile.name}:{model.name}"),
                    tokens(model.traits.context),
                    tokens(model.traits.max_output),
                    "yes" if model.traits.images else "",
                    "yes" if model.traits.tools else "",
                ]
                for profile in PROFILES
                for model in profile.models
                if not model.is_pattern
            ],
        ),
        "asr": table(
            "recogniser | languages | while one speaks | word times | what",
            [
                [
                    code(f"{house.name}:{model}"),
                    ", ".join(asr.traits.languages) or "many",
                    "yes" if asr.traits.partials else "",
                    "yes" if asr.traits.words else "",
                    asr.traits.note,
                ]
                for house in found
                if isinstance(house, Hears)
                for model in house.asr_models
                for asr in [house.asr(model, sample_settings(house))]
            ],
        ),
        "tts": table(
            "synthesiser | languages | voices, the default first | joins pieces | word times | what",
            [
                [
                    code(f"{house.name}:{model}"),
                    ", ".join(tts.traits.languages) or "many",
                    ", ".join(code(voice) for voice in tts.traits.voices),
                    "yes" if tts.traits.joins else "",
                    "yes" if tts.traits.words else "",
                    tts.traits.note,
                ]
                for house in found
                if isinstance(house, Speaks)
                for model in house.tts_models
                for tts in [house.tts(model, sample_settings(house))]
            ],
        ),
        "reasoning": table("models | " + " | ".join(code(effort) for effort in EFFORTS), efforts),
    }


def sample_settings(house: House) -> dict[str, Any]:
    """Every setting, with something in the place of a key."""
    given = {each.name: each.default or ("x" if each.required or each.secret else None) for each in house.settings}
    return {
        name: "http://127.0.0.1:9/v1" if name in ("asr_url", "tts_url") and not value else value
        for name, value in given.items()
    }


def effort_rows(profile: Profile) -> list[list[str]]:
    rows = []
    for name, dialect in [(model.name, model.dialect) for model in profile.models if model.dialect] + [
        ("*", profile.dialect)
    ]:
        if dialect is not None and dialect.effort:
            said = [
                " ".join(f"`{key}: {shown(value)}`" for key, value in dialect.effort[effort].items())
                for effort in EFFORTS
            ]
            rows.append([code(f"{profile.name}:{name}"), *said])
    return rows


def shown(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {shown(each)}" for key, each in value.items()) + "}"
    return str(value).lower() if isinstance(value, bool) else str(value)


def written(text: str, made: dict[str, str]) -> str:
    for name, rows in made.items():
        begin = BEGIN.format(name)
        assert begin in text, f"providers.md has no place for {name}"
        head, _, rest = text.partition(begin)
        _, _, tail = rest.partition(END)
        text = f"{head}{begin}\n\n{rows}\n\n{END}{tail}"
    return text


def test_the_tables_are_up_to_date() -> None:
    text = REFERENCE.read_text("utf-8")
    assert written(text, tables()) == text, "run python -m tests.architecture.test_docs_providers"


def test_the_order_of_choice_is_told() -> None:
    text = REFERENCE.read_text("utf-8")
    assert ", ".join(code(name) for name in PREFERRED) in text
    assert code(FALLBACK) in text


def test_the_order_of_choice_of_speech_is_told() -> None:
    text = REFERENCE.read_text("utf-8")
    assert ", ".join(code(name) for name in PREFERRED_SPEECH) in text
    assert code(OFFLINE) in text


@pytest.mark.parametrize(
    "house", [each for each in houses() if isinstance(each, Hears | Speaks)], ids=lambda each: each.name
)
def test_the_how_to_of_speech_has_each_house(house: House) -> None:
    assert re.search(rf"\b{re.escape(house.name)}\b", SPEECH.read_text("utf-8"))


def test_the_how_to_of_speech_names_only_what_exists() -> None:
    known = {setting.env for house in houses() for setting in house.settings}
    found = Registry(environ={})
    text = SPEECH.read_text("utf-8")
    assert set(re.findall(r"\b[A-Z]{2,}(?:_[A-Z]+)+\b", text)) <= known | {"SALON_ASR", "SALON_TTS"}
    for name in re.findall(r"--(?:asr|tts) ([\w-]+)(?=[:,\s])", text):
        found.house(name)


@pytest.mark.parametrize("house", [each for each in houses() if has_llm(each)], ids=lambda house: house.name)
def test_the_how_to_has_each_house(house: House) -> None:
    assert re.search(rf"\b{re.escape(house.name)}\b", HOW_TO.read_text("utf-8"))


def test_the_how_to_names_only_what_exists() -> None:
    text = HOW_TO.read_text("utf-8")
    found = Registry(environ={})
    known = {setting.env for house in houses() for setting in house.settings}
    other = {"HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SALON_LLM", "ECHO_SHOUT", "MY_DEEPSEEK_KEY"}
    assert set(re.findall(r"\b[A-Z]{2,}(?:_[A-Z]+)+\b", text)) <= known | other
    for name in re.findall(r"--llm ([\w-]+)(?=[:,\s])", text):
        if name != "echo":
            found.house(name)


async def test_a_provider_of_ones_own_runs() -> None:
    (program,) = [
        each
        for each in re.findall(r"```python\n(.*?)```", HOW_TO.read_text("utf-8"), re.S)
        if "class EchoHouse" in each
    ]
    names: dict[str, Any] = {"__name__": "echo_provider"}
    exec(compile(program, "echo_provider", "exec"), names)
    house: House = names["house"]
    llm = house.llm(house.default_model, {setting.name: setting.default for setting in house.settings})
    said: list[Delta] = [delta async for delta in llm.stream([Message(role="user", content=(Text("hello"),))])]
    assert said[:-1] == [TextDelta("hello")]
    assert isinstance(said[-1], Finished)
    assert said[-1].model == llm.name
    assert [step.ok async for step in llm.check()] == [True]
    await llm.aclose()
    with pytest.raises(ConfigError):
        house.llm("whisper", {"shout": False})


if __name__ == "__main__":
    REFERENCE.write_text(written(REFERENCE.read_text("utf-8"), tables()), encoding="utf-8")
