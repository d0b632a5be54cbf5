"""Changes to images that change their class: a 6 turned upside down is a 9, a mirrored b is a d.

Names decide: classes that are called like digits, letters or directions. Nothing is looked at, so that `check` can ask.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from convdsl.language.options import fold
from convdsl.messages import T
from convdsl.training.settings import Augment

_MIRRORED = ("bd", "pq", "sz", ("left", "right"), ("izquierda", "derecha"), ("west", "east"), ("oeste", "este"))
_UPSIDE = ("bp", "dq", "MW", "un", ("up", "down"), ("arriba", "abajo"), ("north", "south"), ("norte", "sur"))
_TURNED = (
    "69",
    "bq",
    "dp",
    "MW",
    "un",
    ("up", "down"),
    ("left", "right"),
    ("izquierda", "derecha"),
    ("arriba", "abajo"),
)
_QUARTER = ("NZ", ("up", "right"), ("arriba", "derecha"))
_ONE_WAY = "2345679"
"""Digits that are no digit in a mirror; 0, 1 and 8 stay themselves."""
DIGITS = {"mnist": tuple("0123456789")}
"""Known data sets whose classes `check` asks about without loading them."""


class Mixed(NamedTuple):
    """Two classes that a change turns into one another; `other` is "" where it makes something that is no class."""

    change: str
    one: str
    other: str


def mixed(classes: Sequence[str], augment: Augment) -> Mixed | None:
    """The first classes that a change mixes up; None where the names know of none."""
    if augment.flip in ("horizontal", "both") and (found := _among(classes, _MIRRORED)):
        return Mixed("flip", *found)
    if augment.flip in ("vertical", "both") and (found := _among(classes, _UPSIDE)):
        return Mixed("flip", *found)
    if (augment.flip == "both" or augment.rotate > 120) and (found := _among(classes, _TURNED)):
        return Mixed("flip" if augment.flip == "both" else "rotate", *found)
    if augment.rotate > 60 and (found := _among(classes, _QUARTER)):
        return Mixed("rotate", *found)
    if augment.flip and set(classes) >= set("0123456789"):
        return Mixed("flip", _ONE_WAY[0], "")
    return None


def _among(classes: Sequence[str], pairs: Sequence[Sequence[str]]) -> tuple[str, str] | None:
    plain = {name if len(name) == 1 else fold(name): name for name in classes}
    for one, other in pairs:
        if one in plain and other in plain:
            return plain[one], plain[other]
    return None


def warning(found: Mixed) -> tuple[T, T]:
    """What is said of it, and the way out."""
    if not found.other:
        message = T("A mirrored {one} is no digit: `{change}` shows the network images that do not occur.",
                    one=found.one, change=found.change)  # fmt: skip
    else:
        message = T("`{change}` makes {one} look like {other}, and leaves it its label.",
                    change=found.change, one=found.one, other=found.other)  # fmt: skip
    if found.change == "rotate":
        return message, T("Turn by less, such as `rotate 10`.")
    return message, T("Leave `{change}` out.", change=found.change)
