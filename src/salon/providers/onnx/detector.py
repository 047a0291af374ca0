"""A turn model run by ONNX Runtime, in one thread beside the event loop.

What a model wants is seen by its inputs, as Smart Turn's authors publish them: version 3 takes ``input_features``, a log-mel
picture of 8 s with the end of the turn on its right; version 2 takes ``input_values``, samples of up to 16 s of variance 1 with
the start of the turn on the left, and ``attention_mask`` where it has one. Both answer with a probability.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from salon.base.errors import BadAnswer, Overloaded, ProviderError
from salon.ports.llm import CheckStep
from salon.providers.speech_check import utterance
from salon.sound import mel

#: Judgements that wait for the thread. One takes some 60 ms: the last of more would come when its turn is over.
WAITING: Final = 4
PICTURE_SECONDS: Final = 8
SAMPLES_SECONDS: Final = 16
#: wav2vec 2.0 looks at no less.
LEAST_SAMPLES: Final = 400
CLOSED: Final = "The turn model is closed."

Feeds = dict[str, NDArray[Any]]


def is_installed() -> bool:
    return find_spec("onnxruntime") is not None


class OnnxTurnDetector:
    """A ``salon.ports.turn_detector.TurnDetector``. The file is loaded when it is first asked, or by ``warm``."""

    def __init__(self, path: Path) -> None:
        self.name = f"onnx:{path.name}"
        self.milliseconds = SAMPLES_SECONDS * 1000
        self._path = path
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="salon-turn")
        self._waiting = 0
        self._closed = False
        self._session: Any = None
        self._feeds: Callable[[bytes], Feeds] = picture

    async def warm(self) -> None:
        """Load the file."""
        await self._run(self._load)

    async def judge(self, pcm: bytes) -> float:
        if self._waiting >= WAITING:
            raise Overloaded("More turns wait for the turn model than it can judge in time.")
        probability: float = await self._run(partial(self._judge, pcm))
        return probability

    async def check(self) -> AsyncGenerator[CheckStep, None]:
        clock = asyncio.get_running_loop().time
        begun = clock()
        try:
            await self.warm()
        except ProviderError as error:
            yield CheckStep("load", False, error.message, error.advice)
            return
        yield CheckStep("load", True, f"{self._path} in {(clock() - begun) * 1000:.0f} ms")
        begun = clock()
        try:
            probability = await self.judge(utterance())
        except ProviderError as error:
            yield CheckStep("judge", False, error.message, error.advice)
            return
        took = (clock() - begun) * 1000
        yield CheckStep("judge", True, f"{probability:.2f} that a question is over, in {took:.0f} ms")

    async def aclose(self) -> None:
        self._closed = True
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _run(self, work: Callable[[], Any]) -> Any:
        if self._closed:
            raise ProviderError(CLOSED)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            # The executor has dropped it: it is closed.
            raise ProviderError(CLOSED) from None
        finally:
            self._waiting -= 1

    def _load(self) -> None:
        if self._session is not None:
            return
        try:
            # An extra: what is imported may not be here, and takes 100 ms where it is.
            runtime = import_module("onnxruntime")
            options = runtime.SessionOptions()
            # One thread, which does not spin when it is done: the cores belong to the conversations.
            options.intra_op_num_threads = options.inter_op_num_threads = 1
            options.log_severity_level = 4
            session = runtime.InferenceSession(str(self._path), options, providers=["CPUExecutionProvider"])
        except Exception as error:
            # ONNX Runtime has an exception of its own for every way in which a file can be none.
            reason = f"{type(error).__name__}: {error}".splitlines()[0][:200]
            raise ProviderError(
                f"{self._path} cannot be used: {reason}", advice="It has to be a model in ONNX form."
            ) from error
        self._feeds = feeds_for([given.name for given in session.get_inputs()])
        self._session = session

    def _judge(self, pcm: bytes) -> float:
        self._load()
        try:
            answer = self._session.run(None, self._feeds(pcm))[0]
            probability = float(np.asarray(answer, dtype=np.float64).reshape(-1)[0])
        except Exception as error:
            raise BadAnswer(f"The turn model failed: {type(error).__name__}: {str(error)[:200]}") from error
        if not 0.0 <= probability <= 1.0:
            raise BadAnswer(f"The turn model answered {probability:g}, which is no probability.")
        return probability


def feeds_for(inputs: list[str]) -> Callable[[bytes], Feeds]:
    """What makes a model's inputs of a turn's sound. Raises ``ProviderError`` for inputs that are not known."""
    if inputs == ["input_features"]:
        return picture
    if inputs == ["input_values"]:
        return values
    if sorted(inputs) == ["attention_mask", "input_values"]:
        return values_and_mask
    raise ProviderError(
        f"The model takes {', '.join(inputs) or 'nothing'}; a turn model takes input_features or input_values.",
        advice="Use a file of Smart Turn, version 2 or 3, or one with the same inputs.",
    )


def picture(pcm: bytes) -> Feeds:
    """Smart Turn 3: ``[1, 80, 800]``. A shorter turn has silence before it."""
    wanted = PICTURE_SECONDS * mel.RATE
    sound = mel.samples(pcm[-2 * wanted :])
    sound = np.pad(sound, (wanted - len(sound), 0))
    return {"input_features": mel.log_mel(mel.normalised(sound))[None]}


def values(pcm: bytes) -> Feeds:
    """Smart Turn 2: ``[1, samples]``, as long as the turn."""
    sound = mel.samples(pcm[-2 * SAMPLES_SECONDS * mel.RATE :])
    sound = np.pad(sound, (0, max(LEAST_SAMPLES - len(sound), 0)))
    return {"input_values": mel.normalised(sound)[None]}


def values_and_mask(pcm: bytes) -> Feeds:
    """The same, filled up to 16 s, and which of it is sound."""
    made = values(pcm)["input_values"][0]
    rest = SAMPLES_SECONDS * mel.RATE - len(made)
    mask = np.pad(np.ones(len(made), np.int64), (0, rest))
    return {"input_values": np.pad(made, (0, rest))[None], "attention_mask": mask[None]}
