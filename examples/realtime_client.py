"""Talk with Salon over the OpenAI Realtime protocol, with nothing but `websockets`.

    salon serve                                  # in one terminal
    python examples/realtime_client.py "Hello"   # in another

SALON_URL is the server (default ws://127.0.0.1:8000), SALON_API_KEY its key if it has one.
"""

import asyncio
import json
import os
import sys

from websockets.asyncio.client import connect


async def main(question: str) -> None:
    base = os.environ.get("SALON_URL", "ws://127.0.0.1:8000").replace("http", "ws", 1)
    key = os.environ.get("SALON_API_KEY")
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    # The model is an agent's name, or a model as house:model.
    async with connect(f"{base}/v1/realtime?model=assistant", additional_headers=headers) as websocket:
        message = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": question}]}
        await websocket.send(json.dumps({"type": "conversation.item.create", "item": message}))
        await websocket.send(json.dumps({"type": "response.create"}))
        async for frame in websocket:
            event = json.loads(frame)
            if event["type"] == "response.output_text.delta":
                print(event["delta"], end="", flush=True)
            elif event["type"] == "error":
                sys.exit(event["error"]["message"])
            elif event["type"] == "response.done":
                print()
                if event["response"]["status"] != "completed":
                    sys.exit(f"The answer is {event['response']['status']}.")
                break
    # Leaving the block closes the connection: a close frame goes out with 1000 and is answered.
    print(f"closed with {websocket.close_code}")


if __name__ == "__main__":
    asyncio.run(main(" ".join(sys.argv[1:]) or "Say hello in one sentence."))
