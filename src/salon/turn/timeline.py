"""The items of one conversation, in order.

Adding at the end, finding, replacing and removing the last cost the same however long the conversation is; inserting or
removing in the middle moves what follows.
"""

from __future__ import annotations

from collections.abc import Iterator

from salon.base.items import FunctionCallOutput, Item

MAX_ITEMS = 20_000
MAX_CHARACTERS = 32 * 1024 * 1024


class TimelineFull(Exception):
    """The conversation holds as much as it may."""


class Timeline:
    def __init__(self, *, max_items: int = MAX_ITEMS, max_characters: int = MAX_CHARACTERS) -> None:
        self._order: list[str] = []
        self._items: dict[str, Item] = {}
        self._sizes: dict[str, int] = {}
        self._outputs: dict[str, FunctionCallOutput] = {}
        self._characters = 0
        self._max_items = max_items
        self._max_characters = max_characters

    def copy(self) -> Timeline:
        """Another timeline with the same items: items are frozen, so only the order is copied."""
        twin = Timeline(max_items=self._max_items, max_characters=self._max_characters)
        twin._order = self._order.copy()
        twin._items = self._items.copy()
        twin._sizes = self._sizes.copy()
        twin._outputs = self._outputs.copy()
        twin._characters = self._characters
        return twin

    def __len__(self) -> int:
        return len(self._order)

    def __iter__(self) -> Iterator[Item]:
        return (self._items[item_id] for item_id in self._order)

    def __reversed__(self) -> Iterator[Item]:
        return (self._items[item_id] for item_id in reversed(self._order))

    def __contains__(self, item_id: object) -> bool:
        return item_id in self._items

    def get(self, item_id: str) -> Item | None:
        return self._items.get(item_id)

    def output_of(self, call_id: str) -> FunctionCallOutput | None:
        """What came back from that call, wherever in the conversation it stands."""
        return self._outputs.get(call_id)

    def insert(self, item: Item, previous_item_id: str | None = None) -> None:
        """Put an item behind ``previous_item_id``: None appends, ``root`` puts it first. The id must be new, the previous
        one known. Raises ``TimelineFull``."""
        size = measure(item)
        if len(self._order) >= self._max_items or self._characters + size > self._max_characters:
            raise TimelineFull
        if previous_item_id is None:
            self._order.append(item.id)
        elif previous_item_id == "root":
            self._order.insert(0, item.id)
        else:
            self._order.insert(self._index(previous_item_id) + 1, item.id)
        self._keep(item, size)

    def replace(self, item: Item) -> None:
        """Put a new state in the place of the item with the same id; nothing happens if that one was removed."""
        if item.id in self._items:
            self._characters -= self._sizes[item.id]
            self._keep(item, measure(item))

    def remove(self, item_id: str) -> None:
        del self._order[self._index(item_id)]
        self._characters -= self._sizes.pop(item_id)
        item = self._items.pop(item_id)
        if isinstance(item, FunctionCallOutput) and self._outputs.get(item.call_id) is item:
            del self._outputs[item.call_id]

    def previous_id(self, item_id: str, *, served: bool) -> str | None:
        """The id before this one, None for the first. With ``served`` false, calls that the server runs by itself, and
        their results, are passed over: a client that was not shown them does not know their ids."""
        for index in range(self._index(item_id) - 1, -1, -1):
            item = self._items[self._order[index]]
            if served or not getattr(item, "served", False):
                return item.id
        return None

    def _index(self, item_id: str) -> int:
        # What is looked for is nearly always at the end.
        order = self._order
        for index in range(len(order) - 1, max(len(order) - 8, -1), -1):
            if order[index] == item_id:
                return index
        return order.index(item_id)

    def _keep(self, item: Item, size: int) -> None:
        self._items[item.id] = item
        self._sizes[item.id] = size
        self._characters += size
        if isinstance(item, FunctionCallOutput):
            self._outputs[item.call_id] = item


def measure(item: Item) -> int:
    """About how many characters an item holds."""
    size = 64
    for field in ("output", "arguments", "name", "call_id", "reasoning"):
        size += len(getattr(item, field, None) or "")
    for part in getattr(item, "content", ()):
        for field in ("text", "transcript", "image_url", "audio"):
            size += len(getattr(part, field, None) or "")
    return size
