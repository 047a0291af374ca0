"""Salon: one server where people and language models talk.

``Agent``, ``tool`` and ``Salon`` are all that most programs need::

    from salon import Agent, Salon, tool

    @tool
    async def weather(city: str) -> str:
        "Today's weather in a city."
        return f"Sunny in {city}"

    Salon(agents=[Agent(name="host", instructions="You are a helpful host.", tools=[weather])]).run()
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from salon.app.server import Salon as Salon
    from salon.session.agent import Agent as Agent
    from salon.session.authority import Tick as Tick
    from salon.session.hooks import Happening as Happening
    from salon.session.tools import Tool as Tool
    from salon.session.tools import tool as tool
    from salon.session.topic import Message as Message

__version__ = "0.1.0"
__all__ = ["Agent", "Happening", "Message", "Salon", "Tick", "Tool", "__version__", "tool"]

_HOMES = {
    "Agent": "salon.session.agent",
    "Happening": "salon.session.hooks",
    "Message": "salon.session.topic",
    "Salon": "salon.app.server",
    "Tick": "salon.session.authority",
    "Tool": "salon.session.tools",
    "tool": "salon.session.tools",
}


# PEP 562. Every module of Salon imports this one first: were these names imported here, the core would import the web server
# (which the floors forbid), and a program that only wants ``tool`` would wait for it, about half a second.
def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = found
    return found
