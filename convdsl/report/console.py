"""The terminal: colours where they are wanted, none into a pipe."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from typing import IO

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from convdsl.messages import harmless

PIPE_WIDTH = 120


class Quoting(Console):
    """A console that shows control characters of others as escapes, and leaves a closed pipe to its caller."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            text, style, control = segment
            yield segment if control else Segment(harmless(text), style)

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def console(file: IO[str] | None = None) -> Console:
    """A console on standard output, or on `file`. NO_COLOR and pipes are honoured; a pipe's width is 120 columns."""
    file = file or sys.stdout
    file = getattr(file, "unfiltered", file)  # colours are escape sequences; texts are made harmless in `render`
    width = None if file.isatty() or "COLUMNS" in os.environ else PIPE_WIDTH
    return Quoting(file=file, highlight=False, markup=False, emoji=False, soft_wrap=False, width=width)


def print_text(out: Console, text: Text, hang: int = 0) -> None:
    """Prints lines: in a terminal folded between words, what goes on being indented like its line and by `hang` more; in
    a pipe as long as they are."""
    if not out.is_terminal:
        out.print(text, soft_wrap=True)
        return
    for line in text.split("\n", allow_blank=True):
        start = len(line.plain) - len(line.plain.lstrip())
        room = out.width - start - hang
        if len(line.plain) <= out.width or room < 20:
            out.print(line, soft_wrap=True)
            continue
        first, *others = line[start:].wrap(out, out.width - start)
        out.print(Text(" " * start) + first, soft_wrap=True)
        rest = Text(" ").join(part for part in others)
        for part in rest.wrap(out, room):
            out.print(Text(" " * (start + hang)) + part, soft_wrap=True)
