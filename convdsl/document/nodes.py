"""What a document is made of. Texts are plain, with code in backticks; no node knows a format."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Title(NamedTuple):
    """What the whole is called, large and in the middle of a page; `below` a few words of less size, then `lines`."""

    text: str
    lines: tuple[str, ...] = ()
    below: str = ""


class Heading(NamedTuple):
    """What a section is about. `level` 2 is a part, 3 a layer or a question, 4 a place in it; `beside` is said of it on
    the same line. `number` is where it stands among its like; a terminal shows it, other formats number in their own way."""

    text: str
    level: int = 3
    beside: str = ""
    number: str = ""


class Label(NamedTuple):
    """A few words that say what comes next, of less weight than a heading; `behind` stands on the same line."""

    text: str
    behind: str = ""


class Sentence(NamedTuple):
    """One or more sentences that stand together; `quiet` ones only help those who need them."""

    text: str
    quiet: bool = False


class Matrix(NamedTuple):
    """Rows of numbers in brackets, inside a formula as text or by itself. `margin` is how many rows and columns of zeros
    are thought around it (above, below, left, right); `marks` are places and what they are: `window`, `result`, or `later`,
    which is not shown yet. Only where there are colours they are seen."""

    rows: tuple[tuple[str, ...], ...]
    margin: tuple[int, int, int, int] = (0, 0, 0, 0)
    marks: tuple[tuple[tuple[int, int], str], ...] = ()


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
    """A list. `marks` stand before its items, in bold if `strong`; without them they are numbered. An item is a text, or
    several nodes."""

    items: Sequence[str | tuple[Node, ...]]
    marks: Sequence[str] = ()
    strong: bool = True


class Fields(NamedTuple):
    """Lines to write on: what each is for, and its width in centimetres."""

    fields: tuple[tuple[str, int], ...]


class Answers(NamedTuple):
    """A grid to answer in: for each question its number, the letters to choose from, its points, and whether there is room
    for several lines."""

    rows: tuple[tuple[str, tuple[str, ...], str, bool], ...]


class PageBreak(NamedTuple):
    """What follows begins on a page of its own."""


Node = (
    Title | Heading | Label | Sentence | Matrix | Formula | Code | Table | Items | Fields | Answers | PageBreak
)  # fmt: skip


def nodes_of(item: str | tuple[Node, ...]) -> tuple[Node, ...]:
    """What an item of a list holds."""
    return (Sentence(item),) if isinstance(item, str) else item
