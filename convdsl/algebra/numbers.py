"""Numbers and shapes as people read them."""

from __future__ import annotations

from typing import Any

from convdsl.algebra import is_number, on_board
from convdsl.messages import Grouped, decimals

_STEPS = ((10**15, "P"), (10**12, "T"), (10**9, "G"), (10**6, "M"))


def grouped(value: Any) -> str:
    """`61,706`, in Spanish `61 706` and `7850`; a formula as it is."""
    return str(Grouped(value)) if is_number(value) else formula(value)


def short(value: Any) -> str:
    """Three or four digits and a unit from a million on: `15.5 G`, `4.09 G`; exact below."""
    if not is_number(value) or value < 10**6:
        return grouped(value)
    for size, unit in _STEPS:
        if value >= size:
            return decimals(f"{value / size:#.4g} {unit}".replace(". ", " "))
    return grouped(value)


def share(part: Any, whole: Any) -> str:
    """`74 %`, `<1 %`, or nothing where there is nothing to share."""
    if not is_number(part) or not is_number(whole) or not whole or not part:
        return ""
    percent = 100 * part / whole
    return "<1 %" if percent < 0.5 else f"{percent:.0f} %"


def memory(size: Any) -> str:
    """Bytes with a binary unit: `241 KiB`."""
    if not is_number(size):
        return f"{formula(size)} B"
    value, units = float(size), ["B", "KiB", "MiB", "GiB", "TiB"]
    while value >= 1024 and len(units) > 1:
        value /= 1024
        units.pop(0)
    return decimals(f"{value:.0f} {units[0]}" if value >= 100 or units[0] == "B" else f"{value:.3g} {units[0]}")


def formula(value: Any) -> str:
    """A formula with ·, ² and ⌊ ⌋ as on a blackboard."""
    return on_board(value)
