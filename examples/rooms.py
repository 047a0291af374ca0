"""A server with rooms of its own: a feed that a task publishes, a game that it referees, and a greeter in every chat.

    python examples/rooms.py

Connect any Centrifuge client to ws://127.0.0.1:8000/connection/websocket and subscribe to market/feed, arena/state or
lobby/chat. docs/how-to/rooms.md walks through it.
"""

import asyncio
import random

from salon import Happening, Salon, Tick

salon = Salon()


@salon.task
async def quotes() -> None:
    "Ten prices a second; a subscriber gets as many as it asks for, always the newest."
    feed = salon.room("market").topic("feed")
    price = 100.0
    while True:
        price = round(price + random.uniform(-1, 1), 2)  # noqa: S311 (no secret)
        await feed.publish({"price": price}, key="SALON")
        await asyncio.sleep(0.1)


@salon.state("arena", tick=30)
def arena(game: Tick) -> None:
    "Who is here has a place on a line, and says where to go: 1 or -1."
    for who in game.joined:
        game.state.setdefault(who.identity, {"x": 0.0})
    for said in game.inputs:
        direction = said.data if said.data in (1, -1) else 0
        game.state[said.who.identity]["x"] += direction * game.dt
    for who in game.left:
        game.state.pop(who.identity, None)


@salon.on("room.joined", "lobby")
async def greet(joined: Happening) -> None:
    if joined.who is not None and not joined.who.identity.startswith("agent:"):
        await salon.room("lobby").topic("chat").publish({"text": f"Welcome, {joined.who.identity}!"}, user="greeter")


if __name__ == "__main__":
    raise SystemExit(salon.run())
