"""Whatever an audio endpoint sends, it is a transcript, samples or a ``BadAnswer``."""

from __future__ import annotations

import json
from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from salon.base.errors import BadAnswer
from salon.wire.openai_audio import Samples, Transcript, wav

NAMES = "type delta text usage input_tokens output_tokens language error"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10) | st.just("transcript.text.done"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES.split(" ")), inner, max_size=5),
    max_leaves=15,
)
PIECES = st.lists(st.binary(max_size=60), max_size=6)


@given(
    st.booleans(), PIECES | st.lists(JSON.map(lambda each: b"data: " + json.dumps(each).encode() + b"\n"), max_size=5)
)
def test_transcripts(events: bool, pieces: list[bytes]) -> None:
    transcript = Transcript("house", events=events)
    with suppress(BadAnswer):
        for piece in pieces:
            transcript.feed(piece)
        transcript.finish()
        assert isinstance(transcript.text, str)


@given(PIECES, st.binary(max_size=80), st.integers(0, 60))
def test_samples(pieces: list[bytes], pcm: bytes, cut: int) -> None:
    for begin in (b"", b"RIFF", wav(pcm, 16_000)[:cut]):
        samples = Samples("house")
        with suppress(BadAnswer):
            assert all(len(samples.feed(piece)) % 2 == 0 for piece in [begin, *pieces])
            assert 8_000 <= samples.rate <= 48_000
