"""Exact numbers as people write them: whole numbers, decimals with a point or a comma, fractions."""

from __future__ import annotations

import re
from fractions import Fraction

from convdsl.messages import decimals

Number = int | Fraction

LARGEST = 10**15
_NUMBER = re.compile(
    r"([+-]?)([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:e([+-]?[0-9]{1,2}))?(?:/([0-9]+(?:\.[0-9]+)?))?", re.IGNORECASE
)
_MOST_DIGITS = 40
_MOST_PLACES = 12


def read_number(written: str) -> Number:
    """`3`, `−5`, `0.5`, `1e-3`, `1/9` as an exact value. Raises ValueError."""
    written = written.replace("−", "-")
    match = _NUMBER.fullmatch(written)
    if match is None or len(written) > _MOST_DIGITS:
        raise ValueError(written)
    sign, digits, exponent, divisor = match.groups()
    value = Fraction(digits) * Fraction(10) ** int(exponent or 0)
    if divisor is not None:
        if Fraction(divisor) == 0:
            raise ValueError(written)
        value /= Fraction(divisor)
    if value > LARGEST:
        raise ValueError(written)
    return whole(-value if sign == "-" else value)


def whole(value: Number) -> Number:
    """The same value, as an int where it is one: ints are quicker to calculate with."""
    return int(value) if value.denominator == 1 else value


def show(value: Number, fractions: bool = False, places: int | None = None) -> str:
    """`5`, `−2.5` (in Spanish `−2,5`), `37/9`. What has no end as a decimal is a fraction; with `fractions` everything
    that is not whole is. `places` rounds to so many decimals instead."""
    if places is not None and value.denominator != 1:
        rounded = round(Fraction(value), places)
        return _shown(f"{int(rounded)}" if rounded.denominator == 1 else _decimal(rounded) or str(rounded))
    written = None if fractions and value.denominator != 1 else _decimal(value)
    return _shown(written or str(value))


def near(value: Number) -> str | None:
    """Four digits of a value that has no end as a decimal, and two decimals at least: `4.111`, `143.13`; None where it
    has an end."""
    if _decimal(value):
        return None
    size = float(value)
    return _shown(f"{size:.2f}" if abs(size) >= 100 else f"{size:.4g}")


def _shown(written: str) -> str:
    return decimals(written).replace("-", "−")


def _decimal(value: Number) -> str | None:
    """All decimals of a value, or None where they do not end soon."""
    rest, twos, fives = value.denominator, 0, 0
    while rest % 2 == 0:
        rest, twos = rest // 2, twos + 1
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    places = max(twos, fives)
    if rest != 1 or places > _MOST_PLACES:
        return None
    if places == 0:
        return str(int(value))
    digits = f"{abs(int(value * 10**places)):0{places + 1}d}"
    return f"{'-' if value < 0 else ''}{digits[:-places]}.{digits[-places:]}"
