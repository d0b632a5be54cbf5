"""A drawing as people hold it: chosen, looked at in a notebook, saved under a name whose ending says as what."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from importlib import import_module
from os import PathLike, fspath
from pathlib import PurePath
from typing import Any

from convdsl.drawing.drawing import STYLES, Choices, Drawn, drawn
from convdsl.drawing.scene import Scene
from convdsl.drawing.telling import SHAPES, SHOWN
from convdsl.drawing.themes import THEMES, Theme, theme
from convdsl.messages import T
from convdsl.network import Analysis

FORMATS = ("svg", "pdf", "png", "tex", "mmd", "html")
"""The endings of a file's name; the writer of each is convdsl/drawing/writers/ENDING.py."""
COLOURS = ("kind", "macs", "params", "memory")
DIRECTIONS = ("right", "down")
NARROWEST, WIDEST = 100, 20_000
DEEPEST = 100


class CannotDraw(ValueError):
    """What cannot be drawn or written as it was asked for: a choice that there is not, an ending, a library."""

    def __init__(self, message: T) -> None:
        self.message = message
        super().__init__(message)

    def __str__(self) -> str:
        return str(self.message)


def choices(
    style: str = "auto",
    direction: str = "right",
    depth: int | str | None = None,
    show: str | Sequence[str] = "sizes",
    colour: str = "kind",
    shape: str = "",
    width: float = 1200,
    legend: bool = False,
) -> Choices:
    """What a person has chosen, looked over. Raises CannotDraw."""
    _one_of("style", style, STYLES)
    _one_of("direction", direction, DIRECTIONS)
    _one_of("colour", colour, COLOURS)
    if shape:
        _one_of("shape", shape, SHAPES)
    shown = tuple(
        part for text in ([show] if isinstance(show, str) else show) for part in text.replace(",", " ").split()
    )
    for part in shown:
        _one_of("show", part, (*SHOWN, "none"))
    if not NARROWEST <= width <= WIDEST:
        raise CannotDraw(
            T(
                "`width` is a number of pixels from {low} to {high}; here it is {value}.",
                low=NARROWEST,
                high=WIDEST,
                value=width,
            )
        )
    return Choices(
        style,
        direction,
        _depth(depth),
        tuple(s for s in shown if s != "none"),
        colour,
        shape,
        float(width),
        bool(legend),
    )


def _depth(depth: int | str | None) -> int | None:
    if depth is None or depth == "all":
        return None if depth is None else -1
    if isinstance(depth, str) and depth.isdecimal() and len(depth) < 4:
        depth = int(depth)
    if isinstance(depth, bool) or not isinstance(depth, int) or not 0 <= depth <= DEEPEST:
        raise CannotDraw(
            T("`depth` is a number from 0 to {most}, or `all`; here it is {value}.", most=DEEPEST, value=depth)
        )
    return depth


def _one_of(name: str, value: str, known: Sequence[str]) -> None:
    if value not in known:
        raise CannotDraw(
            T("`{name}` is one of {list}; here it is {value}.", name=name, list=", ".join(known), value=value)
        )


class Drawing:
    """A drawing of a network. In a notebook it shows itself; `save` writes it into a file, `svg` is its text."""

    def __init__(self, analysis: Analysis, chosen: Choices, theme: str = "light", mono: bool = False) -> None:
        _one_of("theme", theme, THEMES)
        self.analysis, self.choices, self.mono = analysis, chosen, mono
        self.theme = theme

    def __repr__(self) -> str:
        return f"<Drawing {self.scene.title}: {self.scene.width:.0f} × {self.scene.height:.0f}, {self.drawn.style}>"

    @cached_property
    def drawn(self) -> Drawn:
        return drawn(self.analysis, self.choices)

    @property
    def scene(self) -> Scene:
        return self.drawn.scene

    @property
    def notes(self) -> tuple[T, ...]:
        """What came out otherwise than asked for."""
        return self.drawn.notes

    @property
    def colours(self) -> Theme:
        return theme(self.theme, self.mono)

    @property
    def svg(self) -> str:
        """The text of an SVG file."""
        return self.written("svg").decode()

    def _repr_svg_(self) -> str:
        return self.svg

    def written(self, format: str) -> bytes:
        """The content of a file of one of FORMATS. Raises CannotDraw where a library for it is not installed."""
        _one_of("format", format, FORMATS)
        write: Callable[[Drawing], bytes] = import_module(f"convdsl.drawing.writers.{format}").write
        try:
            return write(self)
        except ModuleNotFoundError as error:
            package = (error.name or "").partition(".")[0]
            raise CannotDraw(
                T(
                    'for {format} the library {package} is needed, which is not installed: `pip install "convdsl[draw]"`.',
                    format=format.upper(),
                    package=package,
                )
            ) from None

    def save(self, path: str | PathLike[str]) -> None:
        """Writes the drawing as the ending of a file's name says. Raises CannotDraw, or OSError where it cannot be written."""
        from convdsl import files

        content = self.written(ending(path))
        files.write(path, (content,))


def ending(path: str | PathLike[str]) -> str:
    """The format that a file's name asks for. Raises CannotDraw."""
    found = PurePath(fspath(path)).suffix.lower().lstrip(".")
    if found not in FORMATS:
        raise CannotDraw(
            T(
                "{file}: the name's ending says what is written, and is one of {list}.",
                file=fspath(path),
                list=", ".join("." + f for f in FORMATS),
            )
        )
    return found


def draw(analysis: Analysis, theme: str = "light", mono: bool = False, **chosen: Any) -> Drawing:
    """A drawing by the choices of `choices`. Raises CannotDraw for those that there are not."""
    return Drawing(analysis, choices(**chosen), theme, mono)
