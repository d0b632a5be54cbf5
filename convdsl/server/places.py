"""Places in a text as the protocol counts them: lines from 0, and in a line the units that editor and server have agreed on."""

from __future__ import annotations

from lsprotocol.types import Position, PositionEncodingKind, Range

from convdsl.source import Source, Span

_BYTES = {PositionEncodingKind.Utf8: ("utf-8", 1), PositionEncodingKind.Utf16: ("utf-16-le", 2)}


class Places:
    """Offsets of a source text (characters) to and from positions, in `encoding` (the protocol's default is UTF-16)."""

    def __init__(self, source: Source, encoding: PositionEncodingKind | str = PositionEncodingKind.Utf16) -> None:
        self.source = source
        self.encoding = PositionEncodingKind(encoding)
        self.lines = source.text.split("\n")

    def position(self, offset: int) -> Position:
        """Where an offset is."""
        line, column = self.source.position(max(0, min(offset, len(self.source.text))))
        return Position(line - 1, self.units(self.lines[line - 1][: column - 1]))

    def range(self, span: Span) -> Range:
        """What a span covers; of what begins behind the end of the text, the place there."""
        return Range(self.position(span.start), self.position(max(span.start, span.end)))

    def offset(self, position: Position) -> int:
        """The offset of a position. What is behind a line's end is its end; behind the text, the text's."""
        if position.line >= len(self.lines):
            return len(self.source.text)
        line = self.lines[position.line]
        before = sum(len(earlier) + 1 for earlier in self.lines[: position.line])
        return before + self._characters(line, position.character)

    def end(self) -> Position:
        """Where the text ends."""
        return self.position(len(self.source.text))

    def units(self, text: str) -> int:
        """How long a text without line ends is."""
        if self.encoding not in _BYTES:
            return len(text)
        codec, size = _BYTES[self.encoding]
        return len(text.encode(codec, "surrogatepass")) // size

    def _characters(self, line: str, units: int) -> int:
        if self.encoding not in _BYTES or line.isascii():
            return min(units, len(line))
        taken = 0
        for number, character in enumerate(line):
            taken += self.units(character)
            if taken > units:
                return number
        return len(line)
