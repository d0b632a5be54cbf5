"""What a question asks for, as far as reading an answer needs to know it. What is right is not in it."""

from __future__ import annotations

from typing import NamedTuple


class Wanted(NamedTuple):
    """`sort` is number, size, matrix or holes.

    `whole`: only whole numbers can be meant. `shape`: how many numbers a size has, rows and columns of a matrix.
    `unit`: `%` where the question asks for a percentage, `bytes` where for bytes. `names`: what entries, or holes, are
    called, each with its other names; of a number what is asked for, where other letters are about. `words`: the words of
    the question itself, which an answer may repeat.
    """

    sort: str
    whole: bool = False
    shape: tuple[int, ...] = ()
    unit: str = ""
    names: tuple[tuple[str, ...], ...] = ()
    words: frozenset[str] = frozenset()
