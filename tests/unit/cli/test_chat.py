"""A conversation in the terminal, with a pipe for a keyboard or with a pseudo-terminal."""

from __future__ import annotations

import io
import os
import pathlib
import pty
import select
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from salon.cli.main import main

pytestmark = pytest.mark.usefixtures("stage")

CONFIG = """\
[[agents]]
name = "host"
instructions = "be kind"
llm = "stage:echo"
[[agents]]
name = "guide"
llm = "stage:tool"
tools = ["tools_for_test:weather"]
"""


def chat(monkeypatch: pytest.MonkeyPatch, entries: str, *arguments: str) -> int:
    monkeypatch.setattr(sys, "stdin", io.StringIO(entries))
    return main(["chat", *arguments])


@pytest.fixture
def configured(alone: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (alone / "salon.toml").write_text(CONFIG)
    (alone / "tools_for_test.py").write_text("def weather(city: str) -> str:\n    return 'Sunny in ' + city\n")
    monkeypatch.setattr(sys, "path", [*sys.path])


def test_each_line_is_a_message(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert chat(monkeypatch, "one\n\ntwo \\\nlines\n", "--llm", "stage:think") == 0
    out, err = capsys.readouterr()
    assert out == "heard one \nheard two \nlines \n"
    assert err == ""


def test_the_last_line_need_not_end(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert chat(monkeypatch, "one\\", "--llm", "stage:think") == 0
    assert capsys.readouterr().out == "heard one \n"


@pytest.mark.usefixtures("configured")
def test_the_first_agent_answers(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert chat(monkeypatch, "hi\n") == 0
    assert capsys.readouterr().out == "[be kind] heard hi \n"


@pytest.mark.usefixtures("configured")
def test_tools_run_and_are_shown(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert chat(monkeypatch, "how is it?\n", "--agent", "guide") == 0
    out = capsys.readouterr().out
    assert '→ weather({"city": "上海"})\n← Sunny in 上海\n' in out


@pytest.mark.usefixtures("configured")
def test_an_agent_that_does_not_exist(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert chat(monkeypatch, "", "--agent", "hosst") == 1
    assert capsys.readouterr().err == 'salon: there is no agent "hosst"; did you mean "host"?\n'
    assert chat(monkeypatch, "", "--agent", "zzz") == 1
    assert capsys.readouterr().err == 'salon: there is no agent "zzz"; there are host, guide\n'


@pytest.mark.usefixtures("configured")
def test_commands(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], alone: pathlib.Path) -> None:
    entries = "first\n/model\n/model stage:think\nsecond\n/save talk.md\n/new\n/save empty.md\n/help\n/quit\nnever\n"
    assert chat(monkeypatch, entries) == 0
    out = capsys.readouterr().out
    assert "The model is stage:echo." in out
    assert "The model is stage:think." in out
    assert "/save FILE" in out
    assert "never" not in out
    saved = (alone / "talk.md").read_text(encoding="utf-8")
    expected = [
        "**user**\n\nfirst",
        "**assistant**\n\n[be kind] heard first",
        "**user**\n\nsecond",
        "**assistant**\n\nheard second",
    ]
    positions = [saved.find(text) for text in expected]
    assert -1 not in positions
    assert positions == sorted(positions)
    assert (alone / "empty.md").read_text(encoding="utf-8").strip() == ""


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("/modle", "There is no /modle; did you mean /model? /help lists the commands."),
        ("/zzzzzz", "There is no /zzzzzz. /help lists the commands."),
        ("/save", "Say where: /save FILE"),
        ("/save no/such/folder/x", "salon: no/such/folder/x: No such file or directory"),
        ("/model stagge", 'salon: there is no house "stagge"; did you mean "stage"?'),
    ],
)
def test_a_wrong_command_changes_nothing(
    command: str, says: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert chat(monkeypatch, f"{command}\nstill here\n", "--llm", "stage:think") == 0
    out, err = capsys.readouterr()
    assert err.strip() == says
    assert out == "heard still here \n"


def test_a_failed_answer(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert chat(monkeypatch, "one\ntwo\n", "--llm", "stage:fail") == 1
    out, err = capsys.readouterr()
    assert out == "begun\nbegun\n"
    assert err == "salon: The stage is on fire.\n" * 2


class Terminal:
    """A program at a pseudo-terminal."""

    def __init__(self, *arguments: str) -> None:
        self._unseen = ""
        ours, theirs = pty.openpty()
        self._ours = ours
        command = [sys.executable, "-m", "salon.cli.main", "chat", *arguments]
        environ = {**os.environ, "TERM": "dumb"}
        environ.pop("NO_COLOR")
        # A session of its own, so that Ctrl-C in the terminal reaches it and nothing else.
        self.process = subprocess.Popen(
            command, stdin=theirs, stdout=theirs, stderr=theirs, env=environ, start_new_session=True
        )
        os.close(theirs)

    def type(self, text: str) -> None:
        os.write(self._ours, text.encode())

    def has_more(self, within: float) -> bool:
        """Whether something is shown within so many seconds."""
        return bool(self._unseen) or bool(select.select([self._ours], [], [], within)[0])

    def wait_for(self, text: str) -> str:
        """What is shown up to and with ``text``; what comes after it is for the next time."""
        while text not in self._unseen:
            ready, _, _ = select.select([self._ours], [], [], 20)
            assert ready, f"{text!r} did not come: {self._unseen!r}"
            self._unseen += os.read(self._ours, 4096).decode(errors="replace")
        seen, _, self._unseen = self._unseen.partition(text)
        return seen + text

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._ours)


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    made = Terminal("--llm", "stage:wait")
    yield made
    made.close()


def test_ctrl_c_stops_the_answer_and_not_the_program(terminal: Terminal) -> None:
    assert "Assistant by stage:wait." in terminal.wait_for("> ")
    terminal.type("hello\n")
    terminal.wait_for("begun")
    terminal.process.send_signal(signal.SIGINT)
    assert "\x1b[2m" in terminal.wait_for("stopped")
    terminal.wait_for("> ")
    # At the prompt it only begins a new line. Python's readline misses a signal that comes between the prompt and its wait
    # for a key, which no hand is quick enough for.
    for _ in range(20):
        terminal.process.send_signal(signal.SIGINT)
        if terminal.has_more(within=1):
            break
    terminal.wait_for("> ")
    terminal.type("/model\n")
    terminal.wait_for("The model is stage:wait.")
    terminal.wait_for("> ")
    terminal.type("\x04")
    assert terminal.process.wait(20) == 0
