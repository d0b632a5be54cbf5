"""What a document is made of. Texts are plain, with code in backticks; no node knows a format."""

from __future__ import annotations

from base64 import b64encode
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
    """Rows below a head; the first column to the left, the others to the right. `shades` are how dark cells are, from 0 to
    1, where there are colours; `role` is a word by which a reader of the file finds it."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    shades: tuple[tuple[float, ...], ...] = ()
    role: str = ""


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


class Picture(NamedTuple):
    """A picture: a drawing as the text of an SVG, or the bytes of a PNG, shown `width` pixels wide (0: as it is). `tex` is
    the same picture for LaTeX. `alt` says what is to be seen for those who do not see it, `caption` stands below it."""

    alt: str
    svg: str = ""
    png: bytes = b""
    tex: str = ""
    caption: str = ""
    width: int = 0

    @property
    def url(self) -> str:
        """An address that holds the picture, so that a text with it is one file."""
        kind, content = ("png", self.png) if self.png else ("svg+xml", self.svg.encode())
        return f"data:image/{kind};base64,{b64encode(content).decode()}"


class Gallery(NamedTuple):
    """Pictures side by side, as many as there is room for."""

    pictures: tuple[Picture, ...]


class Beside(NamedTuple):
    """What is seen, and what is said of it beside it where there is room, else below."""

    seen: tuple[Node, ...]
    said: tuple[Node, ...]


Node = (
    Title | Heading | Label | Sentence | Matrix | Formula | Code | Table | Items | Fields | Answers | PageBreak
    | Picture | Gallery | Beside
)  # fmt: skip


def nodes_of(item: str | tuple[Node, ...]) -> tuple[Node, ...]:
    """What an item of a list holds."""
    return (Sentence(item),) if isinstance(item, str) else item
