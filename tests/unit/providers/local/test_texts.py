"""The sentences exist in both languages and take the same words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from salon.providers.local import texts

TABLES = {name: value for name, value in vars(texts).items() if name.isupper() and isinstance(value, dict)}


@pytest.mark.parametrize("name", TABLES)
def test_both_languages_say_the_same(name: str) -> None:
    table = TABLES[name]
    assert set(table) == {"en", "zh"}
    fields = {language: set(re.findall(r"\{(\w+)\}", str(text))) for language, text in table.items()}
    if name != "MARKDOWN":
        assert fields["en"] == fields["zh"]
    assert not re.search(r"[\u3400-\u9fff]", str(table["en"]))
    assert re.search(r"[\u3400-\u9fff]", str(table["zh"]))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_long_answer_shows_every_form(language: texts.Language) -> None:
    text = texts.MARKDOWN[language]
    for form in (
        r"^# ",
        r"^## ",
        r"^1\. ",
        r"^   - ",
        r"^> ",
        r"^\|---",
        r"^```python$",
        r"\*\*.+\*\*",
        r"\[.+\]\(https://",
    ):
        assert re.search(form, text, re.M), form


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_program_in_it_compiles(language: texts.Language) -> None:
    (program,) = re.findall(r"```python\n(.*?)```", texts.MARKDOWN[language], re.S)
    compile(program, "answer", "exec")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_way_to_a_model_names_what_exists(language: texts.Language) -> None:
    source = "".join(
        path.read_text() for path in Path(texts.__file__).parents[1].rglob("*.py") if path.name != "texts.py"
    )
    for variable in re.findall(r"`([A-Z_]{6,})`", texts.CONNECT[language]):
        assert f'"{variable}"' in source
