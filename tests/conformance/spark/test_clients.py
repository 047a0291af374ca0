"""Programs written for iFlytek Spark, as their authors publish them, at our door.

Each client runs once, in a process and an environment of its own, and prints what it saw; the tests look at that.
"""

from __future__ import annotations

import asyncio
import base64
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from starlette.applications import Starlette

from salon.app.clock import SystemClock
from salon.base.chat import Image, ReasoningDelta, Text, ToolCallDelta
from salon.base.errors import ConfigError, RateLimited
from salon.ports.llm import Llm
from salon.serve.spark import SparkCredential, SparkDoor, routes
from tests.conformance.environments import python_env
from tests.fakes.scripted_llm import Asked, ScriptedLlm, Step, says
from tests.fakes.serving import serving

pytestmark = pytest.mark.conformance

CLIENTS = Path(__file__).parent / "clients"
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def script(asked: Asked) -> Sequence[Step]:
    """What the model says to what the clients ask."""
    match asked.messages[-1].text:
        case "hello":
            return says("你", "好", "!")
        case "think":
            return [ReasoningDelta("Let me see."), *says("Yes.")]
        case "weather":
            return [ToolCallDelta(0, "call_1", "weather", '{"city":'), ToolCallDelta(0, arguments='"合肥"}')]
        case "history":
            return says(" | ".join(f"{message.role}: {message.text}" for message in asked.messages))
        case "picture":
            return says(", ".join(type(part).__name__ for part in asked.messages[-1].content))
        case "limited":
            return [RateLimited("AppIdQpsOverFlowError", house="spark", vendor_code=11202)]
        case other:
            raise AssertionError(other)


class Run:
    """What one client saw, and what the model was asked in the meantime."""

    def __init__(self, seen: dict[str, Any], asked: list[Asked]) -> None:
        self.seen = seen
        self.asked = asked

    def __getitem__(self, scenario: str) -> Any:
        return self.seen[scenario]


