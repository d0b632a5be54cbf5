"""Code as it is written before it is known which of its numbers differ between the uses of a block.

A number that may differ is marked with its role, an option that is left out at its default is wrapped, and an attribute is
the number of its line in `__init__`; the signs are of Unicode's private use area, so that no code has them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

_NUMBER = re.compile("\ue000([^|\ue001]*)\\|([^\ue001]*)\ue001")
_OPTION = re.compile("\ue002([^:]*):([^\ue003]*)\ue003")
_ATTRIBUTE = re.compile("\ue004(\\d+)\ue005")


def number(value: Any, role: str) -> str:
    """A number that may differ between uses; `role` is what the argument would be called."""
    return f"\ue000{written(value)}|{role}\ue001"


def option(name: str, value: Any, default: Any, role: str | None = None) -> str:
    """`, stride=2`; left out where it is the default everywhere. `value` is a number or one for each axis."""
    if isinstance(value, tuple):
        return f", {name}={numbers(value, role or name)}"
    return f"\ue002{written(default)}:, {name}={number(value, role or name)}\ue003"


def numbers(values: Any, role: str) -> str:
    """A number, or a tuple of them."""
    if isinstance(values, tuple):
        inner = ", ".join(number(v, role) for v in values)
        return f"({inner},)" if len(values) == 1 else f"({inner})"
    return number(values, role)


def short(values: Sequence[int]) -> Any:
    """One number where all axes have the same."""
    values = tuple(int(v) for v in values)
    return values[0] if len(set(values)) == 1 else values


def written(value: Any) -> str:
    return repr(float(f"{value:.12g}")) if isinstance(value, float) else str(int(value))


def attribute(index: int) -> str:
    """The attribute that line `index` of `__init__` makes, without `self.`."""
    return f"\ue004{index}\ue005"


def holes(text: str) -> list[tuple[str, str]]:
    """The marked numbers of a text with their roles."""
    return _NUMBER.findall(text)


def skeleton(text: str) -> str:
    """The text without its numbers: what the uses of one block have in common."""
    return _NUMBER.sub("\ue000\ue001", text)


def filled(text: str, expressions: Sequence[str]) -> str:
    """The text with an expression for each marked number; options that say their default are left out."""
    waiting = iter(expressions)
    text = _NUMBER.sub(lambda _: f"\ue006{next(waiting)}\ue006", text)

    def chosen(match: re.Match[str]) -> str:
        said = match[2].partition("\ue006")[2].partition("\ue006")[0]
        return "" if said == match[1] else match[2]

    return _OPTION.sub(chosen, text).replace("\ue006", "")


def named(text: str, name: Callable[[int], str]) -> str:
    """The text with the names of its attributes."""
    return _ATTRIBUTE.sub(lambda match: name(int(match[1])), text)


def attributes(text: str) -> list[int]:
    return [int(i) for i in _ATTRIBUTE.findall(text)]
