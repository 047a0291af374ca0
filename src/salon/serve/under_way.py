"""What a drain waits for."""

from __future__ import annotations

import asyncio


class UnderWay:
    """Counts what runs: ``with under_way:`` around each piece of it. ``over`` returns when nothing does, at once where nothing
    did. For one event loop."""

    def __init__(self) -> None:
        self._count = 0
        self._over = asyncio.Event()
        self._over.set()

    def __len__(self) -> int:
        return self._count

    def __enter__(self) -> None:
        self._count += 1
        self._over.clear()

    def __exit__(self, *exc_info: object) -> None:
        self._count -= 1
        if not self._count:
            self._over.set()

    async def over(self) -> None:
        await self._over.wait()
