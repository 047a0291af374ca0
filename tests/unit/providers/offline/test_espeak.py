"""espeak-ng itself: audio, and the times and places of words."""

from __future__ import annotations

import pytest

from salon.base.errors import BadRequest
from salon.providers.offline.espeak import is_installed, speak


def test_it_is_here() -> None:
    assert is_installed()


def test_english_words_have_their_times_and_places() -> None:
    pcm, rate, words = speak("Hello, world!", "en-us", 1.0)
    assert [(word.text, word.at) for word in words] == [("Hello", 0), ("world", 7)]
    assert words[0].start == 0 < words[0].end <= words[1].start < words[1].end
    assert words[1].end <= len(pcm) / 2 / rate * 1000 + 1


def test_chinese_words_cover_their_characters() -> None:
    text = "你好，现在几点了？"
    _, _, words = speak(text, "cmn", 1.0)
    assert "".join(word.text for word in words) == "你好现在几点了"
    assert all(text[word.at :].startswith(word.text) for word in words)


def test_faster_is_shorter() -> None:
    assert len(speak("one two three four", "en-us", 2.0)[0]) < len(speak("one two three four", "en-us", 1.0)[0]) * 0.7


def test_an_unknown_voice_is_told() -> None:
    with pytest.raises(BadRequest, match="nobody"):
        speak("hello", "nobody", 1.0)


def test_what_cannot_be_spoken_does_no_harm() -> None:
    for text in ("", "\0", "\ud800", "...", "🙂" * 50, "<speak>&amp;</speak>"):
        speak(text, "en-us", 1.0)
    assert [word.text for word in speak("hi", "en-us", 1.0)[2]] == ["hi"]
