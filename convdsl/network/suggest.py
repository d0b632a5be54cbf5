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


def mistyped(word: str, names: Iterable[str]) -> str | None:
    """The name that differs from `word` by a slip of the fingers: by a letter or two, of a long one by three. `gatedconv` is
    no slip in `tconv`, and means something else."""
    plain = word.lower()
    slips = 0 if len(plain) < 3 else 1 if len(plain) < 5 else 2 if len(plain) < 9 else 3
    near = [(_slips(plain, name), name) for name in names if abs(len(name) - len(plain)) <= slips]
    best = min(near, default=(slips + 1, ""), key=lambda pair: pair[0])
    started = next((name for name in names if len(plain) > 3 and name.startswith(plain)), None)
    return best[1] if best[0] <= slips else started


def _slips(word: str, name: str) -> int:
    """Letters left out, added, mistaken or exchanged with the next one, between two words (Damerau and Levenshtein)."""
    before: list[int] = []
    last: list[int] = []
    row = list(range(len(name) + 1))
    for i, letter in enumerate(word, 1):
        before, last, row = last, row, [i]
        for j, other in enumerate(name, 1):
            row.append(min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (letter != other)))
            if i > 1 and j > 1 and letter == name[j - 2] and word[i - 2] == other:
                row[j] = min(row[j], before[j - 2] + 1)
    return row[-1]


def did_you_mean(word: str, names: Iterable[str], span: Span) -> Fix | None:
    """ "Did you mean …?", if a name is close: the fix that writes it in the place of the word, which begins `span`."""
    name = closest(word, names)
    return meant(word, name, span) if name else None


def meant(word: str, name: str, span: Span) -> Fix:
    """ "Did you mean …?" for a name that is known."""
    return written(Span(span.start, span.start + len(word)), name, T("Did you mean `{name}`?", name=name))
