"""A film as SVG that plays wherever SVG is shown, also as a picture in a page: by styles alone. Who wants no motion, and
paper, get the last picture."""

from __future__ import annotations

from collections.abc import Iterator

from convdsl.drawing.moving.film import Film
from convdsl.drawing.scene import Group
from convdsl.drawing.themes import Theme
from convdsl.drawing.writers.svg import escaped, number, shapes

LAST = 3
"""How many times as long the last picture stays."""


def write(film: Film, colours: Theme) -> bytes:
    """The content of an SVG file."""
    return svg(film, colours).encode()


def svg(film: Film, colours: Theme, name: str = "p") -> str:
    """The text; pictures are groups of the class `name`."""
    return "".join(_written(film, colours, name))


def _written(film: Film, colours: Theme, name: str) -> Iterator[str]:
    from convdsl.drawing import measure

    width, height = number(film.width), number(film.height)
    count = len(film.pictures)
    yield f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
    yield f'role="img" font-family="{measure.FAMILY}">\n'
    yield f"<title>{escaped(film.title)}</title>\n<desc>{escaped(film.about)}</desc>\n"
    yield f"<style>{style(film, name)}</style>\n" if count > 1 else ""
    yield f'<rect width="{width}" height="{height}" fill="{colours.of("paper")}"/>\n'
    yield from shapes(Group("frame", film.still), colours)
    for place, picture in enumerate(film.pictures):
        last = " last" if place == count - 1 else ""
        delay = f' style="animation-delay:{place * film.seconds:g}s"' if count > 1 else ""
        yield f'<g class="{name}{last}"{delay}>'
        yield f"<title>{escaped(film.said[place])}</title>"
        yield from shapes(Group("frame", picture), colours)
        yield "</g>\n"
    yield "</svg>\n"


def style(film: Film, name: str) -> str:
    """Each picture is seen for its part of the whole, one after the other; the last one a little longer."""
    count = len(film.pictures)
    whole = (count - 1 + LAST) * film.seconds
    one, last = 100 * film.seconds / whole, 100 * LAST * film.seconds / whole
    return (
        f".{name}{{visibility:hidden;animation:{name}1 {whole:g}s step-end infinite}}"
        f".{name}.last{{animation-name:{name}2}}"
        f"@keyframes {name}1{{0%{{visibility:visible}}{one:.4f}%{{visibility:hidden}}}}"
        f"@keyframes {name}2{{0%{{visibility:visible}}{last:.4f}%{{visibility:hidden}}}}"
        f"@media print{{.{name}{{animation:none}}.{name}.last{{visibility:visible}}}}"
        f"@media (prefers-reduced-motion:reduce){{.{name}{{animation:none}}.{name}.last{{visibility:visible}}}}"
    )
