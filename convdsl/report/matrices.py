"""Matrices side by side in a terminal, with the window marked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

MOST_ROWS = 40
"""Rows shown of a large matrix."""
_GAP = "  "

Lines = list[Text]


def block(rows: Sequence[Sequence[str]], width: int, styles: Mapping[tuple[int, int], str] | None = None) -> Lines:
    """A matrix as lines of text with brackets; what does not fit into `width` is an ellipsis."""
    styles = styles or {}
    height, length = len(rows), len(rows[0])
    cells = max(cell_len(e) for row in rows[:MOST_ROWS] for e in row)
    columns = _kept(length, max((width - 4 + len(_GAP)) // (cells + len(_GAP)), 2))
    lines = []
    for r in _kept(height, MOST_ROWS):
        line = Text("[ ")
        for position, c in enumerate(columns):
            if position:
                line.append(_GAP)
            entry = "…" if r is None or c is None else rows[r][c]
            line.append(" " * (cells - cell_len(entry)))
            line.append(entry, styles.get((r, c), "") if r is not None and c is not None else "dim")
        line.append(" ]")
        lines.append(line)
    return lines


def _kept(length: int, most: int) -> list[int | None]:
    """Positions shown: all of them, or the first ones, an ellipsis (None) and the last."""
    if length <= most:
        return list(range(length))
    return [*range(most - 2), None, length - 1]


def print_equation(console: Console, parts: Sequence[Lines | str]) -> None:
    """Blocks with signs between them, in one row where they fit and below each other where they do not."""
    width = sum(cell_len(p) + 4 if isinstance(p, str) else max(line.cell_len for line in p) for p in parts)
    if width > console.width:
        for part in parts:
            for line in [Text(f"  {part}")] if isinstance(part, str) else part:
                console.print(line, soft_wrap=True)
        return
    height = max(len(p) for p in parts if not isinstance(p, str))
    for number in range(height):
        line = Text()
        for part in parts:
            if isinstance(part, str):
                line.append(f"  {part if number == (height - 1) // 2 else ' ' * cell_len(part)}  ", "bold")
                continue
            offset = number - (height - len(part)) // 2
            inside = 0 <= offset < len(part)
            line.append_text(part[offset] if inside else Text(" " * part[0].cell_len))
        line.rstrip()
        console.print(line, soft_wrap=True)
