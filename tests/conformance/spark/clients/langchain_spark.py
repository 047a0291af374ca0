"""langchain-community's ChatSparkLLM and SparkLLM. Arguments: URL. Prints a JSON object of what they saw."""

import asyncio
import json
import sys
import traceback

from langchain_community.chat_models import ChatSparkLLM
from langchain_community.llms import SparkLLM
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

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


def generate():
    answer = model().invoke("hello")
    return {"text": answer.content, "usage": answer.response_metadata.get("token_usage")}


def stream():
    return [chunk.content for chunk in model(streaming=True).stream("hello")]


def astream():
    async def collect():
        return [chunk.content async for chunk in model(streaming=True).astream("hello")]

    return asyncio.run(collect())


def history():
    lines = [SystemMessage("Be short."), HumanMessage("one"), AIMessage("two"), HumanMessage("history")]
    return model().invoke(lines).content


def call_in_history():
    call = AIMessage("", additional_kwargs={"function_call": {"name": "weather", "arguments": "{}"}})
    return model().invoke([HumanMessage("?"), call, HumanMessage("history")]).content


def function():
    # This client has no way to send functions; it reads a call where the model makes one.
    return model(streaming=True).invoke("weather").additional_kwargs["function_call"]


def reasoning():
    answer = model().generate([[HumanMessage("think")]]).generations[0][0]
    return {"text": answer.text, "thoughts": answer.generation_info["reasoning_content"]}


def limited():
    return model().invoke("limited").content


def no_authorization():
    return model(domain="nothing").invoke("hello").content


def wrong_secret():
    return model(secret="wrong").invoke("hello").content


def text_model():
    return SparkLLM(
        spark_api_url=URL,
        spark_app_id="app",
        spark_api_key="door-key",
        spark_api_secret="door-secret",
        spark_llm_domain="generalv3.5",
    ).invoke("hello")


seen = {}
for scenario in (
    generate,
    stream,
    astream,
    history,
    call_in_history,
    function,
    reasoning,
    limited,
    no_authorization,
    wrong_secret,
    text_model,
):
    try:
        seen[scenario.__name__] = scenario()
    except Exception as error:
        seen[scenario.__name__] = {"error": type(error).__name__, "message": str(error)}
        traceback.print_exc()
print(json.dumps(seen))
