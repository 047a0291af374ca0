"""What the scripts of spoken clients listen with: until when they hear an answer."""

import asyncio
import time


class Loudspeaker:
    """Plays what it is given, at the pace of the clock."""

    def __init__(self):
        self.began = self.ends = 0.0

    def give(self, seconds):
        now = time.monotonic()
        if now > self.ends:
            self.began = self.ends = now
        self.ends += seconds

    def clear(self):
        self.ends = 0.0

    async def played(self, seconds=None):
        """Until all of it has been heard, or so many seconds."""
        until = self.ends if seconds is None else self.began + seconds
        await asyncio.sleep(max(until - time.monotonic(), 0))
