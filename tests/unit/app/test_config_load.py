"""Where values come from, which one wins, and how mistakes are placed."""

from __future__ import annotations

import pathlib

import pytest

from salon.app.config import Config
from salon.app.config_load import Override, api_key, load, short_names
from salon.base.errors import ConfigError

KEY = "0123456789abcdef"


@pytest.fixture
def folder(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def mistakes(file: pathlib.Path | None, **given: object) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(file, **({"environ": {}} | given))  # type: ignore[arg-type]
    return caught.value.message.split("\n")


def test_nothing_at_all_is_the_defaults(folder: pathlib.Path) -> None:
    assert load(environ={}).config == Config()
    assert load(environ={}).file is None


def test_the_later_source_wins(folder: pathlib.Path) -> None:
    (folder / "salon.toml").write_text("[server]\nport = 1\n")
    assert load(environ={}).config.server.port == 1
    assert load(environ={"SALON_PORT": "2"}).config.server.port == 2
    flag = Override(("server", "port"), 3, "--port")
    assert load(environ={"SALON_PORT": "2"}, overrides=[flag]).config.server.port == 3


def test_which_file(folder: pathlib.Path) -> None:
    for name in ("salon.toml", "by-variable.toml", "by-flag.toml"):
        (folder / name).write_text(f'[log]\nlevel = "info"\n[llm]\ndefault = ["{name}"]\n')
    environ = {"SALON_CONFIG": "by-variable.toml"}
    assert load(environ={}).config.llm.default == ("salon.toml",)
    assert load(environ=environ).config.llm.default == ("by-variable.toml",)
    assert load("by-flag.toml", environ=environ).config.llm.default == ("by-flag.toml",)
    assert mistakes(folder / "no.toml") == [f"the configuration file {folder / 'no.toml'} does not exist"]


def test_every_mistake_has_its_place(folder: pathlib.Path) -> None:
    (folder / "salon.toml").write_text(
        '[server]\nhost = "x"\n\nprot = 8000\n[[agents]]\ntitle = "x"\n[log]\nlevel = 5\n'
    )
    assert mistakes(
        None, environ={"SALON_PORT": "many"}, overrides=[Override(("server", "udp_port"), -1, "--udp-port")]
    ) == [
        "SALON_PORT: port in [server] must be a whole number from 0 to 65535, not this text",
        "--udp-port: udp_port in [server] must be a whole number from 0 to 65535, not -1",
        'salon.toml:4: unknown key "prot" in [server]; did you mean "port"?',
        "salon.toml:5: [[agents]] needs name: 1 to 64 letters, digits or _ . -",
        'salon.toml:8: level in [log] must be one of "debug", "error", "info", "warning", not 5',
    ]


@pytest.mark.parametrize(
    ("text", "line"), [("[server]\nport = \n", 2), ("[server\n", 1), ("a = 1\na = 2", 2), ('x = "', 1)]
)
def test_what_is_not_toml(folder: pathlib.Path, text: str, line: int) -> None:
    (folder / "salon.toml").write_text(text)
    (sentence,) = mistakes(None)
    assert sentence.startswith(f"salon.toml:{line}: not valid TOML: ")


def test_a_file_that_is_not_text(folder: pathlib.Path) -> None:
    (folder / "salon.toml").write_bytes(b"\xff\xfe[")
    assert mistakes(None) == ["salon.toml cannot be read: it is not UTF-8"]


def test_a_mark_at_the_start_and_the_line_ends_of_windows(folder: pathlib.Path) -> None:
    (folder / "salon.toml").write_bytes(b"\xef\xbb\xbf[server]\r\nport = 7\r\nprot = 1\r\n")
    assert mistakes(None) == ['salon.toml:3: unknown key "prot" in [server]; did you mean "port"?']


def test_values_from_the_environment(folder: pathlib.Path) -> None:
    (folder / "salon.toml").write_text(
        '[server]\nport = "env:P"\n[auth]\ntoken_secrets = ["env:T"]\n[providers.x]\nkey = "env:K"\n'
    )
    config = load(environ={"P": "81", "T": "t" * 32, "K": "k"}).config
    assert (config.server.port, config.auth.token_secrets, config.providers) == (81, ("t" * 32,), {"x": {"key": "k"}})
    assert mistakes(None, environ={"P": "81", "K": ""}) == [
        "salon.toml:4: the environment variable T is not set; token_secrets in [auth] needs it",
        "salon.toml:6: the environment variable K is not set; key in [providers.x] needs it",
    ]


def test_the_operators_key(folder: pathlib.Path) -> None:
    (folder / "salon.toml").write_text(f'[auth]\napi_keys = [{{name = "a", key = "{KEY}"}}]\n')
    first, second = load(environ={"SALON_API_KEY": KEY + "2"}).config.auth.api_keys
    assert (first.name, first.admin) == ("a", False)
    assert (second.name, second.key, second.admin) == ("SALON_API_KEY", KEY + "2", True)
    assert mistakes(None, environ={"SALON_API_KEY": "short"}) == [
        "SALON_API_KEY: key in [[auth.api_keys]] must be text of at least 16 characters, not this text"
    ]
    assert load(environ={}, overrides=[api_key(KEY, "Salon(api_key=…)")]).config.auth.api_keys[1].admin


def test_instructions_from_a_file(folder: pathlib.Path) -> None:
    (folder / "etc").mkdir()
    (folder / "etc/host.md").write_text("Be kind.\n\n好。\n", encoding="utf-8")
    file = folder / "etc/salon.toml"
    file.write_text('[[agents]]\nname = "host"\ninstructions_file = "host.md"\n')
    assert load(file, environ={}).config.agents[0].instructions == "Be kind.\n\n好。"
    file.write_text('[[agents]]\nname = "host"\ninstructions_file = "no.md"\n')
    assert mistakes(file) == [f"{file}:3: {folder}/etc/no.md cannot be read: No such file or directory"]
    file.write_text('[[agents]]\nname = "host"\ninstructions = "x"\ninstructions_file = "host.md"\n')
    assert mistakes(file) == [f"{file}:4: an agent has either instructions or an instructions_file, not both"]


def test_two_agents_of_one_name(folder: pathlib.Path) -> None:
    (folder / "salon.toml").write_text('[[agents]]\nname = "a"\n[[agents]]\nname = "a"\n')
    assert mistakes(None) == ['salon.toml:4: there are two agents named "a"']


def test_a_variable_that_is_nearly_one_of_ours_is_noted(folder: pathlib.Path) -> None:
    notes = load(environ={"SALON_PROT": "1", "SALON_PORT": "2", "SALON_CONFIG": "", "SALON_ZZZZZZ": "1"}).notes
    assert notes == ("the environment variable SALON_PROT is not known; did you mean SALON_PORT?",)


def test_short_names_are_unique_and_lead_somewhere() -> None:
    names = short_names()
    assert names["port"] == ("server", "port")
    assert names["llm"] == ("llm", "default")
    assert names["log_level"] == ("log", "level")
    assert len(set(names.values())) == len(names)