async def run(client: str, name: str, requirements: list[str], *more: str) -> Run:
    python = await asyncio.to_thread(python_env, name, requirements)
    llm = ScriptedLlm(script)

    def choose(path: str, domain: str) -> Llm:
        if domain == "nothing":
            raise ConfigError("no such model")
        return llm

    credential = SparkCredential("app", "door-key", "door-secret")
    door = SparkDoor(llm_for=choose, clock=SystemClock(), credentials={"door-key": credential})
    async with serving(Starlette(routes=routes(door))) as server:
        process = await asyncio.create_subprocess_exec(
            python,
            CLIENTS / client,
            *(f"{server.ws}{part}" if part.startswith("/v") else part for part in ("/v3.5/chat", *more)),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(100):
                out, errors = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    assert process.returncode == 0, errors.decode()
    sys.stderr.write(errors.decode())  # shown where a test fails
    return Run(json.loads(out.decode().splitlines()[-1]), llm.asked)


once = pytest_asyncio.fixture(scope="module", loop_scope="module")


@once
async def spark_ai() -> Run:
    return await run("spark_ai.py", "spark-ai-python", ["spark_ai_python==0.4.5"])


@once
async def langchain() -> Run:
    return await run("langchain_spark.py", "langchain-spark", ["langchain-community==0.4.2", "websocket-client==1.9.0"])


@once
async def sparkapi(tmp_path_factory: pytest.TempPathFactory) -> Run:
    picture = tmp_path_factory.mktemp("picture") / "dot.png"
    picture.write_bytes(PNG)
    return await run("sparkapi_python.py", "sparkapi-python", ["sparkapi-python==1.0.7"], "/v2.1/image", str(picture))


@once
async def websocket_app() -> Run:
    # 1.9.0 reports a close by the server as an error, whatever its code; langchain above has that version.
    return await run("websocket_app.py", "websocket-client", ["websocket-client==1.8.0"])


USAGE = {"question_tokens": 2, "prompt_tokens": 2, "completion_tokens": 1, "total_tokens": 3}
HISTORY = "system: Be short. | user: one | assistant: two | user: history"


# spark_ai_python


def test_spark_ai_generates(spark_ai: Run) -> None:
    assert spark_ai["generate"] == {"text": "你好!", "usage": USAGE}
    assert spark_ai.asked[0].options.max_output_tokens == 2048
    assert spark_ai.asked[0].options.user == "spark_sdk_user"


@pytest.mark.parametrize("way", ["stream", "astream"])
def test_spark_ai_streams(spark_ai: Run, way: str) -> None:
    assert spark_ai[way][:3] == ["你", "好", "!"]


def test_spark_ai_sends_history(spark_ai: Run) -> None:
    assert spark_ai["history"] == HISTORY


def test_spark_ai_calls_functions(spark_ai: Run) -> None:
    assert spark_ai["function"] == {"name": "weather", "arguments": '{"city":"合肥"}'}
    (asked,) = [asked for asked in spark_ai.asked if asked.tools]
    assert asked.tools[0].name == "weather"
    assert asked.tools[0].parameters["required"] == ["city"]


def test_spark_ai_sees_error_codes(spark_ai: Run) -> None:
    assert spark_ai["limited"]["error"] == "SparkAIConnectionError"
    assert "Error Code: 11202" in spark_ai["limited"]["message"]
    assert "Error Code: 11200" in spark_ai["no_authorization"]["message"]


def test_spark_ai_sees_why_it_may_not_come_in(spark_ai: Run) -> None:
    assert "Handshake status 401" in spark_ai["wrong_secret"]["message"]
    assert "HMAC signature does not match" in spark_ai["wrong_secret"]["message"]


def test_spark_ai_lives_with_thoughts(spark_ai: Run) -> None:
    assert spark_ai["reasoning"] == "Yes."


# langchain-community


def test_langchain_generates(langchain: Run) -> None:
    assert langchain["generate"]["text"] == "你好!"
    assert langchain["text_model"] == "你好!"


@pytest.mark.parametrize("way", ["stream", "astream"])
def test_langchain_streams(langchain: Run, way: str) -> None:
    assert langchain[way][:3] == ["你", "好", "!"]


def test_langchain_sends_history(langchain: Run) -> None:
    assert langchain["history"] == HISTORY
    assert 'assistant: {"function_call": {"name": "weather"' in langchain["call_in_history"]


def test_langchain_reads_function_calls(langchain: Run) -> None:
    assert langchain["function"] == {"name": "weather", "arguments": '{"city":"合肥"}'}


def test_langchain_keeps_thoughts(langchain: Run) -> None:
    assert langchain["reasoning"] == {"text": "Yes.", "thoughts": "Let me see."}


def test_langchain_sees_error_codes(langchain: Run) -> None:
    assert langchain["limited"] == {"error": "ConnectionError", "message": "Code: 11202, Error: AppIdQpsOverFlowError"}
    assert "Code: 11200" in langchain["no_authorization"]["message"]


def test_langchain_sees_why_it_may_not_come_in(langchain: Run) -> None:
    assert "Handshake status 401" in langchain["wrong_secret"]["message"]


# sparkapi-python


def test_sparkapi_streams(sparkapi: Run) -> None:
    assert sparkapi["stream"] == ["你", "好", "!", ""]
    assert sparkapi.asked[0].options.user is None


def test_sparkapi_sends_history(sparkapi: Run) -> None:
    assert sparkapi["history"] == "user: one | assistant: two | user: history"


def test_sparkapi_sees_that_it_may_not_come_in(sparkapi: Run) -> None:
    assert sparkapi["wrong_secret"]["error"] == "InvalidStatus"
    assert "401" in sparkapi["wrong_secret"]["message"]


def test_sparkapi_shows_a_picture(sparkapi: Run) -> None:
    assert sparkapi["image"] == "Image, Text"
    image, text = sparkapi.asked[-1].messages[-1].content
    assert image == Image("data:image/png;base64," + base64.b64encode(PNG).decode())
    assert text == Text("picture")


# websocket-client, as tutorials use it


def words(run: Run, scenario: str) -> list[str]:
    return [frame["payload"]["choices"]["text"][0]["content"] for frame in run[scenario]["frames"]]


@pytest.mark.parametrize("scenario", ["stream", "server_closes"])
def test_websocket_app_streams(websocket_app: Run, scenario: str) -> None:
    assert words(websocket_app, scenario) == ["你", "好", "!", ""]
    assert websocket_app[scenario]["errors"] == []
    statuses = [frame["header"]["status"] for frame in websocket_app[scenario]["frames"]]
    assert statuses == [0, 1, 1, 2]


def test_websocket_app_may_leave_the_closing_to_the_server(websocket_app: Run) -> None:
    assert websocket_app["server_closes"]["closed"] == [1000, "close this ws conn"]


def test_websocket_app_sees_thoughts(websocket_app: Run) -> None:
    first = websocket_app["reasoning"]["frames"][0]["payload"]["choices"]["text"][0]
    assert first["reasoning_content"] == "Let me see."


@pytest.mark.parametrize(("scenario", "code"), [("limited", 11202), ("no_authorization", 11200)])
def test_websocket_app_sees_error_codes(websocket_app: Run, scenario: str, code: int) -> None:
    (frame,) = websocket_app[scenario]["frames"]
    assert frame["header"]["code"] == code
    assert websocket_app[scenario]["errors"] == []


def test_websocket_app_sees_why_it_may_not_come_in(websocket_app: Run) -> None:
    (error,) = websocket_app["wrong_secret"]["errors"]
    assert "Handshake status 401 Unauthorized" in error
    assert "HMAC signature does not match" in error
