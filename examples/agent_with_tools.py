"""An agent with tools of its own. Run it, open http://127.0.0.1:8000, ask for the weather or for an order.

    python examples/agent_with_tools.py

With SPARK_APP_ID, SPARK_API_KEY and SPARK_API_SECRET set Spark answers, with OPENAI_API_KEY OpenAI, else the demo model.
"""

import sys
from dataclasses import dataclass
from typing import Annotated, Literal

from salon import Agent, Salon, tool


@dataclass
class Order:
    number: int
    state: Literal["packed", "sent", "delivered"]


ORDERS = {1001: Order(1001, "sent"), 1002: Order(1002, "packed")}


@tool
async def weather(city: Annotated[str, "the city's name, without the country"]) -> str:
    "Today's weather in a city."
    return f"Sunny in {city}, 24 °C"


@tool(timeout=5)
def find_order(number: int) -> Order:
    """Look up an order.

    Args:
        number: the order's number, four digits
    """
    # What a tool raises is told to the model, which can then ask the customer again.
    if number not in ORDERS:
        raise LookupError(f"there is no order {number}")
    return ORDERS[number]


salon = Salon(
    agents=[
        Agent(
            name="shop",
            title="Shop",
            instructions="You help the customers of a small shop. Be brief and friendly.",
            tools=[weather, find_order],
            suggestions={"en": ["Where is order 1001?", "What is the weather in 上海?"], "zh": ["订单 1001 到哪了？"]},
        )
    ]
)

if __name__ == "__main__":
    sys.exit(salon.run(lambda urls: print(f"Open {urls[0]}", flush=True)))
