"""From the items of a conversation to the messages that a model is shown.

Two rules of the houses are kept here: the result of a call stands right behind the call, and no call goes without one. And
the messages fit: what does not is left out from the oldest on, a call never without its result. What the user said last
always stays: a model that is not shown the question cannot answer it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from salon.base.chat import Image, Message, Part, Text, ToolCall, ToolSpec
from salon.base.errors import ContextTooLong
from salon.base.items import FunctionCall, FunctionCallOutput, InputImage, MessageItem
from salon.base.session import Truncation
from salon.turn import tokens
from salon.turn.timeline import Timeline

NO_RESULT = '{"error": {"code": "no_result", "message": "The call was not answered."}}'


def budget(context: int | None, max_output: int | None) -> int | None:
    """Tokens that instructions, tools and history may take together; None where the model's context is not known."""
    return None if context is None else context - min(max_output or 4096, context // 4)


class History:
    """What of a timeline is still shown. It remembers where it cut, so that the beginning stays the same from turn to turn
    and a house's prefix cache keeps its worth."""

    def __init__(self) -> None:
        self._start: str | None = None

    def messages(
        self,
        timeline: Timeline,
        instructions: str,
        tools: Sequence[ToolSpec],
        *,
        limit: int | None,
        truncation: Truncation,
    ) -> list[Message]:
        """Raises ``ContextTooLong`` where it does not fit and truncation is disabled."""
        head = [Message(role="system", content=(Text(instructions),))] if instructions else []
        room = truncation.post_instructions
        if limit is not None:
            left = max(limit - sum(map(tokens.of_message, head)) - sum(map(tokens.of_tool, tools)), 0)
            room = left if room is None else min(left, room)
        begin = None if truncation.type == "disabled" else self._start
        groups, start, whole = _newest(timeline, begin, room)
        if not whole:
            if truncation.type == "disabled":
                raise ContextTooLong(
                    f"The conversation does not fit into the {room} tokens that the model's context leaves for it, and "
                    "truncation is disabled for this session. Delete items or allow truncation."
                )
            if truncation.retention_ratio < 1 and room is not None:
                groups, start, _ = _newest(timeline, begin, int(room * truncation.retention_ratio))
            self._start = start
        return head + [message for group in reversed(groups) for message in group]


def _newest(timeline: Timeline, start: str | None, room: int | None) -> tuple[list[list[Message]], str | None, bool]:
    """Groups of messages, newest first, that fit into ``room`` tokens; the id where the oldest of them begins; and whether
    nothing was left out. The newest group and the user's newest message are kept whatever they take."""
    kept: list[tuple[str, list[Message], int]] = []
    used, whole = 0, True
    for first_id, group in _groups(timeline, start):
        cost = sum(map(tokens.of_message, group))
        if room is not None and used + cost > room and kept:
            whole = False
            break
        used += cost
        kept.append((first_id, group, cost))
    question: Message | None = None
    if (start is not None or not whole) and not any(group[0].role == "user" for _, group, _ in kept):
        question = _question(timeline)
    if question is not None and room is not None:
        used += tokens.of_message(question)
        while used > room and len(kept) > 1:
            used -= kept.pop()[2]
            whole = False
    groups = [group for _, group, _ in kept]
    if question is not None:
        groups.append([question])
    return groups, kept[-1][0] if kept else None, whole


def _question(timeline: Timeline) -> Message | None:
    """What the user said last, None where they have said nothing."""
    for item in reversed(timeline):
        if isinstance(item, MessageItem) and item.role == "user" and (message := _message(item)) is not None:
            return message
    return None


def _groups(timeline: Timeline, start: str | None) -> Iterator[tuple[str, list[Message]]]:
    """Messages that belong together, newest first, each with the id of its first item. Ends behind ``start``."""
    calls: list[FunctionCall] = []  # newest first
    if start is not None and start not in timeline:
        start = None
    for item in reversed(timeline):
        if isinstance(item, FunctionCall):
            if item.status != "in_progress":
                calls.append(item)
        elif isinstance(item, MessageItem) and item.role == "assistant" and calls:
            yield item.id, _call_group(timeline, calls, item)
            calls = []
        else:
            if calls:
                yield calls[-1].id, _call_group(timeline, calls, None)
                calls = []
            if isinstance(item, MessageItem) and (message := _message(item)) is not None:
                yield item.id, [message]
        if item.id == start:
            break
    if calls:
        yield calls[-1].id, _call_group(timeline, calls, None)


def _call_group(timeline: Timeline, newest_first: Sequence[FunctionCall], said: MessageItem | None) -> list[Message]:
    calls = newest_first[::-1]
    asked = Message(
        role="assistant",
        content=(Text(said.text),) if said and said.text else (),
        tool_calls=tuple(ToolCall(call.call_id, call.name, call.arguments) for call in calls),
        reasoning=next((call.reasoning for call in calls if call.reasoning), said.reasoning if said else None),
    )
    return [asked, *(_result(call, timeline.output_of(call.call_id)) for call in calls)]


def _result(call: FunctionCall, output: FunctionCallOutput | None) -> Message:
    text = output.output if output is not None else NO_RESULT
    return Message(role="tool", content=(Text(text),), tool_call_id=call.call_id)


def _message(item: MessageItem) -> Message | None:
    """None where there is nothing to show: an answer that has not begun, a turn whose words are not known yet."""
    if item.role == "assistant":
        return Message(role="assistant", content=(Text(item.text),), reasoning=item.reasoning) if item.text else None
    parts: list[Part] = [Text(item.text)] if item.text else []
    parts += [Image(part.image_url, part.detail) for part in item.content if isinstance(part, InputImage)]
    return Message(role=item.role, content=tuple(parts)) if parts else None
