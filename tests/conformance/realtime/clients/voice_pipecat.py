"""Pipecat's service for OpenAI Realtime in a pipeline of its own. Prints what came out of it as JSON."""

import asyncio
import json
import sys
import wave

from loguru import logger
from loudspeaker import Loudspeaker
from pipecat.adapters.schemas.function_schema import FunctionSchema
from pipecat.adapters.schemas.tools_schema import ToolsSchema
from pipecat.frames.frames import (
    EndFrame,
    ErrorFrame,
    Frame,
    InputAudioRawFrame,
    InterruptionFrame,
    LLMRunFrame,
    TTSAudioRawFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.runner import PipelineRunner
from pipecat.pipeline.task import PipelineParams, PipelineTask
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.services.openai.realtime import events
from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService

HTTP, KEY, WAV = sys.argv[1:4]
WS = HTTP.replace("http", "ws", 1)
logger.remove()

with wave.open(WAV) as file:
    QUESTION = file.readframes(file.getnframes())

seen, errors, ran, raw, heard = [], [], [], [], []
changed = asyncio.Event()


loudspeaker = Loudspeaker()


class Collector(FrameProcessor):
    async def process_frame(self, frame: Frame, direction):
        await super().process_frame(frame, direction)
        note(frame)
        await self.push_frame(frame, direction)


class Service(OpenAIRealtimeLLMService):
    """As it is; the events that it was sent are noted by the side."""

    async def _truncate_current_audio_response(self):
        raw.append("truncate" if self._current_audio_response else "nothing to truncate")
        await super()._truncate_current_audio_response()


def note(frame):
    name = type(frame).__name__
    seen.append(name)
    if isinstance(frame, TTSAudioRawFrame):
        loudspeaker.give(len(frame.audio) / 2 / frame.sample_rate)
    if isinstance(frame, InterruptionFrame):
        loudspeaker.clear()
    if isinstance(frame, ErrorFrame):
        errors.append(str(frame.error))
    if name in ("TTSTextFrame", "LLMTextFrame", "TranscriptionFrame"):
        heard.append([name, frame.text])
    changed.set()


async def until(name, count):
    while seen.count(name) < count:
        changed.clear()
        await changed.wait()


async def main():
    async def weather(params):
        ran.append(params.arguments["city"])
        await params.result_callback("sunny")

    tools = ToolsSchema(
        standard_tools=[
            FunctionSchema(
                name="weather",
                description="Today's weather in a city.",
                properties={"city": {"type": "string"}},
                required=["city"],
            )
        ]
    )
    properties = events.SessionProperties(
        audio=events.AudioConfiguration(
            input=events.AudioInput(
                transcription=events.InputAudioTranscription(), turn_detection=events.SemanticTurnDetection()
            )
        )
    )
    service = Service(
        api_key=KEY,
        base_url=f"{WS}/v1/realtime",
        settings=OpenAIRealtimeLLMService.Settings(
            model="host", session_properties=properties, system_instruction="Be brief."
        ),
    )
    service.register_function("weather", weather)
    context = LLMContext([{"role": "user", "content": "Hello by text."}], tools)
    pair = LLMContextAggregatorPair(context)
    pipeline = Pipeline([pair.user(), service, Collector(), pair.assistant()])
    task = PipelineTask(pipeline, params=PipelineParams(audio_in_sample_rate=24_000, audio_out_sample_rate=24_000))

    async def speak():
        for at in range(0, len(QUESTION), 9600):
            await task.queue_frame(InputAudioRawFrame(QUESTION[at : at + 9600], 24_000, 1))

    async def script():
        await task.queue_frame(LLMRunFrame())
        await until("LLMFullResponseEndFrame", 1)
        await loudspeaker.played()
        await speak()
        await until("LLMFullResponseEndFrame", 2)
        await loudspeaker.played()
        await speak()
        await until("FunctionCallResultFrame", 1)
        await until("LLMFullResponseEndFrame", 4)
        await loudspeaker.played()
        await speak()
        await until("LLMFullResponseEndFrame", 5)
        await loudspeaker.played(1.5)
        await speak()
        await until("LLMFullResponseEndFrame", 6)
        await loudspeaker.played()
        await speak()
        await until("LLMFullResponseEndFrame", 7)
        await task.queue_frame(EndFrame())

    problems = []

    async def watched():
        try:
            await asyncio.wait_for(script(), 60)
        except TimeoutError:
            problems.append(f"timed out after {[name for name in seen if name.startswith('LLMFull')]}")
            await task.cancel()

    await asyncio.gather(PipelineRunner(handle_sigint=False).run(task), watched())
    print(json.dumps({"errors": errors, "ran": ran, "seen": seen, "raw": raw, "heard": heard, "problems": problems}))


asyncio.run(main())
