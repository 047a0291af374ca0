"""Live data: a thermometer in a greenhouse. Run it and open http://127.0.0.1:8000/#/monitor/greenhouse."""

import asyncio
import random

from salon import Salon

salon = Salon()


@salon.task
async def greenhouse() -> None:
    room = salon.room("greenhouse")
    await room.topic("state:about").change(
        {"t1": {"en": "Bed 1", "zh": "一号苗床", "group": "air", "unit": "°C", "digits": 1}}
    )
    while True:
        await room.topic("feed").publish({"key": "t1", "value": random.gauss(21, 0.4)}, key="t1")
        await asyncio.sleep(0.5)


if __name__ == "__main__":
    salon.run()
