"""A film as data: what stands still, and what each picture has above it."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import PurePath
from typing import NamedTuple

from convdsl.drawing.picture import CannotDraw
from convdsl.drawing.scene import Group, Scene, Shape
from convdsl.drawing.themes import theme
from convdsl.messages import T

FORMATS = ("svg", "gif", "html", "tex")
"""The endings of a film's name; the writer of each is convdsl/drawing/moving/ENDING.py."""


class Film(NamedTuple):
    """`still` is drawn below every picture of `pictures`; `said` tells each of them in words. `seconds` is how long a
    picture stays; the last one stays longer."""

    width: float
    height: float
    still: tuple[Shape, ...]
    pictures: tuple[tuple[Shape, ...], ...]
    said: tuple[str, ...]
    title: str
    about: str
    seconds: float = 0.9

    def scene(self, number: int) -> Scene:
        """One picture as a scene of its own."""
        groups = (Group("frame", self.still), Group("frame", self.pictures[number]))
        return Scene(self.width, self.height, groups, self.title, self.said[number])


def ending(name: str) -> str:
    """The format that a file's name asks for. Raises CannotDraw."""
    found = PurePath(name).suffix.lower().lstrip(".")
    if found not in FORMATS:
        raise CannotDraw(
            T(
                "{file}: the name's ending says what is written, and is one of {list}.",
                file=name,
                list=", ".join("." + f for f in FORMATS),
            )
        )
    return found


def written(film: Film, format: str, dark: bool = False) -> bytes:
    """The content of a file of one of FORMATS. Raises CannotDraw where a library is missing."""
    write: Callable[..., bytes] = import_module(f"convdsl.drawing.moving.{format}").write
    return write(film, theme("dark" if dark else "light"))
