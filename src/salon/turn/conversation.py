"""One agent's conversation: what its client asks, what the model says, what the client is told.

Commands, deltas, failures and tool results go in; events for the client and actions for the driver come out of the same call.
A command that cannot be obeyed is answered with ``ErrorSeen`` and changes nothing. Deltas of a response that is over are
dropped: whatever carries an old response's id is late.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy

import msgspec
from msgspec import UNSET

from salon.base.chat import Delta, Options
from salon.base.commands import (
    AppendAudio,
    CancelResponse,
    ClearAudio,
    ClearOutputAudio,
    Command,
    CommitAudio,
    CreateItem,
    CreateResponse,
    DeleteItem,
    RetrieveItem,
    TruncateItem,
    UpdateSession,
)
from salon.base.errors import ClientError, ContextTooLong, ProviderError
from salon.base.events import (
    AudioCleared,
    ErrorSeen,
    Event,
    ItemAdded,
    ItemDeleted,
    ItemDone,
    ItemRetrieved,
    Response,
    SessionCreated,
    SessionUpdated,
)
from salon.base.ids import NewId
from salon.base.items import FunctionCall, FunctionCallOutput, InputAudio, Item, ItemReference, MessageItem, OutputAudio
from salon.base.session import ResponseParams, Session
from salon.turn import history, settings
from salon.turn.actions import Ask
from salon.turn.character import Character
from salon.turn.running import Output, Plan, Running, ask
from salon.turn.spoken import Sound, Spoken
from salon.turn.timeline import Timeline, TimelineFull

MAX_OUT_OF_BAND = 8

LOCKED = (
    "This session is locked by the client secret that opened it: only the user's messages and the outputs of calls that the "
    "model made can be added."
)
FULL = "The conversation is full. Delete items or begin a new session."


class ConversationMachine:
    """``show_served`` tells the client of the calls that the server runs by itself: only for those who opted in."""

    def __init__(self, session: Session, character: Character, *, new_id: NewId, show_served: bool = False) -> None:
        self.session = session
        self.id = new_id("conv")
        self._character = character
        self._new_id = new_id
        self._show_served = show_served
        self._timeline = Timeline()
        self._past = history.History()
        self._running: dict[str, Running] = {}
        self._told_no_audio = False
        self.spoken = Spoken(self._timeline, show_served=show_served)

    @property
    def show_served(self) -> bool:
        return self._show_served

    @property
    def hears(self) -> bool:
        return self._character.hears

    @property
    def speaks(self) -> bool:
        return self._character.speaks

    @property
    def items(self) -> Sequence[Item]:
        return tuple(self._timeline)

    @property
    def busy(self) -> bool:
        """Whether any response is under way."""
        return bool(self._running)

    def opening(self) -> list[Event]:
        return [SessionCreated(self.session)]

    def feed(self, command: Command, now: int) -> list[Output]:
        try:
            return self._obey(command, now)
        except ClientError as error:
            return [
                ErrorSeen(code=error.code, message=error.message, param=error.param, client_event_id=command.event_id)
            ]

    def delta(self, response_id: str, delta: Delta, now: int) -> list[Output]:
        running = self._running.get(response_id)
        if running is None:
            return []
        outputs = running.delta(delta, now)
        return self._settle(running, outputs) if running.over else outputs

    def sound(self, response_id: str, sound: Sound) -> list[Output]:
        """A piece of what is spoken, behind the delta of its words."""
        running = self._running.get(response_id)
        if running is None or (item_id := running.message_id) is None:
            return []
        self.spoken.sounded(item_id, sound.playout)
        return running.sound(sound.pcm)

    def interrupt(self, now: int) -> list[Output]:
        """The person speaks: what is being answered in the conversation ends."""
        outputs: list[Output] = []
        for running in list(self._running.values()):
            if running.in_conversation:
                outputs += self._settle(running, running.cancel("turn_detected", now))
        return outputs

    def foresee(self, transcript: str) -> Ask | None:
        """What the model will be asked if the person has just said this, and no more; None where that is not known."""
        if any(running.in_conversation for running in self._running.values()):
            return None
        context = self._timeline.copy()
        plan = self._plan(ResponseParams())
        try:
            context.insert(MessageItem(id=self._new_id("item"), role="user", content=(InputAudio(transcript),)))
            return ask("", plan, plan.options, copy(self._past), context)
        except (TimelineFull, ContextTooLong):
            return None

    def failed(self, response_id: str, error: ProviderError, now: int) -> list[Output]:
        running = self._running.get(response_id)
        return self._settle(running, running.failed(error, now)) if running is not None else []

    def tool_done(self, response_id: str, call_id: str, output: str, now: int) -> list[Output]:
        running = self._running.get(response_id)
        return self._settle(running, running.tool_done(call_id, output, now)) if running is not None else []

    def _settle(self, running: Running, outputs: list[Output]) -> list[Output]:
        if running.over:
            self._running.pop(running.id, None)
        return outputs

    def _obey(self, command: Command, now: int) -> list[Output]:
        match command:
            case CreateItem():
                return self._create_item(command)
            case CreateResponse(params=params):
                return self._create_response(params, now)
            case CancelResponse(response_id=response_id):
                return self._cancel(response_id, now)
            case UpdateSession(patch=patch):
                self.session = settings.apply(
                    self.session,
                    patch,
                    speech=self._character.speaks,
                    has_audio=self._has_audio(),
                    locked=self._character.locked,
                )
                return [SessionUpdated(self.session)]
            case RetrieveItem(item_id=item_id):
                return [ItemRetrieved(self._find(item_id, "retrieve"))]
            case DeleteItem(item_id=item_id):
                return self._delete_item(item_id)
            case TruncateItem():
                return self._truncate_item(command, now)
            case AppendAudio():
                return self._refuse_audio(once=True)
            case CommitAudio() | ClearOutputAudio():
                return self._refuse_audio(once=False)
            case ClearAudio():
                # There is never anything in the buffer, so it is as empty as was asked.
                return [AudioCleared()]

    def _create_item(self, command: CreateItem) -> list[Output]:
        item = command.item
        if self._character.locked and not self._may_add(item):
            raise ClientError(LOCKED, code="session_locked", param="item")
        if not item.id:
            item = msgspec.structs.replace(item, id=self._new_id("item"))
        elif item.id in self._timeline:
            raise ClientError(
                f"Item with id '{item.id}' already exists in the conversation.",
                code="item_create_duplicate_item_id",
                param="item.id",
            )
        previous = command.previous_item_id
        if previous not in (None, "root") and previous not in self._timeline:
            raise ClientError(
                f"Cannot insert behind '{previous}': there is no such item in the conversation.",
                code="item_create_invalid_previous_item_id",
                param="previous_item_id",
            )
        try:
            self._timeline.insert(item, previous)
        except TimelineFull:
            raise ClientError(FULL, code="conversation_full") from None
        before = self._timeline.previous_id(item.id, served=self._show_served)
        return [ItemAdded(item, before), ItemDone(item, before)]

    def _may_add(self, item: Item) -> bool:
        """Whether a locked session takes this item: nobody's words are put into their mouth."""
        if isinstance(item, FunctionCallOutput):
            return any(
                isinstance(call, FunctionCall) and call.call_id == item.call_id and not call.served
                for call in reversed(self._timeline)
            )
        return isinstance(item, MessageItem) and item.role == "user"

    def _delete_item(self, item_id: str) -> list[Output]:
        self._find(item_id, "delete")
        if any(running.writes(item_id) for running in self._running.values()):
            raise ClientError(
                f"Item '{item_id}' is still being written. Cancel its response first.",
                code="item_delete_invalid_item_id",
                param="item_id",
            )
        self._timeline.remove(item_id)
        return [ItemDeleted(item_id)]

    def _truncate_item(self, command: TruncateItem, now: int) -> list[Output]:
        item = self._find(command.item_id, "truncate")
        outputs: list[Output] = []
        for running in list(self._running.values()):
            if running.message_id == item.id and self.spoken.playout(item.id) is not None:
                # Who stopped listening at this word will not hear what is still to come.
                outputs += self._settle(running, running.cancel("client_cancelled", now))
                item = self._find(command.item_id, "truncate")
        index = command.content_index
        content = item.content if isinstance(item, MessageItem) and item.role == "assistant" else ()
        if index >= len(content) or not isinstance(content[index], OutputAudio):
            raise ClientError(
                "Only model output audio messages can be truncated.", code="unsupported_content_type", param="item_id"
            )
        # A truncate at or past the end leaves all that was heard: clients send it after every interruption.
        return [*outputs, *self.spoken.truncate(command.item_id, index, command.audio_end_ms)]

    def _create_response(self, params: ResponseParams, now: int) -> list[Output]:
        if self.session.type == "transcription":
            raise ClientError("A session of type 'transcription' has no responses.", code="invalid_value", param="type")
        in_conversation = params.conversation == "auto"
        if self._character.locked:
            # As in ``settings.UNLOCKED``: what the answer is, and what it costs, stands as the session began.
            params = ResponseParams(
                conversation=params.conversation,
                metadata=params.metadata,
                output_modalities=params.output_modalities,
                audio_format=params.audio_format,
                say=self._allowed(params.say),
            )
        self._admit(in_conversation)
        context, past = self._timeline, self._past
        if not in_conversation or params.input is not None:
            context, past = self._context_of_its_own(params.input), history.History()
        session = self.session
        response = Response(
            id=self._new_id("resp"),
            status="in_progress",
            conversation_id=self.id if in_conversation else None,
            output_modalities=("audio",) if self._is_spoken(params) else ("text",),
            max_output_tokens=_either(params.max_output_tokens, session.max_output_tokens),
            voice=params.voice or session.audio_output.voice,
            audio_format=params.audio_format or session.audio_output.format,
            metadata=params.metadata,
        )
        running = Running(
            response,
            self._plan(params),
            context,
            past,
            joins=self._timeline if in_conversation else None,
            new_id=self._new_id,
            show_served=self._show_served,
        )
        self._running[response.id] = running
        return self._settle(running, running.begin(now))

    def _allowed(self, say: str | None) -> str | None:
        """What a locked session may have said: the agent's own welcome."""
        if say is not None and say not in self._character.welcomes:
            raise ClientError(LOCKED, code="session_locked", param="response.salon.say")
        return say

    def _admit(self, in_conversation: bool) -> None:
        active = [running for running in self._running.values() if running.in_conversation]
        if in_conversation and active:
            raise ClientError(
                f"Conversation already has an active response in progress: {active[0].id}. "
                "Wait until the response is finished before creating a new one.",
                code="conversation_already_has_active_response",
            )
        if not in_conversation and len(self._running) - len(active) >= MAX_OUT_OF_BAND:
            raise ClientError(
                f"At most {MAX_OUT_OF_BAND} responses run out of band at once. Wait until one is finished.",
                code="too_many_responses",
            )

    def _context_of_its_own(self, given_items: Sequence[Item | ItemReference] | None) -> Timeline:
        if given_items is None:
            return self._timeline.copy()
        timeline = Timeline()
        for index, given in enumerate(given_items):
            item = self._timeline.get(given.id) if isinstance(given, ItemReference) else given
            if item is None:
                raise ClientError(
                    f"Item reference '{given.id}' does not name an item of the conversation.",
                    code="invalid_value",
                    param=f"response.input[{index}].id",
                )
            if not item.id or item.id in timeline:
                item = msgspec.structs.replace(item, id=self._new_id("item"))
            try:
                timeline.insert(item)
            except TimelineFull:
                raise ClientError(FULL, code="conversation_full", param="response.input") from None
        return timeline

    def _plan(self, params: ResponseParams) -> Plan:
        session, character = self.session, self._character
        theirs = session.tools if params.tools is None else params.tools
        # A client that brings a tool of the same name means its own.
        taken = {tool.name for tool in theirs}
        # Where there is no second round, nobody would hear what a tool of ours said.
        ours = tuple(tool for tool in character.tools if tool.name not in taken) if character.max_rounds > 1 else ()
        choice = params.tool_choice or session.tool_choice
        most = _either(params.max_output_tokens, session.max_output_tokens)
        parallel = params.parallel_tool_calls
        return Plan(
            instructions=session.instructions if params.instructions is None else params.instructions,
            tools=ours + theirs if choice != "none" else (),
            served=frozenset(tool.name for tool in ours),
            options=Options(
                max_output_tokens=most,
                temperature=character.temperature,
                tool_choice=choice,
                parallel_tool_calls=session.parallel_tool_calls if parallel is None else parallel,
                reasoning=params.reasoning or session.reasoning or "none",
                web_search=session.web_search if params.web_search is None else params.web_search,
            ),
            limit=history.budget(character.context, most or character.max_output),
            truncation=session.truncation,
            max_rounds=character.max_rounds,
            spoken=(spoken := self._is_spoken(params)),
            voice=(params.voice or session.audio_output.voice) if spoken else "",
            speed=session.audio_output.speed if spoken else 1.0,
            say=params.say or "",
        )

    def _is_spoken(self, params: ResponseParams) -> bool:
        return self._character.speaks and "audio" in (params.output_modalities or self.session.output_modalities)

    def _cancel(self, response_id: str | None, now: int) -> list[Output]:
        for running in self._running.values():
            if running.id == response_id or (response_id is None and running.in_conversation):
                return self._settle(running, running.cancel("client_cancelled", now))
        raise ClientError("Cancellation failed: no active response found", code="response_cancel_not_active")

    def _find(self, item_id: str, verb: str) -> Item:
        item = self._timeline.get(item_id)
        if item is None or (getattr(item, "served", False) and not self._show_served):
            raise ClientError(
                f"Item with id '{item_id}' does not exist in the conversation.",
                code=f"item_{verb}_invalid_item_id",
                param="item_id",
            )
        return item

    def _has_audio(self) -> bool:
        return any(isinstance(part, OutputAudio) for item in self._timeline for part in getattr(item, "content", ()))

    def _refuse_audio(self, *, once: bool) -> list[Output]:
        """Audio arrives fifty times a second: one answer is enough."""
        if once and self._told_no_audio:
            return []
        self._told_no_audio = True
        raise ClientError(
            "This server has no speech configured, so it can neither hear nor speak. Send text: conversation.item.create "
            'with input_text, and output_modalities ["text"].',
            code="audio_not_configured",
        )


def _either(asked: int | msgspec.UnsetType | None, otherwise: int | None) -> int | None:
    return otherwise if asked is UNSET else asked
