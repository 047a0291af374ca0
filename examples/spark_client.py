"""Talk with iFlytek Spark, or with Salon in its place, with nothing but `websockets`.

    salon serve                                                     # in one terminal
    python examples/spark_client.py "你好"                          # in another: asks Salon
    SPARK_URL=wss://spark-api.xf-yun.com/v4.0/chat SPARK_APP_ID=… SPARK_API_KEY=… SPARK_API_SECRET=… \\
        python examples/spark_client.py "你好"                      # asks iFlytek: only the address is another

The signature is described at https://www.xfyun.cn/doc/spark/general_url_authentication.html, the frames at
https://www.xfyun.cn/doc/spark/Web.html.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import os
import sys
from email.utils import formatdate
from typing import Any
from urllib.parse import urlencode, urlsplit

from websockets.asyncio.client import connect

URL = os.environ.get("SPARK_URL", "ws://127.0.0.1:8000/v4.0/chat")
APP_ID = os.environ.get("SPARK_APP_ID", "example")
API_KEY = os.environ.get("SPARK_API_KEY", "example-key")
API_SECRET = os.environ.get("SPARK_API_SECRET", "example-secret")


def signed(url: str) -> str:
    """The address with its signature: good for five minutes around now."""
    host, path = urlsplit(url).netloc, urlsplit(url).path
    date = formatdate(usegmt=True)
    text = f"host: {host}\ndate: {date}\nGET {path} HTTP/1.1"
    signature = base64.b64encode(hmac.digest(API_SECRET.encode(), text.encode(), hashlib.sha256)).decode()
    origin = f'api_key="{API_KEY}", algorithm="hmac-sha256", headers="host date request-line", signature="{signature}"'
    authorization = base64.b64encode(origin.encode()).decode()
    return f"{url}?{urlencode({'authorization': authorization, 'date': date, 'host': host})}"


async def ask(history: list[dict[str, str]]) -> str:
    """One connection for one question; the history goes with it. Prints the answer as it comes."""
    request: dict[str, Any] = {
        "header": {"app_id": APP_ID, "uid": "example"},
        "parameter": {"chat": {"domain": "4.0Ultra", "temperature": 0.5, "max_tokens": 2048}},
        "payload": {"message": {"text": history}},
    }
    answer = ""
    async with connect(signed(URL)) as websocket:
        await websocket.send(json.dumps(request))
        async for frame in websocket:
            reply = json.loads(frame)
            if code := reply["header"]["code"]:
                sys.exit(f"{code}: {reply['header']['message']}")
            choices = reply["payload"]["choices"]
            for piece in choices["text"]:
                answer += piece["content"]
                print(piece["content"], end="", flush=True)
            if choices["status"] == 2:  # the last frame, with the usage
                print()
                break
    # Leaving the block closes the connection: a close frame goes out with 1000 and is answered.
    return answer


async def main(question: str) -> None:
    history = [{"role": "user", "content": question}]
    history.append({"role": "assistant", "content": await ask(history)})
    history.append({"role": "user", "content": "Say that in other words."})
    await ask(history)


if __name__ == "__main__":
    asyncio.run(main(" ".join(sys.argv[1:]) or "你好"))
