from __future__ import annotations

import msgspec

from salon.app.feeds.reading import About, Reading


def test_what_has_nothing_to_say_is_left_out() -> None:
    assert msgspec.json.decode(msgspec.json.encode(Reading("cpu.all", 1.5, 7))) == {
        "key": "cpu.all",
        "value": 1.5,
        "at": 7,
    }
    assert msgspec.json.decode(msgspec.json.encode(About("a", "甲", "g"))) == {"en": "a", "zh": "甲", "group": "g"}
