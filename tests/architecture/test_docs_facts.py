"""What the reference states is what the code has: error codes, routes, metrics."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.routing import BaseRoute, Route, WebSocketRoute

from salon import Salon
from salon.app.build import build
from salon.app.config import Config
from salon.app.workers.metrics import CrewMetrics
from salon.base import errors
from tests.architecture.source import DOCS, ROOT, called, parse, python_files

ERRORS = {name for name, value in vars(errors).items() if isinstance(value, type)} | {"ErrorSeen"}
# Functions that take a code at this place.
CODED = {"error_response": 2}


def quoted(text: str) -> set[str]:
    """All that stands in backquotes."""
    return set(re.findall(r"`([^`\n]+)`", text))


def undocumented(facts: Iterable[str], text: str) -> list[str]:
    return sorted(set(facts) - quoted(text))


def error_codes(tree: ast.Module) -> Iterator[str]:
    """Codes that are written down: ``code = "…"`` in an error class, ``code="…"`` where one is raised."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and (
            node.name in ERRORS or {getattr(b, "id", "") for b in node.bases} & ERRORS
        ):
            for line in node.body:
                if (
                    isinstance(line, ast.Assign)
                    and isinstance(line.targets[0], ast.Name)
                    and line.targets[0].id == "code"
                ):
                    yield from constants(line.value)
    for name, call in called(tree):
        function = name.rpartition(".")[2]
        if function in ERRORS or function in CODED:
            for keyword in call.keywords:
                if keyword.arg == "code":
                    yield from constants(keyword.value)
        if function in CODED and len(call.args) > CODED[function]:
            yield from constants(call.args[CODED[function]])


def constants(node: ast.expr) -> Iterator[str]:
    """The texts that an expression may be: one, or both sides of a choice."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from constants(node.body)
        yield from constants(node.orelse)


def metric_names(exposition: str) -> set[str]:
    """Salon's own metrics in Prometheus' text."""
    return set(re.findall(r"^# TYPE (salon_\w+)", exposition, re.M))


def shown(route: BaseRoute) -> set[str]:
    """A route as the documentation writes it: ``GET /web/{path}``, ``WS /v1/realtime``."""
    path = re.sub(r":\w+}", "}", getattr(route, "path", ""))
    if isinstance(route, WebSocketRoute):
        return {f"WS {path}"}
    return {f"{method} {path}" for method in getattr(route, "methods", None) or {"?"} if method != "HEAD"}


def test_every_route_is_explained_and_every_explained_route_exists() -> None:
    salon = Salon(config=Config())
    routes = {each for route in build(salon.config, salon.agents, salon.models).app.routes for each in shown(route)}
    text = (DOCS / "reference/http.md").read_text("utf-8")
    explained = {each for each in quoted(text) if re.fullmatch(r"(?:WS|GET|POST|PUT|PATCH|DELETE|OPTIONS) /\S*", each)}
    assert "WS /v1/realtime" in routes
    assert explained == routes


def test_every_error_code_is_explained() -> None:
    codes = {code for path in python_files() for code in error_codes(parse(path))}
    assert "provider_timeout" in codes
    # Numbers are Spark's own codes.
    numbers = {code for code in codes if code.isdecimal()}
    assert undocumented(codes - numbers, (DOCS / "reference/errors.md").read_text("utf-8")) == []
    assert undocumented(numbers, (DOCS / "reference/spark-door.md").read_text("utf-8")) == []


def test_no_error_code_is_explained_that_does_not_exist() -> None:
    text = (DOCS / "reference/errors.md").read_text("utf-8")
    rows = set(re.findall(r"^\| `([^`]+)`", text, re.M))
    source = "\n".join(path.read_text("utf-8") for path in python_files())
    # ``item_{verb}_invalid_item_id`` has a row for each verb.
    known = {code for code in rows if f'"{code}"' in source or re.sub("_[a-z]+_", "_{verb}_", code, count=1) in source}
    assert rows
    assert rows - known == set()


def test_every_metric_is_explained() -> None:
    salon = Salon(config=Config())
    house = build(salon.config, salon.agents, salon.models)
    # What is there with workers only.
    crew: Any = SimpleNamespace(pids={}, restarts=0)
    house.metrics.registry.register(CrewMetrics(crew))
    names = metric_names(house.metrics.render()[0].decode())
    text = (DOCS / "reference/http.md").read_text("utf-8")
    assert "salon_connections" in names
    assert undocumented(names, text) == []
    assert {name for name in quoted(text) if name.startswith("salon_")} - names == set()


@pytest.mark.parametrize(
    ("program", "codes"),
    [
        ("raise ClientError('No.', code='unheard_of')", ["unheard_of"]),
        ("raise errors.Refused('No.', status=401, code='a' if x else 'b')", ["a", "b"]),
        ("class Odd(ProviderError):\n  code = 'odd'", ["odd"]),
        ("error_response(404, 'Nothing here.', 'lost')", ["lost"]),
        ("class Even:\n  code = 'even'", []),
    ],
)
def test_codes_are_seen(program: str, codes: list[str]) -> None:
    assert list(error_codes(ast.parse(program))) == codes


def test_metrics_are_seen() -> None:
    text = "# HELP salon_a A.\n# TYPE salon_a counter\nsalon_a 1\n# TYPE process_b gauge\n# TYPE salon_c_total counter"
    assert metric_names(text) == {"salon_a", "salon_c_total"}


def test_routes_are_seen() -> None:
    def endpoint() -> None: ...

    assert shown(Route("/files/{path:path}", endpoint, methods=["GET", "PUT"])) == {
        "GET /files/{path}",
        "PUT /files/{path}",
    }
    assert shown(WebSocketRoute("/talk", endpoint)) == {"WS /talk"}


def test_what_is_not_documented_is_seen() -> None:
    assert undocumented(["here", "missing"], "It is `here`, and missing is only named.") == ["missing"]


def test_every_dependency_is_accounted_for() -> None:
    """Why, licence, size and newest release of each package that reaches a user, and of no other."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [
        *project["dependencies"],
        *(each for extra in project["optional-dependencies"].values() for each in extra),
    ]
    declared = {re.split(r"[^\w.-]", requirement)[0] for requirement in wanted}
    chapter = (DOCS / "ARCHITECTURE.md").read_text().partition("## Dependencies")[2]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in chapter.splitlines() if line.startswith("| ")
    ]
    told = {row[0] for row in rows if row[0] != "package"}
    assert told == declared
    assert all(len(row) == 6 and all(row) for row in rows)
