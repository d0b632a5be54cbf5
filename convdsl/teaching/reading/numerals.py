"""Digits with points, commas and gaps between them: all ways to read them, and which is the language's own.

`1,792` is one thousand and something in English, and less than two in Spanish where it stands for a value that need not
be whole. Where two ways are left, each says by its rank how likely it is.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import NamedTuple

from convdsl.messages import T, language
from convdsl.teaching.reading.text import Unclear, shortened

MOST_DIGITS = 40
_GAPS = re.compile(r"[ \u00a0\u202f\u2009_]")
_GROUPED = re.compile(r"\d{1,3}(?:([.,'])\d{3})(?:\1\d{3})*")

_MILLIONS = re.compile(r"[1-9]\d{0,2}'\d{3}[.,]\d{3}")
"""`1'179.776`, as much of America writes millions by hand."""


class Way(NamedTuple):
    """One way to read a number: its value; the last place that was written (`grain`: 1/100 for 0.47, 100,000 for
    25.7M); how many figures were written; and `rank`: 0 as the language has it, 1 otherwise."""

    value: Fraction
    grain: Fraction = Fraction(0)
    figures: int = 99
    rank: int = 0

    def times(self, factor: Fraction) -> Way:
        """The same in another unit."""
        return self._replace(value=self.value * factor, grain=self.grain * abs(factor))


def ways_to_read(body: str, whole: bool, rounded: bool = False) -> tuple[Way, ...]:
    """All ways to read digits with separators. `whole` drops readings with decimals where another is whole; `rounded`
    tells that a unit or a power of ten follows. Raises Unclear for what is not written like a number."""
    mantissa, _, exponent = re.sub("[eE]", "e", _GAPS.sub("", body)).partition("e")
    if len(re.sub(r"\D", "", mantissa)) > MOST_DIGITS:
        raise Unclear(T("This number has too many digits."))
    if abs(int(exponent or 0)) > MOST_DIGITS:
        raise Unclear(T("“{text}” is too large, or too small.", text=shortened(body)))
    found = tuple(
        _way(digits, places, rank) for digits, places, rank in _separated(mantissa, whole, rounded or bool(exponent))
    )
    found = tuple(w.times(Fraction(10) ** int(exponent or 0)) for w in found)
    likely = [w for w in found if w.value.denominator == 1 and w.rank == 0]
    return tuple(likely) if whole and not rounded and len(likely) == 1 and _is_grouped(likely[0], found) else found


def _is_grouped(way: Way, ways: tuple[Way, ...]) -> bool:
    """Whether the other ways to read it would give decimals, which nobody asks for here."""
    return all(w is way or w.value.denominator != 1 for w in ways)


def _way(digits: str, places: int, rank: int) -> Way:
    significant = digits.lstrip("0")
    if not places:
        zeros = len(significant) - len(significant.rstrip("0"))
        return Way(Fraction(int(digits)), Fraction(10**zeros), max(1, len(significant) - zeros), rank)
    return Way(Fraction(int(digits), 10**places), Fraction(1, 10**places), len(significant), rank)


def _separated(text: str, whole: bool, rounded: bool) -> list[tuple[str, int, int]]:
    """(all digits, how many of them are decimals, rank) for each way to read the separators."""
    digits = re.sub(r"\D", "", text)
    separators = re.sub(r"\d", "", text)
    if not separators:
        return [(digits, 0, 0)]
    last = max(text.rfind(c) for c in ".,'")
    decimals = len(text) - last - 1
    if len(separators) > 1:
        if _GROUPED.fullmatch(text) and text[0] != "0":
            return [(digits, 0, 0)]
        if _MILLIONS.fullmatch(text):
            return [(digits, 0, 0), (digits, 3, 1)]
        before = text[:last]
        one_kind = before[0] != "0" and _GROUPED.fullmatch(before)
        if decimals and one_kind and text.count(text[last]) == 1:
            return [(digits, decimals, 0)]
        raise Unclear(T("“{text}” is not written like a number.", text=shortened(text)))
    if decimals == 3 and 1 <= last <= 3 and text[0] != "0":
        thousands, decimal = _ranks(text[last], whole, rounded)
        return [(digits, 0, thousands), (digits, 3, decimal)]
    return [(digits, decimals, 0)]


def _ranks(mark: str, whole: bool, rounded: bool) -> tuple[int, int]:
    """How likely a mark before three digits stands between thousands, and how likely before decimals."""
    spanish = language() == "es"
    if rounded or not whole:
        if mark == ".":
            return 1, 0
        return (1, 0) if spanish else (0, 1)
    if spanish:
        return (0, 1) if mark == "." else (0, 0)
    return (1, 0) if mark == "." else (0, 1)
