"""One answer of an agent in a room: a message that grows under everybody's eyes.

It is announced in the log, so that it has its place there; its words so far stand in the state ``state/growing``, written anew
several times a second at most; its end is an edit, in the log again. Whoever comes in the middle finds all three.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from salon.base.commands import CancelResponse, CreateItem, CreateResponse
from salon.base.errors import SalonError
from salon.base.events import Event, OutputItemAdded, OutputItemDone, OutputTextDelta, ResponseDone
from salon.base.items import FunctionCall, InputImage, InputText, MessageItem, OutputText
from salon.base.rooms import Change, Position, Publication, Published, Who
from salon.ports.broker import Delivery, Draft
from salon.ports.clock import Clock
from salon.ports.observer import Observer
from salon.room import chat, chat_log
from salon.room.chat_log import Said
from salon.session.conversation import Conversation
from salon.session.hub import Part, character, opening
from salon.session.rooms import Rooms
from salon.turn.conversation import ConversationMachine

logger = logging.getLogger(__name__)

WRITE_SECONDS: Final = 0.15
GROWING_MS: Final = 120_000
"""How long the words of an answer are kept that nobody goes on with, because its server is gone."""
AGAIN_SECONDS: Final = (0.2, 1.0, 3.0)
"""Waits before the end of an answer is said once more to a broker that was busy."""

MANNERS: Final = (
    "You take part in the chat room {room!r} as {name!r}. Several people write there; their messages begin with their name and "
    "a colon, and yours must not. Answer what is asked of you, briefly, as one among others. The last message is from {asker}."
)


MOST_PICTURES: Final = 4
"""That a model is shown at once: each costs as much as a page of words."""
Pictures = dict[str, list[InputImage]]


class RoomAnswer:
    """``past`` is what was said, the question last. ``run`` once; ``stop`` ends it with what there is."""

    def __init__(
        self,
        rooms: Rooms,
        room: str,
        me: Who,
        part: Part,
        past: Sequence[Said],
        names: Sequence[str],
        *,
        clock: Clock,
        observer: Observer,
    ) -> None:
        self.id = rooms.new_id("msg")
        self._rooms = rooms
        self._room = room
        self._me = me
        self._part = part
        self._past = past
        self._names = names
        self._clock = clock
        self._observer = observer
        self._text = ""
        self._tool = ""
        self._end = "done"
        self._news = asyncio.Event()
        self._over = asyncio.Event()
        self._conversation: Conversation | None = None

    async def run(self) -> None:
        question, log = self._past[-1], f"{self._room}/{chat.CHAT}"
        await self._grow()
        await self._tell(
            {
                "type": "message",
                "id": self.id,
                "text": "",
                "name": self._names[0],
                "reply_to": question.id,
                "growing": True,
            }
        )
        pictures = await self._pictures()
        await self._rooms.broker.follow(log, self._hear)
        try:
            async with asyncio.TaskGroup() as group:
                self._begin(group, pictures)
                writing = group.create_task(self._write())
                await self._over.wait()
                writing.cancel()
        except asyncio.CancelledError:
            # The server stops. What was said so far is kept.
            self._end = "interrupted"
            raise
        finally:
            if self._conversation is not None:
                self._conversation.end()
            await self._rooms.broker.unfollow(log, self._hear)
            await self._finish()

    def stop(self) -> None:
        if self._conversation is not None and not self._over.is_set():
            self._end = "stopped"
            self._conversation.submit(CancelResponse())

    # --- the conversation

    def _begin(self, group: asyncio.TaskGroup, pictures: Pictures) -> None:
        agent, llm = self._part.agent, self._part.llm
        session = opening(self._part, self._rooms.new_id("sess"), agent.name)
        asker = self._past[-1].name
        manners = MANNERS.format(room=self._room, name=self._names[0], asker=asker)
        session = msgspec.structs.replace(session, instructions=f"{agent.instructions}\n\n{manners}".strip())
        self._conversation = Conversation(
            ConversationMachine(session, character(self._part), new_id=self._rooms.new_id, show_served=True),
            llm,
            agent.toolbox,
            emit=self._emit,
            spawn=group.create_task,
            clock=self._clock,
            observer=self._observer,
            tool_timeout=agent.tool_timeout,
            broken=self._broke,
        )
        for item in self._items(pictures):
            self._conversation.submit(CreateItem(item=item))
        self._conversation.submit(CreateResponse())

    async def _pictures(self) -> Pictures:
        """The newest of those that were shown, by the message they are in, for a model that sees."""
        if not self._part.llm.traits.images:
            return {}
        found: Pictures = {}
        places = [(said.id, place) for said in reversed(self._past) for place in said.pictures][:MOST_PICTURES]
        for id, place in places:
            since = Position(place.offset - 1, place.epoch)
            try:
                page = await self._rooms.history(f"{self._room}/{chat.PICTURES}", since=since, limit=1)
            except SalonError:
                continue  # it is not kept any longer
            if page.publications and (url := chat_log.picture_url(page.publications[0].data)):
                found.setdefault(id, []).append(InputImage(url))
        return found

    def _items(self, pictures: Pictures) -> list[MessageItem]:
        items = []
        for said in self._past[:-1]:
            if said.who.identity == self._me.identity:
                items.append(MessageItem(id="", role="assistant", content=(OutputText(said.text),)))
            else:
                items.append(
                    MessageItem(
                        id="", role="user", content=(InputText(f"{said.name}: {said.text}"), *pictures.get(said.id, ()))
                    )
                )
        question = self._past[-1]
        asked = InputText(chat_log.without_call(question.text, self._names) or question.text)
        items.append(MessageItem(id="", role="user", content=(asked, *pictures.get(question.id, ()))))
        return items

    def _emit(self, event: Event) -> None:
        match event:
            case OutputTextDelta(delta=delta):
                self._text = (self._text + delta)[: chat_log.MAX_TEXT]
                self._tool = ""
                self._news.set()
                if len(self._text) == chat_log.MAX_TEXT and self._conversation is not None:
                    self._conversation.submit(CancelResponse())
            case OutputItemAdded(item=FunctionCall(name=name)):
                self._tool = name
                self._news.set()
            case OutputItemDone(item=MessageItem()) if self._text and not self._text.endswith("\n\n"):
                # What is said after a tool has answered is a paragraph of its own.
                self._text += "\n\n"
            case ResponseDone(response=response):
                if response.status == "failed":
                    self._end = "failed"
                self._over.set()

    def _broke(self) -> None:
        self._end = "failed"
        self._over.set()

    # --- what the room sees

    def _hear(self, delivery: Delivery) -> None:
        if isinstance(delivery, Published):
            for each in delivery.publications:
                self._read(each)
        elif isinstance(delivery, Publication):
            self._read(delivery)

    def _read(self, publication: Publication) -> None:
        if (entry := chat_log.read(publication.data)) is not None:
            question = self._past[-1]
            taken_back = entry.type == "delete" and entry.id == question.id and _same(publication.who, question.who)
            if taken_back or (entry.type == "stop" and entry.id == self.id):
                self.stop()

    async def _write(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            try:
                await self._grow()
            except SalonError as error:
                logger.info("The words of an answer were not shown: %s", error)
            await asyncio.sleep(WRITE_SECONDS)

    async def _grow(self) -> None:
        value = {"text": self._text, **({"tool": self._tool} if self._tool else {})}
        change = Change(set={self.id: msgspec.json.encode(value)}, ttl_ms=GROWING_MS)
        await self._rooms.change(f"{self._room}/{chat.GROWING}", change)

    async def _finish(self) -> None:
        entry = {"type": "edit", "id": self.id, "text": self._text.strip(), "end": self._end}
        for wait in (*AGAIN_SECONDS, None):
            try:
                await self._tell(entry)
                await self._rooms.change(f"{self._room}/{chat.GROWING}", Change(remove=(self.id,)))
                return
            except SalonError as error:
                if wait is None:
                    logger.warning("The end of an answer could not be told: %s", error)
                    return
                await asyncio.sleep(wait)

    async def _tell(self, entry: dict[str, Any]) -> None:
        draft = Draft(data=msgspec.json.encode(entry), who=self._me, idempotency_key=f"{self.id} {entry['type']}")
        await self._rooms.publish(f"{self._room}/{chat.CHAT}", draft)


def _same(one: Who | None, other: Who) -> bool:
    return one is not None and one.identity == other.identity
