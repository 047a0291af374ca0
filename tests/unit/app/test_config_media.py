"""Settings of audio and video."""

from __future__ import annotations

import pathlib

import pytest

from salon.app.config_load import load
from salon.base.errors import ConfigError


def test_a_file_may_say_all_of_it(tmp_path: pathlib.Path) -> None:
    file = tmp_path / "salon.toml"
    file.write_text(
        '[media]\nannounce = ["203.0.113.7"]\ntcp = false\nload_limit = 2.5\n'
        '[live]\nmax_viewers = 5\nrecordings = "/tmp/r"\nrecording_max_mb = 0\nrecord_all = true\n',
        encoding="utf-8",
    )
    config = load(file, environ={}).config
    assert (config.media.announce, config.media.tcp, config.media.load_limit) == (("203.0.113.7",), False, 2.5)
    assert (config.live.max_viewers, config.live.max_broadcasts) == (5, 100)
    assert (config.live.recordings, config.live.recording_max_mb, config.live.record_all) == ("/tmp/r", 0, True)


@pytest.mark.parametrize("text", ["[media]\nload_limit = 0", "[live]\nmax_viewers = 0", "[live]\nrecording = true"])
def test_mistakes_are_told(tmp_path: pathlib.Path, text: str) -> None:
    file = tmp_path / "salon.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"salon\.toml"):
        load(file, environ={})
