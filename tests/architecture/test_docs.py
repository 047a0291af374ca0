"""The documentation as a web of pages: links lead somewhere, every page can be found, every program compiles."""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.source import DOCS, ROOT

FENCE = re.compile(r"^( *)```(\w*)[^\n]*\n(.*?)^\1```", re.S | re.M)
LINK = re.compile(r"\]\(<?([^)\s>]+)>?(?: \"[^\"]*\")?\)|<(?:img|a|source)\b[^>]*?(?:src|srcset|href)=\"([^\"]+)\"")
FRONT = [ROOT / "README.md", ROOT / "README.zh.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"]
PAGES = sorted(DOCS.rglob("*.md")) + FRONT


def links(text: str) -> list[str]:
    """Where the links and pictures of a Markdown text point to, code left out."""
    prose = re.sub(r"`[^`\n]*`", "", FENCE.sub("", text))
    return [inline or tag for inline, tag in LINK.findall(prose)]


def anchors(text: str) -> set[str]:
    """The anchors that GitHub gives to a text's headings."""
    found: set[str] = set()
    for heading in re.findall(r"^#{1,6} +(.+?) *#*$", FENCE.sub("", text), re.M):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
        count = sum(1 for anchor in found if re.fullmatch(re.escape(slug) + r"(-\d+)?", anchor))
        found.add(f"{slug}-{count}" if count else slug)
    return found | set(re.findall(r"<a (?:id|name)=\"([^\"]+)\"", text))


def astray(page: Path, text: str) -> Iterator[str]:
    """Links of a page that lead nowhere. Links out of the house are not followed: tests need no network."""
    for link in links(text):
        if re.match(r"[a-z][a-z+.-]*:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists():
            yield f"{page.relative_to(ROOT)}: {link}"
        elif anchor and target.suffix == ".md":
            there = text if target == page else target.read_text("utf-8")
            if anchor not in anchors(there):
                yield f"{page.relative_to(ROOT)}: {link} (no such heading)"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    assert list(astray(page, page.read_text("utf-8"))) == []


def test_a_link_astray_is_seen() -> None:
    text = (
        "# One\n[a](nowhere.md) [b](#two) [c](#one) [d](../README.md) [e](https://example.com) `[f](code.md)`\n"
        '![g](nothing.png)\n<img src="lost.png">\n[![h](gone.png)](README.md)'
    )
    found = [sentence.partition(": ")[2] for sentence in astray(DOCS / "README.md", text)]
    assert sorted(found) == ["#two (no such heading)", "gone.png", "lost.png", "nothing.png", "nowhere.md"]


def test_every_page_can_be_reached_from_the_index() -> None:
    reached, ahead = set(), [DOCS / "README.md"]
    while ahead:
        page = ahead.pop()
        if page in reached or not page.exists():
            continue
        reached.add(page)
        targets = [(page.parent / link.partition("#")[0]).resolve() for link in links(page.read_text("utf-8"))]
        ahead += [target for target in targets if target.suffix == ".md" and target.is_relative_to(DOCS)]
    assert [page.relative_to(DOCS).as_posix() for page in sorted(DOCS.rglob("*.md")) if page not in reached] == []


def programs() -> list[tuple[str, str]]:
    return [
        (f"{page.relative_to(ROOT)}:{text[: match.start()].count(chr(10)) + 2}", textwrap.dedent(match[3]))
        for page in PAGES
        for text in [page.read_text("utf-8")]
        for match in FENCE.finditer(text)
        if match[2] in {"python", "py"}
    ]


@pytest.mark.parametrize("program", [pytest.param(text, id=place) for place, text in programs()])
def test_python_in_the_docs_compiles(program: str) -> None:
    compile(program, "<docs>", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


def test_programs_are_found() -> None:
    assert any(place.startswith("README.md") for place, _ in programs())
