"""The ways out of diagnostics, put into a text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from convdsl.diagnostics import Diagnostic, Edit, Fix
from convdsl.network import Analysis
from convdsl.source import Source

MAX_FIXES = 500
"""More are not written in one go."""


def applied(text: str, fixes: Iterable[Fix]) -> str:
    """A text with fixes in it. Of fixes that overlap, the first one counts."""
    taken: list[Edit] = []
    for fix in fixes:
        if not any(_overlap(edit, other) for edit in fix.edits for other in taken):
            taken.extend(fix.edits)
    for span, new in sorted(taken, reverse=True):
        text = text[: span.start] + new + text[span.end :]
    return text


def mended(source: Source, check: Callable[[Source], Analysis]) -> tuple[Source, int]:
    """The program with every safe fix in it, and how many there were. `check` looks at a text.

    A fix is kept where what it answers is gone up to its place. Other errors may be new: one hides others.
    """
    count = 0
    refused: set[tuple[int, str]] = set()
    found = check(source).diagnostics
    while count + len(refused) < MAX_FIXES:
        safe = [d for d in found if d.fixes and d.fixes[0].safe]
        wrong = next((d for d in safe if _key(source, d) not in refused), None)
        if wrong is None:
            break
        fix = wrong.fixes[0]
        rest = _left(source, max(edit.span.end for edit in fix.edits))
        better = Source(applied(source.text, [fix]), source.name)
        after = check(better).diagnostics
        if _times(wrong, better, after, rest) < _times(wrong, source, found, rest):
            source, found, count = better, after, count + 1
        else:
            refused.add(_key(source, wrong))
    return source, count


def _left(source: Source, offset: int) -> int:
    """A place as it is counted from the end, which no edit before it changes."""
    return len(source.text) - offset


def _overlap(a: Edit, b: Edit) -> bool:
    return a.span == b.span or (a.span.start < b.span.end and b.span.start < a.span.end)


def _key(source: Source, diagnostic: Diagnostic) -> tuple[int, str]:
    return _left(source, diagnostic.span.start), str(diagnostic.fixes[0].title)


def _times(wrong: Diagnostic, source: Source, found: Sequence[Diagnostic], rest: int) -> int:
    """How often the same is said up to the place that is followed by `rest` characters."""
    said = (wrong.code, str(wrong.message))
    return sum((d.code, str(d.message)) == said and _left(source, d.span.start) >= rest for d in found)
