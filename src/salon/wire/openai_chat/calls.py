"""Function calls, put together from the pieces in which houses send them.

OpenAI's rule: the first piece of an ``index`` has the id and the name, the later ones add to the arguments. Seen in the
wild and understood here: a whole call in one piece; no index; no id; one index for several calls; a fresh id or the name
again in every piece; the name after the first arguments; arguments as a JSON object; an object in place of the list.
"""

from __future__ import annotations

from typing import Any

import msgspec

from salon.base.chat import Delta, ToolCallDelta
from salon.base.errors import BadAnswer
from salon.base.ids import NewId


class Function(msgspec.Struct, gc=False):
    name: str | None = None
    arguments: str | dict[str, Any] | None = None


class Piece(msgspec.Struct):
    index: int | None = None
    id: str | int | None = None
    type: str | None = None
    function: Function | None = None
    web_search: dict[str, Any] | None = None


class _Call:
    __slots__ = ("arguments", "given_id", "name", "number")

    def __init__(self, number: int) -> None:
        self.number = number
        self.given_id = ""
        self.name = ""
        self.arguments: list[str] = []

    def is_whole(self) -> bool:
        try:
            msgspec.json.decode("".join(self.arguments), type=dict[str, Any])
        except msgspec.MsgspecError:
            return False
        return True

    def is_blank(self) -> bool:
        return not any(piece.strip() for piece in self.arguments)


class Calls:
    """The calls of one answer, in the order in which they began."""

    __slots__ = ("_by_index", "_calls", "_house", "_new_id")

    def __init__(self, house: str, new_id: NewId) -> None:
        self._house = house
        self._new_id = new_id
        self._calls: list[_Call] = []
        self._by_index: dict[int, _Call] = {}

    def __bool__(self) -> bool:
        return bool(self._calls)

    def feed(self, piece: Piece, out: list[Delta]) -> None:
        function = piece.function or Function()
        name, written = function.name or "", function.arguments
        arguments = msgspec.json.encode(written).decode() if isinstance(written, dict) else written or ""
        given_id = str(piece.id) if piece.id is not None else ""
        if not (name or arguments or given_id):
            return
        call = self._find(piece.index, given_id, name)
        if arguments:
            call.arguments.append(arguments)
        call.given_id = call.given_id or given_id
        if call.name:
            if arguments:
                out.append(ToolCallDelta(call.number, arguments=arguments))
        elif name:
            call.name = name
            call_id = call.given_id or self._new_id("call")
            out.append(ToolCallDelta(call.number, call_id, name, "".join(call.arguments)))

    def finish(self, out: list[Delta]) -> None:
        """No more pieces come. Raises ``BadAnswer`` for a call that names no function."""
        for call in self._calls:
            if not call.name:
                raise BadAnswer(f"{self._house} asked for a function call without a name", house=self._house)
            if call.is_blank():
                # A function without parameters: no arguments at all mean an empty object.
                out.append(ToolCallDelta(call.number, arguments="{}"))

    def _find(self, index: int | None, given_id: str, name: str) -> _Call:
        if index is not None:
            call = self._by_index.get(index)
        else:
            call = next((call for call in self._calls if given_id and call.given_id == given_id), None)
            if call is None and self._calls and not (given_id and name):
                call = self._calls[-1]
        if call is None or (name and call.name and self._another_begins(call, given_id)):
            call = _Call(len(self._calls))
            self._calls.append(call)
            if index is not None:
                self._by_index[index] = call
        return call

    @staticmethod
    def _another_begins(call: _Call, given_id: str) -> bool:
        """Whether a piece with a name that seems to belong to ``call`` begins another one."""
        if given_id and given_id == call.given_id:
            return False
        if call.is_blank():
            return bool(given_id and call.given_id)
        return call.is_whole()
