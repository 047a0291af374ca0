"""spark_ai_python, iFlytek's own SDK, as its README uses it. Arguments: URL. Prints a JSON object of what it saw."""

import asyncio
import json
import sys
import traceback

from sparkai.core.messages import ChatMessage
from sparkai.llm.llm import ChatSparkLLM

URL = sys.argv[1]


def model(streaming=False, domain="generalv3.5", secret="door-secret"):
    return ChatSparkLLM(
        spark_api_url=URL,
        spark_app_id="app",
        spark_api_key="door-key",
        spark_api_secret=secret,
        spark_llm_domain=domain,
        streaming=streaming,
        request_timeout=20,
    )


def user(text):
    return ChatMessage(role="user", content=text)


def generate():
    answer = model().generate([[user("hello")]])
    return {"text": answer.generations[0][0].text, "usage": answer.llm_output["token_usage"]}


def stream():
    return [chunk.content for chunk in model(streaming=True).stream([user("hello")])]


def astream():
    async def collect():
        return [chunk.content async for chunk in model(streaming=True).astream([user("hello")])]

    return asyncio.run(collect())


def history():
    lines = [
        ChatMessage(role="system", content="Be short."),
        user("one"),
        ChatMessage(role="assistant", content="two"),
        user("history"),
    ]
    return model().generate([lines]).generations[0][0].text


def function():
    definition = [
        {
            "name": "weather",
            "description": "Today's weather",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
        }
    ]
    answer = model().generate([[user("weather")]], function_definition=definition)
    return answer.generations[0][0].message.function_call


def limited():
    return model().generate([[user("limited")]])


def no_authorization():
    return model(domain="nothing").generate([[user("hello")]])


def wrong_secret():
    return model(secret="wrong").generate([[user("hello")]])


def reasoning():
    return model().generate([[user("think")]]).generations[0][0].text


seen = {}
for scenario in (generate, stream, astream, history, function, limited, no_authorization, wrong_secret, reasoning):
    try:
        seen[scenario.__name__] = scenario()
    except Exception as error:
        seen[scenario.__name__] = {"error": type(error).__name__, "message": str(error)}
        traceback.print_exc()
print(json.dumps(seen))
