"""Program text and places in it."""

from __future__ import annotations

from bisect import bisect_right
from functools import cached_property
from os import PathLike
from pathlib import Path

from convdsl import files
from convdsl.messages import quoted
from convdsl.records import NamedTuple

MAX_BYTES = 40_000_000
"""More is not read; the parser refuses less than half of it."""


class Span(NamedTuple):
    """Half-open range of character offsets in a source text."""

    start: int
    end: int

    def to(self, other: Span) -> Span:
        """The range from the start of this one to the end of `other`."""
        return Span(self.start, other.end)

    @property
    def front(self) -> Span:
        """The place before this range."""
        return Span(self.start, self.start)

    @property
    def back(self) -> Span:
        """The place behind this range."""
        return Span(self.end, self.end)


class Source:
    """A program's text with the name that messages call it by. `net`: how its network is called where the text gives no
    name, for a text that was kept without its file."""

    def __init__(self, text: str, name: str = "<text>", net: str | None = None) -> None:
        self.text = text
        self.name = quoted(name)
        self._written = name
        self._net = net

    @cached_property
    def _starts(self) -> list[int]:
        starts = [0]
        position = self.text.find("\n")
        while position >= 0:
            starts.append(position + 1)
            position = self.text.find("\n", position + 1)
        return starts

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset, both counted from 1; columns count characters."""
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1

    def line(self, number: int) -> str:
        """The text of a line (from 1), without its end."""
        start = self._starts[number - 1]
        end = self._starts[number] - 1 if number < len(self._starts) else len(self.text)
        return self.text[start:end].rstrip("\r")

    def stem(self) -> str:
        """A name for a network whose text gives none: the one it was kept with, or the file's name without its suffix. What
        of it is no text, or harms where it is shown, is written as escapes: the name goes into pictures, pages and files."""
        name = self._net or (Path(self._written).stem if self._written.endswith(".cnn") else "net")
        shown = quoted(name)
        return name if shown == name else shown[1:-1]


class NotText(ValueError):
    """A file that is not text. `source` is what can be read of it, up to `span`, which stands for the first byte that
    cannot; `line` and `column` are its place, `offset` its number in the file. `utf16`: it is text of that kind, without
    its mark."""

    def __init__(self, source: Source, offset: int, utf16: bool = False) -> None:
        self.utf16 = utf16
        end = len(source.text)
        self.source = source
        self.span = Span(end - 1, end)
        self.offset = offset
        self.line, self.column = source.position(end - 1)
        super().__init__(f"{source.name}:{self.line}:{self.column}: not text in UTF-8")


def decode(data: bytes, name: str) -> Source:
    """The text in some bytes: UTF-8, or UTF-16 with its mark. Raises NotText."""
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    if _looks_like_utf16(data):
        raise NotText(Source("\N{REPLACEMENT CHARACTER}", name), 0, utf16=True)
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        readable = data[: error.start].decode(encoding, "ignore") + "\N{REPLACEMENT CHARACTER}"
        raise NotText(Source(with_plain_line_ends(readable), name), error.start) from None
    return Source(with_plain_line_ends(text), name)


def _looks_like_utf16(data: bytes) -> bool:
    """Whether every second byte at the start is zero: Latin letters in UTF-16 without its mark."""
    start = data[:64]
    return len(start) >= 8 and any(not any(start[n::2]) and all(start[1 - n :: 2]) for n in (0, 1))


def with_plain_line_ends(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def read(path: str | PathLike[str]) -> Source:
    """The source text in a file. Raises OSError, NotText."""
    return decode(files.read(path, MAX_BYTES), str(path))
