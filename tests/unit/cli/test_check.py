"""What is tried, what is said about it, and what the exit code makes of it."""

from __future__ import annotations

import json
import pathlib
import socket

import pytest

from salon.cli.main import main
from salon.providers.offline import asr, espeak
from tests.fakes.turn_models import picture_model

pytestmark = pytest.mark.usefixtures("stage")


@pytest.fixture
def free(monkeypatch: pytest.MonkeyPatch) -> None:
    """A port that is certainly free: any."""
    monkeypatch.setenv("SALON_PORT", "0")


@pytest.mark.usefixtures("free")
def test_all_is_well(capsys: pytest.CaptureFixture[str], alone: pathlib.Path) -> None:
    (alone / "salon.toml").write_text('[llm]\ndefault = "stage:echo"\n')
    assert main(["check"]) == 0
    out = capsys.readouterr().out
    assert "  ✓ file: salon.toml\n" in out
    assert "stage:echo\n  ✓ dns: found\n  ✓ first token: 12 ms\n" in out
    assert out.endswith("All is well.\n")


@pytest.mark.usefixtures("free")
def test_the_default_model_must_work(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--llm", "stage:broken"]) == 1
    out = capsys.readouterr().out
    assert out == (
        "stage:broken\n  ✓ dns: found\n  ✗ auth: the key is wrong\n    → Look at the console.\n"
        "1 of these failed; the lines with → say what to do.\n"
    )


@pytest.mark.usefixtures("free")
def test_another_model_need_not(capsys: pytest.CaptureFixture[str], alone: pathlib.Path) -> None:
    (alone / "salon.toml").write_text(
        '[llm]\ndefault = ["stage:echo", "stage:broken"]\n[[agents]]\nname = "a"\nllm = "nobody:knows"\n'
    )
    assert main(["check"]) == 0
    out = capsys.readouterr().out
    assert "  ! auth: the key is wrong" in out
    assert '  ! settings: there is no house "nobody"' in out


@pytest.mark.usefixtures("free")
def test_houses_with_a_key_are_tried(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAGE_KEY", "anything")
    monkeypatch.setenv("SALON_LLM", "stage:think")
    assert main(["check"]) == 0
    out = capsys.readouterr().out
    assert "stage:think\n" in out
    assert "stage:echo\n" in out


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--json", "--llm", "stage:broken"]) == 1
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        {"about": "stage:broken", "serious": True, "name": "dns", "ok": True, "detail": "found", "advice": ""},
        {
            "about": "stage:broken",
            "serious": True,
            "name": "auth",
            "ok": False,
            "detail": "the key is wrong",
            "advice": "Look at the console.",
        },
    ]


def test_a_port_that_is_taken_is_only_noted(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SALON_LLM", "stage:echo")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setenv("SALON_PORT", str(port))
        assert main(["check"]) == 0
    assert f"  ! port: Port {port} on 127.0.0.1 is already in use." in capsys.readouterr().out


def test_a_udp_port_that_is_taken_is_only_noted(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SALON_LLM", "stage:echo")
    monkeypatch.setenv("SALON_PORT", "0")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        monkeypatch.setenv("SALON_UDP_PORT", str(port))
        assert main(["check"]) == 0
    assert f"  ! UDP port: UDP port {port} of 127.0.0.1 cannot be taken" in capsys.readouterr().out


@pytest.mark.usefixtures("free")
def test_a_server_in_the_open(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALON_LLM", "stage:echo")
    monkeypatch.setenv("SALON_HOST", "0.0.0.0")
    monkeypatch.setenv("SALON_PROT", "1")
    assert main(["check"]) == 1
    out = capsys.readouterr().out
    assert "  ✗ access: listening on 0.0.0.0 lets others in" in out
    assert "  ! environment: the environment variable SALON_PROT is not known; did you mean SALON_PORT?" in out


def test_a_file_that_is_wrong(capsys: pytest.CaptureFixture[str], alone: pathlib.Path) -> None:
    (alone / "salon.toml").write_text("[server]\nprot = 1\n[providers.stagge]\n")
    assert main(["check"]) == 1
    assert capsys.readouterr().err == (
        'salon: salon.toml:2: unknown key "prot" in [server]; did you mean "port"?\n'
        "salon: salon.toml:3: unknown house [providers.stagge]; did you mean [providers.stage]?\n"
    )


@pytest.mark.usefixtures("free")
def test_speech_is_tried_with_a_real_utterance(capsys: pytest.CaptureFixture[str], alone: pathlib.Path) -> None:
    (alone / "salon.toml").write_text('[llm]\ndefault = "stage:echo"\n')
    assert main(["check"]) == 0
    out = capsys.readouterr().out
    assert 'offline:pocketsphinx\n  ✓ hear: "what time is it"' in out
    assert "offline:espeak\n  ✓ speak: " in out


@pytest.mark.usefixtures("free")
def test_who_reads_chinese_is_told_in_chinese(
    capsys: pytest.CaptureFixture[str], alone: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert main(["check", "--llm", "stage:broken"]) == 1
    out = capsys.readouterr().out
    assert "  ✓ 域名: found\n  ✗ 鉴权: the key is wrong\n" in out
    assert out.endswith("1 项失败；→ 后为处理办法。\n")


def test_speech_that_was_named_must_work(capsys: pytest.CaptureFixture[str], alone: pathlib.Path) -> None:
    (alone / "salon.toml").write_text(
        '[llm]\ndefault = "stage:echo"\n[asr]\ndefault = ["stage:echo", "offline"]\n[tts]\ndefault = "offline"\n'
    )
    assert main(["check"]) == 1
    out = capsys.readouterr().out
    assert '  ✗ settings: the house "stage" has no speech recognition' in out
    assert "offline:pocketsphinx\n  ✓ hear: " in out


@pytest.mark.usefixtures("free")
def test_only_what_is_asked_for_is_tried(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--tts", "offline"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("offline:espeak\n")
    assert "pocketsphinx" not in out


@pytest.mark.usefixtures("free")
def test_without_speech_it_says_how_to_get_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, alone: pathlib.Path
) -> None:
    monkeypatch.setattr(espeak, "espeakng_loader", None)
    monkeypatch.setattr(asr, "pocketsphinx", None)
    (alone / "salon.toml").write_text('[llm]\ndefault = "stage:echo"\n')
    assert main(["check"]) == 0
    assert "salon[offline]" in capsys.readouterr().out


@pytest.mark.usefixtures("free")
def test_the_turn_model_is_tried(capsys: pytest.CaptureFixture[str], alone: pathlib.Path) -> None:
    picture_model(alone / "turn.onnx")
    (alone / "salon.toml").write_text('[llm]\ndefault = "stage:echo"\n[turn]\nmodel = "turn.onnx"\n')
    assert main(["check"]) == 0
    out = capsys.readouterr().out
    assert "onnx:turn.onnx\n  ✓ load: turn.onnx in " in out
    assert " that a question is over, in " in out
    (alone / "turn.onnx").write_bytes(b"no model")
    assert main(["check"]) == 1
    out = capsys.readouterr().out
    assert "  ✗ load: turn.onnx cannot be used" in out
    (alone / "turn.onnx").unlink()
    assert main(["check"]) == 1
    assert '  ✗ settings: there is no file "turn.onnx"' in capsys.readouterr().out
