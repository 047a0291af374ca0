"""One question, one answer."""

from __future__ import annotations

import base64
import io
import json
import os
import pathlib
import signal
import subprocess
import sys
from typing import Any

import pytest

from salon.cli.main import main

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)

pytestmark = pytest.mark.usefixtures("stage")


def say(*arguments: str) -> int:
    return main(["say", "--llm", "stage:echo", *arguments])


def started(*arguments: str, **given: Any) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "salon.cli.main", "say", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **given)


def test_the_answer_goes_to_stdout_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    assert say("hello", "there", "--system", "be kind") == 0
    out, err = capsys.readouterr()
    assert out == "[be kind] heard hello there \n"
    assert err == "[1] Example https://example.com\n"


@pytest.mark.parametrize(
    ("arguments", "heard"), [([], "from a pipe"), (["-"], "from a pipe"), (["sum", "up:", "-"], "sum up: from a pipe")]
)
def test_a_pipe(
    arguments: list[str], heard: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("from a pipe\n"))
    assert say(*arguments) == 0
    assert capsys.readouterr().out == f"heard {heard} \n"


def test_a_pipe_is_left_alone_when_there_is_a_question() -> None:
    """Scripts often have an open stdin that never ends."""
    with started("--llm", "stage:echo", "hi", stdin=subprocess.PIPE) as asked:
        assert asked.stdout is not None
        assert asked.stdout.read() == "heard hi \n"


def test_nothing_to_say(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("  \n"))
    assert say() == 2
    assert "nothing to say" in capsys.readouterr().err


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert say("hi", "--json") == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["type"] for line in lines] == ["text", "text", "references", "done"]
    assert lines[0] == {"type": "text", "text": "heard "}
    assert lines[2]["references"] == [{"index": 1, "url": "https://example.com", "title": "Example"}]
    done = lines[3]
    assert (done["text"], done["model"], done["reason"]) == ("heard hi ", "stage:echo", "stop")
    assert done["usage"] == {"input": 3, "output": 4, "cached": 0, "reasoning": 0}
    assert 0 <= done["first_token_ms"] <= done["duration_ms"]


def test_thoughts_go_to_stderr_where_they_are_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["say", "--llm", "stage:think", "--thinking", "hi"]) == 0
    out, err = capsys.readouterr()
    assert out == "heard hi \n"
    assert err.startswith("let me see")
    assert main(["say", "--llm", "stage:think", "hi"]) == 0
    assert "let me see" not in capsys.readouterr().err


def test_a_failure_says_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["say", "--llm", "stage:fail", "hi"]) == 1
    out, err = capsys.readouterr()
    assert out == "begun\n"
    assert err == "salon: The stage is on fire. Call the fire brigade.\n"
    assert main(["say", "--llm", "stage:fail", "--json", "hi"]) == 1
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert last == {
        "type": "error",
        "code": "provider_overloaded",
        "message": "The stage is on fire.",
        "advice": "Call the fire brigade.",
        "retryable": True,
    }


def test_an_unknown_model(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["say", "--llm", "stagge:echo", "hi"]) == 1
    assert 'did you mean "stage"?' in capsys.readouterr().err


def test_pictures(capsys: pytest.CaptureFixture[str], alone: pathlib.Path) -> None:
    (alone / "dot.png").write_bytes(PNG)
    (alone / "text.png").write_bytes(b"not a picture")
    assert main(["say", "--llm", "stage:see", "look", "--image", "dot.png", "--image", "dot.png"]) == 0
    assert capsys.readouterr().out == "heard look and saw 2 \n"
    for model, file, says in [
        ("see", "text.png", "text.png is not a PNG or JPEG picture."),
        ("see", "none.png", "none.png: No such file or directory"),
        ("echo", "dot.png", "stage:echo does not take pictures."),
    ]:
        assert main(["say", "--llm", f"stage:{model}", "look", "--image", file]) == 1
        assert capsys.readouterr().err == f"salon: {says}\n"


def test_ctrl_c_closes_the_request_at_once(alone: pathlib.Path) -> None:
    note = alone / "note"
    with started("--llm", "stage:wait", "hi", env={**os.environ, "STAGE_NOTE": str(note)}) as asked:
        assert asked.stdout is not None
        assert asked.stderr is not None
        assert asked.stdout.read(5) == "begun"
        asked.send_signal(signal.SIGINT)
        assert asked.wait() == 130
        assert asked.stderr.read() == "salon: interrupted\n"
    assert note.read_text() == "closed"


def test_who_stops_reading_hears_no_complaint() -> None:
    with started("--llm", "stage:echo", "word " * 20_000) as asked:
        assert asked.stdout is not None
        assert asked.stderr is not None
        assert asked.stdout.read(5) == "heard"
        asked.stdout.close()
        assert asked.wait() == 141
        assert asked.stderr.read() == ""
