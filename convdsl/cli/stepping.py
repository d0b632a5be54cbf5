"""Walking through a convolution, one key press for each position."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from convdsl.cli.keys import read_key
from convdsl.messages import T
from convdsl.report.arithmetic import Notation
from convdsl.report.convolution_document import Told
from convdsl.report.printing import print_document
from convdsl.teaching.worked.convolution import Operation


def step_through(console: Console, operation: Operation, notation: Notation) -> None:
    """Shows every output in turn: space or → goes on, ← back, q ends. Outputs not yet reached are dots; the last place
    seen stays on the screen."""
    places = list(operation.places())
    current = 0
    keys = str(T("space or →: on   ←: back   q: end"))
    with console.screen(hide_cursor=True):
        while True:
            console.clear()
            _print(console, operation, notation, places, current)
            console.print(Text(f"\n{current + 1}/{len(places)}   {keys}", "dim"))
            key = read_key()
            if key in ("left", "b", "h"):
                current = max(current - 1, 0)
            elif key in ("q", "escape") or current + 1 == len(places):
                break
            else:
                current += 1
    _print(console, operation, notation, places, current)


def _print(
    console: Console, operation: Operation, notation: Notation, places: list[tuple[int, int]], current: int
) -> None:
    told, place = Told(notation), places[current]
    print_document(console, [*told.operation(operation, place, reached=current), *told.place(operation, *place)])
