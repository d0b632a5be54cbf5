"""What `solve` found, as the terminal shows it, and as data."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.text import Text

from convdsl.messages import T
from convdsl.report.console import print_text
from convdsl.report.diagnostics import clean
from convdsl.report.solved import solved
from convdsl.solver import Solutions
from convdsl.source import Source


def print_answer(out: Console, answer: Solutions, source: Source, **given: Any) -> None:
    """The solutions or the condition, then the substitution of the first one. `given` are the symbols, the holes and the
    input that were given from outside."""
    found = solved(answer, source, **given)
    for line in found.headline:
        print_text(out, Text(line, "bold"))
    if found.examples:
        print_text(out, Text(str(T("for example: {list}", list=found.examples))))
    if found.reason:
        print_text(out, Text(found.reason, "" if not answer.solutions else "yellow"))
    for values, expectations in found.substitutions:
        out.print()
        print_text(out, Text(str(T("With {values}:", values=values))))
        for line, arithmetic in expectations:
            if line:
                print_text(out, Text.assemble("  ", (clean(line), "cyan")))
            for shown in arithmetic:
                print_text(out, Text(f"{'    ' if line else '  '}{clean(shown)}"))
    if found.letters:
        out.print()
        print_text(out, Text(found.letters, "dim"))
