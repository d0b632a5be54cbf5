"""Columns of text for the terminal: as wide as they have to be, folded where there is no room. Made for many rows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.segment import Segment, Segments
from rich.style import Style

from convdsl.records import NamedTuple

GAP = 2


class Column(NamedTuple):
    """One column. With `least`, cells may be folded to so many characters; without it they are never broken."""

    heading: str
    right: bool = True
    dim: bool = False
    least: int = 0


Row = tuple[Sequence[str], bool]
"""The cells of a row, and whether all of it is dim."""


def widths(columns: Sequence[Column], rows: Sequence[Row], room: int) -> list[int]:
    """How wide each column is in a terminal of `room` characters: as its widest cell, or less where it may be folded."""
    found = [max(map(_width, cells)) for cells in zip([c.heading for c in columns], *(r[0] for r in rows), strict=True)]
    while not fits(found, room):
        foldable = [n for n, column in enumerate(columns) if column.least and found[n] > column.least]
        if not foldable:
            break
        found[max(foldable, key=found.__getitem__)] -= 1
    return found


def fits(widths: Sequence[int], room: int) -> bool:
    """Whether columns of these widths have room, with a margin of one character."""
    return 1 + sum(widths) + GAP * (len(widths) - 1) <= room


def print_columns(console: Console, columns: Sequence[Column], rows: Sequence[Row], widths: Sequence[int]) -> None:
    """Prints headings, a rule and the rows. Widths are those that `widths` gave."""
    plain, dim, bold = Style.null(), console.get_style("dim"), console.get_style("bold")
    segments = [Segment("\n")]
    styles = [dim if c.dim else plain for c in columns]
    for cells, style in (
        ([c.heading for c in columns], bold),
        *((cells, dim if is_dim else plain) for cells, is_dim in rows),
    ):
        for line in _lines(columns, cells, widths):
            segments += [
                Segment(text, style if style is not plain else own) for text, own in zip(line, styles, strict=False)
            ]
            segments.append(Segment("\n"))
        if style is bold:
            segments.append(Segment(f" {'─' * (sum(widths) + GAP * (len(widths) - 1))}\n"))
    segments.append(Segment("\n"))
    console.print(Segments(segments), soft_wrap=True, crop=False, end="")


def _lines(columns: Sequence[Column], cells: Sequence[str], widths: Sequence[int]) -> Iterator[list[str]]:
    """The lines of one row, each a text for every column up to the last that is not empty."""
    folded = [_folded(cell, width) for cell, width in zip(cells, widths, strict=True)]
    for number in range(max(map(len, folded))):
        line = []
        for position, (column, lines, width) in enumerate(zip(columns, folded, widths, strict=True)):
            text = lines[number] if number < len(lines) else ""
            margin = " " * (GAP if position else 1)
            line.append(margin + (text.rjust(width) if column.right else text.ljust(width)))
        while line and line[-1].isspace():
            line.pop()
        yield [*line[:-1], line[-1].rstrip()] if line else line


def _width(cell: str) -> int:
    return max(map(len, cell.split("\n"))) if "\n" in cell else len(cell)


def _folded(cell: str, width: int) -> list[str]:
    """A cell on lines of at most `width` characters, broken behind spaces and signs if it can be. What is indented by
    bars stays so."""
    if len(cell) <= width and "\n" not in cell:
        return [cell]
    result = []
    for line in cell.split("\n"):
        indent = re.match(r"(?:│ )*", line)
        bars = indent[0] if indent and len(indent[0]) < width - 4 else ""
        room = width - len(bars)
        current = ""
        for piece in re.findall(r"[^ ×·]*[ ×·]|[^ ×·]+", line[len(bars) :]):
            if current and len(current) + len(piece.rstrip()) > room:
                result.append(bars + current.rstrip())
                current = ""
            current += piece
            while len(current.rstrip()) > room:
                result.append(bars + current[:room])
                current = current[room:]
        result.append(bars + current.rstrip())
    return result
