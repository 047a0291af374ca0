"""Pipecat behind its SmallWebRTC transport, with a recogniser, a model and a synthesiser that answer at once.

    <python with pipecat-ai[webrtc,silero]> voice_pipecat.py PORT ANSWER MS_PER_CHARACTER

Its turns end after 400 ms of silence, as ours do behind a finished sentence; all else is as it comes.
"""

import asyncio
import math
import struct
import sys

import uvicorn
from fastapi import FastAPI, Request
from loguru import logger

logger.remove()
logger.add(sys.stderr, level="ERROR")

from pipecat.audio.vad.silero import SileroVADAnalyzer  # noqa: E402
from pipecat.audio.vad.vad_analyzer import VADParams  # noqa: E402
from pipecat.frames.frames import (  # noqa: E402
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
)
from pipecat.pipeline.pipeline import Pipeline  # noqa: E402
from pipecat.pipeline.runner import PipelineRunner  # noqa: E402
from pipecat.pipeline.task import PipelineParams, PipelineTask  # noqa: E402
from pipecat.processors.aggregators.llm_context import LLMContext  # noqa: E402
from pipecat.processors.aggregators.llm_response_universal import (  # noqa: E402
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.processors.frame_processor import FrameProcessor  # noqa: E402
from pipecat.services.stt_service import SegmentedSTTService  # noqa: E402
from pipecat.services.tts_service import TTSService  # noqa: E402
from pipecat.transports.base_transport import TransportParams  # noqa: E402
from pipecat.transports.smallwebrtc.request_handler import (  # noqa: E402
    SmallWebRTCRequest,
    SmallWebRTCRequestHandler,
)
from pipecat.transports.smallwebrtc.transport import SmallWebRTCTransport  # noqa: E402
from pipecat.turns.user_stop import SpeechTimeoutUserTurnStopStrategy  # noqa: E402
from pipecat.turns.user_turn_strategies import (  # noqa: E402
    UserTurnStrategies,
    default_user_turn_start_strategies,
)
from pipecat.utils.time import time_now_iso8601  # noqa: E402

PORT, ANSWER, CHARACTER = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
RATE = 24_000


def tone(ms):
    count = RATE * ms // 1000
    return struct.pack(f"<{count}h", *(int(8000 * math.sin(2 * math.pi * 440 * n / RATE)) for n in range(count)))


SOUND = tone(CHARACTER)


class Asr(SegmentedSTTService):
    async def run_stt(self, audio):
        yield TranscriptionFrame("What can you do?", "", time_now_iso8601(), finalized=True)


class Model(FrameProcessor):
    async def process_frame(self, frame, direction):
        await super().process_frame(frame, direction)
        if not isinstance(frame, LLMContextFrame):
            await self.push_frame(frame, direction)
            return
        await self.push_frame(LLMFullResponseStartFrame())
        for piece in ANSWER.split("|"):
            await self.push_frame(LLMTextFrame(piece))
        await self.push_frame(LLMFullResponseEndFrame())


class Tts(TTSService):
    def __init__(self):
        super().__init__(push_start_frame=True, push_stop_frames=True, sample_rate=RATE)

    async def run_tts(self, text, context_id):
        yield TTSAudioRawFrame(SOUND * len(text), RATE, 1, context_id=context_id)


async def converse(connection):
    transport = SmallWebRTCTransport(connection, TransportParams(audio_in_enabled=True, audio_out_enabled=True))
    context = LLMContext()
    pair = LLMContextAggregatorPair(
        context,
        user_params=LLMUserAggregatorParams(
            vad_analyzer=SileroVADAnalyzer(params=VADParams(stop_secs=0.2)),
            user_turn_strategies=UserTurnStrategies(
                start=default_user_turn_start_strategies(),
                stop=[SpeechTimeoutUserTurnStopStrategy(user_speech_timeout=0.2)],
            ),
        ),
    )
    task = PipelineTask(
        Pipeline([transport.input(), Asr(), pair.user(), Model(), Tts(), transport.output(), pair.assistant()]),
        params=PipelineParams(audio_in_sample_rate=16_000, audio_out_sample_rate=RATE),
        cancel_on_idle_timeout=False,
    )

    @transport.event_handler("on_client_disconnected")
    async def gone(transport, client):
        await task.cancel()

    await PipelineRunner(handle_sigint=False).run(task)


app = FastAPI()
handler = SmallWebRTCRequestHandler()
running = set()


@app.post("/offer")
async def offer(request: Request):
    async def begin(connection):
        task = asyncio.create_task(converse(connection))
        running.add(task)
        task.add_done_callback(running.discard)

    return await handler.handle_web_request(SmallWebRTCRequest.from_dict(await request.json()), begin)


class Server(uvicorn.Server):
    async def startup(self, sockets=None):
        await super().startup(sockets)
        print(f"ready http://127.0.0.1:{PORT}", flush=True)


Server(uvicorn.Config(app, port=PORT, log_level="error")).run()
