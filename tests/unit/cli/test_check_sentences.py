"""Both languages of ``salon check``."""

from __future__ import annotations

from salon.cli.check_sentences import SENTENCES


def test_both_languages_have_the_same_places() -> None:
    for english, chinese in SENTENCES:
        assert english.count("{}") == chinese.count("{}"), english


def test_no_sentence_is_there_twice() -> None:
    assert len(dict(SENTENCES)) == len(SENTENCES)
