"""Names of files and folders, which may hold anything: compared in one form of Unicode, shown without harm."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from convdsl.messages import quoted

__all__ = ["ending", "folded", "in_capitals_only", "quoted", "same_form"]


def same_form(name: str) -> str:
    """`name` in NFC: `año` typed on one system and copied from another is one name, however its ñ is stored."""
    return unicodedata.normalize("NFC", name)


def folded(name: str) -> str:
    """`name` without accents and capitals, for comparing with words."""
    plain = unicodedata.normalize("NFKD", name)
    return "".join(c for c in plain if not unicodedata.combining(c)).casefold()


def ending(name: str) -> str:
    """The ending of a file's name, `.jpg`, in small letters; empty where there is none."""
    stem, point, end = name.rpartition("/")[2].rpartition(".")
    return f".{end.lower()}" if point and stem and len(end) <= 12 else ""


def in_capitals_only(names: Iterable[str]) -> tuple[str, str] | None:
    """Two names that differ in capitals only; letters may be classes of their own, `A` and `a`."""
    seen: dict[str, str] = {}
    for name in sorted({name for name in names if len(name) > 1}):
        if (other := seen.setdefault(name.casefold(), name)) != name:
            return other, name
    return None
