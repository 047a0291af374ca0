"""The command as a whole: what it takes, and how it ends."""

from __future__ import annotations

import pathlib
import subprocess
import sys

import pytest

import salon
from salon.cli.main import main, parser


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"salon {salon.__version__}\n"


@pytest.mark.parametrize(
    "wrong", [[], ["serv"], ["serve", "--prot", "1"], ["serve", "--port", "many"], ["say", "--mode"]]
)
def test_a_wrong_command_line(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(wrong)
    assert ended.value.code == 2
    assert "usage: salon" in capsys.readouterr().err


def test_every_flag_of_the_design_is_there() -> None:
    line = "serve --host h --port 1 --udp-port 2 --public-ip i --config c --llm l --llm m --asr a --tts t --open"
    given = parser().parse_args(line.split())
    assert (given.host, given.port, given.udp_port, given.public_ip, given.config) == ("h", 1, 2, "i", "c")
    assert (given.llm, given.asr, given.tts, given.open) == (["l", "m"], ["a"], ["t"], True)


def test_every_mistake_is_a_line(capsys: pytest.CaptureFixture[str], alone: pathlib.Path) -> None:
    (alone / "x.toml").write_text("[server]\nprot = 1\nhst = 2\n")
    assert main(["say", "hi", "--config", "x.toml"]) == 1
    assert capsys.readouterr().err == (
        'salon: x.toml:2: unknown key "prot" in [server]; did you mean "port"?\n'
        'salon: x.toml:3: unknown key "hst" in [server]; did you mean "host"?\n'
    )


def test_an_old_python_is_told_so(tmp_path: pathlib.Path) -> None:
    program = "import sys; sys.version_info = (3, 9, 1); import salon.cli.main"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == "salon: Salon needs Python 3.11 or newer; this is 3.9.\n"


def test_a_light_command_does_not_wait_for_the_server() -> None:
    program = "import sys; from salon.cli.main import main; main(['token', '--key']); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not {"starlette", "uvicorn", "aiohttp"} & set(done.stdout.split())
