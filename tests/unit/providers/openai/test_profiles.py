"""The rows of data, against the rules that they must keep."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

import pytest

from salon.base.chat import Message, Options, Text, ToolCall, ToolSpec
from salon.providers.openai.profiles import DEEPSEEK, EFFORTS, OLLAMA, OPENAI, PROFILES, QWEN, SPARK_HTTP, VLLM, Profile
from salon.wire.openai_chat import encode_request

TOOL = (ToolSpec("f"),)


def body(
    profile: Profile, model: str, options: Options = Options(), tools: tuple[ToolSpec, ...] = ()
) -> dict[str, Any]:
    row = profile.model(model)
    said = (
        Message(role="user", content=(Text("hi"),)),
        Message(role="assistant", tool_calls=(ToolCall("1", "f", "{}"),), reasoning="so"),
        Message(role="tool", tool_call_id="1", content=(Text("ok"),)),
    )
    return json.loads(encode_request(model, said, tools, options, row.dialect or profile.dialect))


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_every_row_is_sound(profile: Profile) -> None:
    keys = {setting.name for setting in profile.keys}
    assert all(setting.env and setting.secret for setting in profile.keys)
    assert {name for names in profile.credentials for name in names} == keys
    assert urlsplit(profile.base_url).scheme == ("https" if profile.needs_key else "http")
    assert not profile.base_url.endswith("/")
    if profile.default_model:
        assert profile.default_model in {model.name for model in profile.models if not model.is_pattern}
    for model in profile.models:
        dialect = model.dialect or profile.dialect
        assert set(dialect.effort) in (set(), set(EFFORTS))


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_no_row_hides_behind_a_pattern(profile: Profile) -> None:
    for model in profile.models:
        if not model.is_pattern:
            assert profile.model(model.name) is model


@pytest.mark.parametrize(
    ("profile", "model", "effort", "fields"),
    [
        (OPENAI, "gpt-6-luna", "none", {"reasoning_effort": "none"}),
        (OPENAI, "gpt-6.1-sol", "xhigh", {"reasoning_effort": "xhigh"}),
        (OPENAI, "gpt-5-mini", "none", {"reasoning_effort": "minimal"}),
        (OPENAI, "gpt-5.4", "minimal", {"reasoning_effort": "low"}),
        (OPENAI, "o3", "none", {"reasoning_effort": "low"}),
        (OPENAI, "gpt-4o-mini", "high", {}),
        (OPENAI, "gpt-5-chat-latest", "high", {}),
        (OPENAI, "some-local-model", "none", {}),
        (DEEPSEEK, "deepseek-v4-flash", "none", {"thinking": {"type": "disabled"}}),
        (DEEPSEEK, "deepseek-v4-pro", "xhigh", {"thinking": {"type": "enabled"}, "reasoning_effort": "max"}),
        (QWEN, "qwen-plus", "none", {"enable_thinking": False}),
        (QWEN, "qwen-plus", "low", {"enable_thinking": True}),
        (QWEN, "qwq-plus", "none", {}),
        (OLLAMA, "qwen3:8b", "none", {"reasoning_effort": "none"}),
        (VLLM, "Qwen/Qwen3-8B", "none", {"chat_template_kwargs": {"enable_thinking": False, "thinking": False}}),
        (SPARK_HTTP, "spark-x", "none", {"thinking": {"type": "disabled"}}),
        (SPARK_HTTP, "4.0Ultra", "none", {}),
    ],
)
def test_how_thinking_is_said(profile: Profile, model: str, effort: str, fields: dict[str, Any]) -> None:
    sent = body(profile, model, Options(reasoning=effort))
    names = {"reasoning_effort", "thinking", "enable_thinking", "chat_template_kwargs"}
    assert {name: sent[name] for name in names & set(sent)} == fields


def test_gpt_6_calls_functions_only_without_reasoning() -> None:
    options = Options(reasoning="high", temperature=0.5)
    assert body(OPENAI, "gpt-6-luna", options)["reasoning_effort"] == "high"
    assert "temperature" not in body(OPENAI, "gpt-6-luna", options)
    with_tools = body(OPENAI, "gpt-6-luna", options, TOOL)
    assert (with_tools["reasoning_effort"], with_tools["temperature"]) == ("none", 0.5)


def test_reasoning_goes_back_to_deepseek_only() -> None:
    assert body(DEEPSEEK, "deepseek-v4-flash")["messages"][1]["reasoning_content"] == "so"
    for profile in PROFILES:
        if profile is not DEEPSEEK:
            sent = body(profile, profile.default_model)["messages"][1]
            assert not {"reasoning_content", "reasoning"} & set(sent)


def test_the_name_of_the_limit() -> None:
    options = Options(max_output_tokens=9)
    assert body(OPENAI, "gpt-6-luna", options)["max_completion_tokens"] == 9
    assert body(DEEPSEEK, "deepseek-v4-flash", options)["max_tokens"] == 9


def test_spark_searches_only_when_asked_and_never_asks_for_usage() -> None:
    off, on = body(SPARK_HTTP, "4.0Ultra"), body(SPARK_HTTP, "4.0Ultra", Options(web_search=True), TOOL)
    assert off["tools"] == [{"type": "web_search", "web_search": {"enable": False}}]
    assert "tool_choice" not in off
    assert "stream_options" not in off
    assert [tool["type"] for tool in on["tools"]] == ["function", "web_search"]
    assert on["tools"][1]["web_search"]["enable"] is True
    assert on["tool_calls_switch"] is True
    assert "tools" not in body(SPARK_HTTP, "lite")
