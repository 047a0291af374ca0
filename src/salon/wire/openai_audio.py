"""OpenAI's ``/audio/transcriptions`` and ``/audio/speech``, client side, as OpenAI and servers of Whisper, Kokoro and CosyVoice
speak them.

Source: developers.openai.com/api/reference, Audio. Transcriptions come as one JSON object or, with ``stream``, as server-sent
events ``transcript.text.delta`` and ``transcript.text.done``. Speech comes as raw PCM at 24 kHz, or as WAV from servers that know
no ``pcm``.
"""

from __future__ import annotations

import struct
from typing import Any

import msgspec

from salon.base.errors import BadAnswer
from salon.base.speech import AsrOptions, AsrUsage, TtsOptions

#: Samples a second of ``response_format`` ``pcm``.
RATE = 24_000
#: Bytes of one event, or of the one JSON object.
MOST = 4 << 20


def wav(pcm: bytes, rate: int) -> bytes:
    """A WAV file of one channel, 16 bits."""
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, rate, rate * 2, 2, 16)
    return struct.pack("<4sI4s", b"RIFF", 36 + len(pcm), b"WAVE") + form + struct.pack("<4sI", b"data", len(pcm)) + pcm


def transcription(model: str, options: AsrOptions, *, stream: bool) -> list[tuple[str, str]]:
    """The fields of the form besides ``file``."""
    fields = [("model", model), ("response_format", "json")]
    if options.language:
        # "ISO-639-1"
        fields.append(("language", options.language.partition("-")[0].lower()))
    if prompt := " ".join(filter(None, (", ".join(options.hints), options.prompt))):
        fields.append(("prompt", prompt))
    if stream:
        fields.append(("stream", "true"))
    return fields


def speech(model: str, text: str, voice: str, options: TtsOptions) -> bytes:
    """The JSON of a request. Only what was asked for is sent: not every server knows every field."""
    body: dict[str, Any] = {"model": model, "input": text, "voice": voice, "response_format": "pcm"}
    if options.speed != 1:
        body["speed"] = min(max(options.speed, 0.25), 4.0)
    if options.instructions:
        body["instructions"] = options.instructions
    return msgspec.json.encode(body)


class _Usage(msgspec.Struct):
    input_tokens: int | None = None
    output_tokens: int | None = None


class _Said(msgspec.Struct):
    type: str | None = None
    delta: str | None = None
    text: str | None = None
    usage: _Usage | None = None
    language: str | None = None
    error: Any = None


_decoder = msgspec.json.Decoder(_Said)


class Transcript:
    """Reads an answer as its bytes come. ``events`` says that it is a stream; ``text`` is what was understood so far."""

    def __init__(self, house: str, *, events: bool) -> None:
        self._house = house
        self._events = events
        self._rest = bytearray()
        self.text = ""
        self.language = ""
        self.done = False
        self.tokens = (0, 0)

    def usage(self, audio: int) -> AsrUsage:
        return AsrUsage(audio, *self.tokens)

    def feed(self, data: bytes) -> bool:
        """Whether the text is another one now. Raises ``BadAnswer``."""
        self._rest += data
        if len(self._rest) > MOST:
            raise self._bad("it is too long")
        if not self._events:
            return False
        before = self.text
        while (end := self._rest.find(b"\n")) >= 0:
            line = bytes(self._rest[:end]).strip()
            del self._rest[: end + 1]
            if line.startswith(b"data:") and not self.done:
                payload = line[5:].strip()
                if payload == b"[DONE]":
                    self.done = True
                elif payload:
                    self._event(self._said(payload))
        return self.text != before

    def finish(self) -> None:
        """The body is whole. Raises ``BadAnswer`` where the answer is not."""
        if self._events:
            if not self.done:
                raise self._bad("it ends before the transcript does")
            return
        said = self._said(bytes(self._rest))
        if said.text is None:
            raise self._bad("it has no text")
        self._take(said)

    def _event(self, said: _Said) -> None:
        if said.error is not None:
            message = said.error.get("message") if isinstance(said.error, dict) else said.error
            seen = f": {message[:200]}" if isinstance(message, str) else ""
            raise self._bad(f"it is an error in the middle of the stream{seen}")
        if said.type == "transcript.text.delta":
            self.text += said.delta or ""
        elif said.type == "transcript.text.done":
            self._take(said)

    def _take(self, said: _Said) -> None:
        self.text = said.text if said.text is not None else self.text
        self.language = said.language if said.language is not None and len(said.language) == 2 else ""
        if said.usage is not None:
            self.tokens = (said.usage.input_tokens or 0, said.usage.output_tokens or 0)
        self.done = True

    def _said(self, payload: bytes) -> _Said:
        try:
            return _decoder.decode(payload)
        except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
            raise self._bad(str(error)) from error

    def _bad(self, why: str) -> BadAnswer:
        return BadAnswer(f"{self._house} answered with something that is no transcript: {why}.", house=self._house)


class Samples:
    """The samples of an answer, whatever pieces it comes in: raw, or a WAV file whose header tells the rate."""

    def __init__(self, house: str, rate: int = RATE) -> None:
        self._house = house
        self._rest = bytearray()
        self._raw: bool | None = None
        self.rate = rate

    def feed(self, data: bytes) -> bytes:
        """Whole samples. Raises ``BadAnswer`` for WAV that is not of one channel and 16 bits."""
        self._rest += data
        if self._raw is None and not self._begins():
            return b""
        whole = len(self._rest) // 2 * 2
        pcm = bytes(self._rest[:whole])
        del self._rest[:whole]
        return pcm

    def _begins(self) -> bool:
        """Whether it is known where samples begin."""
        rest = self._rest
        if len(rest) < 4:
            return False
        if rest[:4] != b"RIFF":
            self._raw = True
            return True
        at = 12
        while at + 8 <= len(rest):
            name, size = bytes(rest[at : at + 4]), struct.unpack_from("<I", rest, at + 4)[0]
            if name == b"data":
                del rest[: at + 8]
                self._raw = False
                return True
            if name == b"fmt ":
                if at + 24 > len(rest):
                    return False
                kind, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", rest, at + 8)
                if (kind, channels, bits) != (1, 1, 16) or not 8_000 <= rate <= 48_000:
                    raise BadAnswer(
                        f"{self._house} speaks WAV that is not one channel of 16 bits: {channels} of {bits}, {rate} Hz.",
                        house=self._house,
                    )
                self.rate = rate
            at += 8 + size + size % 2
        if len(rest) > MOST:
            raise BadAnswer(f"{self._house} sent a WAV file without samples.", house=self._house)
        return False
