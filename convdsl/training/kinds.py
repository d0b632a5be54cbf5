"""The kinds of values that a line of a `train` block takes."""

from __future__ import annotations

from math import inf
from typing import NamedTuple

from convdsl.messages import T


class Number(NamedTuple):
    """A number between `low` and `high`; `above` leaves `low` itself out, `below` leaves `high` out."""

    doc: T
    low: float = 0.0
    high: float = inf
    whole: bool = False
    above: bool = False
    below: bool = False

    def trouble(self, name: str, value: float) -> tuple[T, T | None] | None:
        """What is wrong with a value, and the way out; None if nothing is."""
        low, high, written = f"{self.low:g}", f"{self.high:g}", f"{value:g}"
        if self.whole and value != int(value):
            help = T("It counts pixels.") if name in ("shift", "crop", "cutout") else None
            return T("`{name}` is a whole number, and {value} is not.", name=name, value=written), help
        if self.above and value <= self.low:
            climbs = T("With a negative learning rate the weights would climb up the loss.")
            help = climbs if name == "lr" and value < 0 else None
            return T("`{name}` is more than {low}; here it is {value}.", name=name, low=low, value=written), help
        if value < self.low:
            return T("`{name}` is at least {low}; here it is {value}.", name=name, low=low, value=written), None
        percent = T("A share of {percent} % is written {value}.", percent=written, value=f"{value / 100:g}")
        help = percent if self.high == 1 < value < 100 else None
        if self.below and value >= self.high:
            return T("`{name}` is less than {high}; here it is {value}.", name=name, high=high, value=written), help
        if value > self.high:
            return T("`{name}` is at most {high}; here it is {value}.", name=name, high=high, value=written), help
        return None


class OneWord(NamedTuple):
    """A word that stands alone."""

    doc: T


class OneOf(NamedTuple):
    """An option with a word behind it; alone it means the first of them."""

    doc: T
    words: tuple[str, ...]


class Word(NamedTuple):
    """A word that a line takes without a name, and the options that go with it."""

    doc: T
    options: tuple[str, ...] = ()


Option = Number | OneWord | OneOf
