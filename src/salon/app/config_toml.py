"""On which line of a TOML file each key stands: the standard parser does not tell.

The text is known to be valid TOML, so this reads no values: it only steps over them.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping

Path = tuple[str | int, ...]
"""Where a value is: ``("agents", 0, "name")``."""

BLANK = " \t\r\n"


def locate(text: str) -> dict[Path, int]:
    """The line, counted from 1, of every table, array element and key in ``text``."""
    return _Reader(text).read()


def line_of(lines: Mapping[Path, int], path: Path) -> int | None:
    """The line of ``path``, or of the nearest thing around it that is written in the file."""
    while path:
        if path in lines:
            return lines[path]
        path = path[:-1]
    return None


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines: dict[Path, int] = {}
        self.arrays: dict[Path, int] = {}
        """The arrays of tables, each with the index of its last element."""
        self.breaks = [index for index, char in enumerate(text) if char == "\n"]

    def read(self) -> dict[Path, int]:
        table: Path = ()
        while self._skip(BLANK):
            if self.text[self.at] == "[":
                table = self._header()
            else:
                self._pair(table)
        return self.lines

    def _header(self) -> Path:
        double = self.text.startswith("[[", self.at)
        line = self._line()
        self.at += 2 if double else 1
        *parents, last = self._key()
        self.at += 2 if double else 1
        table: Path = ()
        for part in parents:
            table = self._entered((*table, part))
        table = (*table, last)
        self.lines.setdefault(table, line)
        if double:
            self.arrays[table] = self.arrays.get(table, -1) + 1
            table = (*table, self.arrays[table])
            self.lines[table] = line
        return table

    def _entered(self, table: Path) -> Path:
        return (*table, self.arrays[table]) if table in self.arrays else table

    def _pair(self, table: Path) -> None:
        line = self._line()
        for part in self._key():
            table = (*table, part)
            self.lines.setdefault(table, line)
        self._skip(" \t")
        self.at += 1  # the equals sign
        self._value(table)

    def _key(self) -> list[str]:
        parts = []
        while True:
            self._skip(" \t")
            if self.text[self.at] in "\"'":
                parts.append(self._string())
            else:
                start = self.at
                while self.text[self.at] not in " \t.=]":
                    self.at += 1
                parts.append(self.text[start : self.at])
            self._skip(" \t")
            if self.text[self.at] != ".":
                return parts
            self.at += 1

    def _value(self, path: Path) -> None:
        self._skip(BLANK)
        match self.text[self.at]:
            case '"' | "'":
                self._string()
            case "[":
                for index in self._inside("]"):
                    self.lines.setdefault((*path, index), self._line())
                    self._value((*path, index))
            case "{":
                for _ in self._inside("}"):
                    self._pair(path)
            case _:
                while self.at < len(self.text) and self.text[self.at] not in ",]}#\n":
                    self.at += 1

    def _inside(self, end: str) -> Iterator[int]:
        """Stand before each element of an array or inline table in turn, then behind its end."""
        self.at += 1
        index = 0
        while self._skip(BLANK + ",") and self.text[self.at] != end:
            yield index
            index += 1
        self.at += 1

    def _string(self) -> str:
        quote = self.text[self.at]
        if self.text.startswith(quote * 3, self.at):
            return self._long_string(quote)
        start = self.at = self.at + 1
        while self.text[self.at] != quote:
            self.at += 2 if quote == '"' and self.text[self.at] == "\\" else 1
        self.at += 1
        return self.text[start : self.at - 1]

    def _long_string(self, quote: str) -> str:
        start = self.at = self.at + 3
        while not self.text.startswith(quote * 3, self.at):
            self.at += 2 if quote == '"' and self.text[self.at] == "\\" else 1
        end = self.at
        # "You can write a quotation mark, or two adjacent quotation marks, anywhere inside": also right before the end.
        while self.at < len(self.text) and self.text[self.at] == quote:
            self.at += 1
        return self.text[start:end]

    def _skip(self, blank: str) -> bool:
        """Step over blanks and comments; false at the end of the text."""
        while self.at < len(self.text):
            char = self.text[self.at]
            if char == "#":
                end = self.text.find("\n", self.at)
                self.at = len(self.text) if end < 0 else end
            elif char in blank:
                self.at += 1
            else:
                return True
        return False

    def _line(self) -> int:
        return bisect_right(self.breaks, self.at - 1) + 1
