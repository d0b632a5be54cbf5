"""Names close to a mistyped one."""

from __future__ import annotations

from collections.abc import Iterable

from convdsl.diagnostics import Fix, written
from convdsl.messages import T
from convdsl.source import Span


def closest(word: str, names: Iterable[str]) -> str | None:
    """The name most like `word`, if one is alike enough."""
    from difflib import get_close_matches

    names = list(names)
    matches = [n for n in names if len(word) > 3 and n.startswith(word.lower())]
    matches = matches or get_close_matches(word.lower(), names, n=1, cutoff=0.6)
    return matches[0] if matches else None


def did_you_mean(word: str, names: Iterable[str], span: Span) -> Fix | None:
    """ "Did you mean …?", if a name is close: the fix that writes it in the place of the word, which begins `span`."""
    name = closest(word, names)
    return meant(word, name, span) if name else None


def meant(word: str, name: str, span: Span) -> Fix:
    """ "Did you mean …?" for a name that is known."""
    return written(Span(span.start, span.start + len(word)), name, T("Did you mean `{name}`?", name=name))
