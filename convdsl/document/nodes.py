"""What a document is made of. Texts are plain, with code in backticks; no node knows a format."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Heading(NamedTuple):
    """What a section is about. `level` 1 is the title of the whole, 3 a layer or a question."""

    text: str
    level: int = 3


class Label(NamedTuple):
    """A few words that say what comes next, of less weight than a heading."""

    text: str


class Sentence(NamedTuple):
    """One or more sentences that stand together."""

    text: str


class Matrix(NamedTuple):
    """Rows of numbers in brackets, inside a formula as text."""

    rows: tuple[tuple[str, ...], ...]


class Formula(NamedTuple):
    """One formula in LaTeX's notation (without the signs around it), and as plain text. Lines of a calculation stand below
    each other, `&` marking in LaTeX where they are aligned. `text` may hold matrices among its words."""

    latex: tuple[str, ...]
    text: tuple[str | Matrix, ...] = ()
    aligned: bool = False


class Code(NamedTuple):
    """Lines that are shown as they are; `language` is that of a program (`cnn`)."""

    text: str
    language: str = ""


class Table(NamedTuple):
    """Rows below a head; the first column to the left, the others to the right."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class Items(NamedTuple):
    """A list. `marks` stand before its items; without them they are numbered."""

    items: Sequence[str]
    marks: Sequence[str] = ()


Node = Heading | Label | Sentence | Formula | Code | Table | Items
