"""The server as a command."""

from __future__ import annotations

import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

KEY = "k" * 20


@contextmanager
def serve(*arguments: str, **environ: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "salon.cli.main", "serve", *arguments]
    environment = {**os.environ, **environ}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def ready_line(*arguments: str, **environ: str) -> str:
    """What is printed when it is ready; then it is stopped, which must go well."""
    with serve("--port", "0", *arguments, **environ) as server:
        assert server.stdout is not None
        line = server.stdout.readline().strip()
        found = re.search(r"http://[\w.\[\]:]+", line)
        assert found, server.stderr.read() if server.stderr else ""
        with urllib.request.urlopen(found[0] + "/readyz", timeout=10) as answer:
            assert answer.status == 200
        server.send_signal(signal.SIGINT)
        assert server.wait(20) == 0
        assert server.stdout.read() == ""
    return line.replace(found[0], "URL")


def refusal(*arguments: str, **environ: str) -> str:
    """What it says when it does not start."""
    with serve(*arguments, **environ) as server:
        assert server.wait(20) == 1
        assert server.stderr is not None
        said = server.stderr.read()
    assert "Traceback" not in said
    return said.strip()


# What runs on this machine by chance is not found at these addresses.
QUIET = {"OLLAMA_HOST": "127.0.0.1:9", "VLLM_BASE_URL": "http://127.0.0.1:9/v1"}


def test_one_line_says_where_to_click_and_what_is_configured() -> None:
    line = ready_line("--llm", "demo", SALON_API_KEY=KEY)
    assert line == "Salon is ready: URL  (model: demo:demo, from --llm; API keys: 1)"


def test_the_demo_says_how_to_get_a_real_model() -> None:
    assert ready_line(**QUIET) == (
        "Salon is ready: URL  (model: demo, built in, no key needed; set SPARK_* or OPENAI_API_KEY for a real one; "
        "no key: this machine only)"
    )


def test_a_key_in_the_environment_is_enough() -> None:
    spark = {"SPARK_APP_ID": "a", "SPARK_API_KEY": "b", "SPARK_API_SECRET": "c"}
    line = ready_line(SALON_TOKEN_SECRETS="t" * 32, **spark)
    assert line == "Salon is ready: URL  (model: spark:4.0Ultra, from SPARK_API_KEY; tokens only)"


def test_in_chinese(alone: pathlib.Path) -> None:
    (alone / "salon.toml").write_text('[[agents]]\nname = "host"\nllm = "demo"\n', encoding="utf-8")
    line = ready_line(LC_ALL="zh_CN.UTF-8", PYTHONUTF8="1", **QUIET)
    assert line == "Salon 已就绪：URL  （智能体：host，各有自己的模型; 无密钥：仅限本机）"


def test_what_keeps_it_from_starting_is_one_sentence(alone: pathlib.Path) -> None:
    assert "needs a key: set OPENAI_API_KEY" in refusal("--llm", "openai:gpt-4o-mini", "--port", "0")
    assert "lets others in" in refusal("--host", "0.0.0.0", "--llm", "demo")
    assert refusal("--config", "none.toml") == "salon: the configuration file none.toml does not exist"
    assert refusal("--port", "70000", "--llm", "demo") == (
        "salon: --port: port in [server] must be a whole number from 0 to 65535, not 70000"
    )
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert "is already in use" in refusal("--port", str(taken.getsockname()[1]), "--llm", "demo")


def test_a_variable_that_is_not_known_is_mentioned() -> None:
    with serve("--port", "0", "--llm", "demo", SALON_PROT="1") as server:
        assert server.stderr is not None
        assert server.stderr.readline() == (
            "salon: the environment variable SALON_PROT is not known; did you mean SALON_PORT?\n"
        )


def test_half_a_key_is_mentioned() -> None:
    with serve("--port", "0", SPARK_APP_ID="a", **QUIET) as server:
        assert server.stderr is not None
        assert server.stderr.readline().startswith("salon: Spark needs api_key: set SPARK_API_KEY")


def test_a_browser_is_opened_when_it_is_asked_for(alone: pathlib.Path) -> None:
    # webbrowser runs what BROWSER names.
    browser, note = alone / "browser", alone / "note"
    browser.write_text(f'#!/bin/sh\nprintf %s "$1" > {note}.part && mv {note}.part {note}\n')
    browser.chmod(0o755)
    with serve("--port", "0", "--llm", "demo", "--open", BROWSER=f"{browser} %s") as server:
        assert server.stdout is not None
        url = re.search(r"http://[\w.:]+", server.stdout.readline())
        assert url
        for _ in range(200):
            if note.exists():
                break
            time.sleep(0.05)
        assert note.read_text() == url[0]
