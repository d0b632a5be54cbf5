"""A scene as SVG: shapes and texts with attributes only, so that every program shows it alike. No styles, no scripts, no fonts
to load; each text has the length that it was laid out with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from math import inf
from typing import TYPE_CHECKING

from convdsl.drawing import measure
from convdsl.drawing.scene import Circle, Curve, Group, Line, Polygon, Rect, Scene, Shape, Text
from convdsl.drawing.themes import Theme
from convdsl.drawing.writers.paths import Step, rounded

if TYPE_CHECKING:
    from convdsl.drawing.picture import Drawing

_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"})


def write(drawing: Drawing) -> bytes:
    """The content of an SVG file."""
    return svg(drawing.scene, drawing.colours).encode()


def svg(scene: Scene, theme: Theme, *, focusable: bool = False, links: Mapping[tuple[int, ...], str] = {}) -> str:
    """The text of an SVG file. With `focusable`, boxes can be reached by the keyboard, for pages; those of some layers are
    `links` to a place in it."""
    return "".join(_written(scene, theme, focusable, links))


def _written(scene: Scene, theme: Theme, focusable: bool, links: Mapping[tuple[int, ...], str]) -> Iterator[str]:
    width, height = number(scene.width), number(scene.height)
    yield f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
    yield f'role="{"group" if focusable else "img"}" font-family="{measure.FAMILY}">\n'
    yield f"<title>{escaped(scene.title)}</title>\n<desc>{escaped(scene.about)}</desc>\n"
    yield f'<rect width="{width}" height="{height}" fill="{theme.of("paper")}"/>\n'
    for group in scene.groups:
        yield from _group(group, theme, focusable, links.get(group.nodes, "") if group.role == "box" else "")
    yield "</svg>\n"


def _group(group: Group, theme: Theme, focusable: bool, link: str) -> Iterator[str]:
    attributes = f'class="{group.role}"'
    if group.nodes:
        attributes += f' data-nodes="{ranges(group.nodes)}"'
    if group.role == "edge":
        attributes += f' data-from="{group.from_}" data-to="{group.to}"'
    if link:
        attributes += f' href="#{link}" aria-label="{escaped(_spoken(group))}"'
    elif focusable and group.role == "box":
        attributes += f' tabindex="0" role="img" aria-label="{escaped(_spoken(group))}"'
    tag = "a" if link else "g"
    yield f"<{tag} {attributes}>"
    if group.about:
        yield f"<title>{escaped(group.about)}</title>"
    yield from shapes(group, theme)
    yield f"</{tag}>\n"


def shapes(group: Group, theme: Theme) -> Iterator[str]:
    """The shapes of a group, without it."""
    for shape in group.shapes:
        yield _shape(shape, theme)


def _spoken(group: Group) -> str:
    return ", ".join(group.about.split("\n"))


def _shape(shape: Shape, theme: Theme) -> str:
    match shape:
        case Text():
            return _text(shape, theme)
        case Rect():
            place = f'x="{number(shape.x)}" y="{number(shape.y)}" width="{number(shape.width)}" height="{number(shape.height)}"'
            corner = f' rx="{number(shape.radius)}"' if shape.radius else ""
            return (
                f"<rect {place}{corner}{_paints(theme, shape.fill, shape.line, shape.stroke)}{_dashes(shape.dashed)}/>"
            )
        case Circle():
            place = f'cx="{number(shape.x)}" cy="{number(shape.y)}" r="{number(shape.radius)}"'
            return f"<circle {place}{_paints(theme, shape.fill, shape.line, shape.stroke)}/>"
        case Polygon():
            points = " ".join(f"{number(x)},{number(y)}" for x, y in shape.points)
            paints = _paints(theme, shape.fill, shape.line, shape.stroke)
            return f'<polygon points="{points}"{paints}/>'
        case Line():
            path = "".join(steps(rounded(shape.points, shape.radius)))
            return f'<path d="{path}"{_paints(theme, "none", shape.line, shape.stroke)}{_dashes(shape.dashed)}/>'
        case Curve():
            (ax, ay), *rest = shape.points
            path = f"M{number(ax)} {number(ay)}C" + " ".join(f"{number(x)} {number(y)}" for x, y in rest)
            return f'<path d="{path}"{_paints(theme, "none", shape.line, shape.stroke)}/>'
    raise TypeError(shape)


def _text(text: Text, theme: Theme) -> str:
    weight = ' font-weight="bold"' if text.bold else ""
    anchor = f' text-anchor="{text.anchor}"' if text.anchor != "start" else ""
    place = f'x="{number(text.x)}" y="{number(text.y)}" font-size="{number(text.size)}"'
    length = f' textLength="{number(text.width)}" lengthAdjust="spacingAndGlyphs"' if text.width > 0 else ""
    return f'<text {place}{weight}{anchor}{length} fill="{theme.of(text.paint)}">{escaped(text.text)}</text>'


def _paints(theme: Theme, fill: str, line: str, stroke: float) -> str:
    paints = f' fill="{theme.of(fill)}"'
    return paints + (f' stroke="{theme.of(line)}" stroke-width="{number(stroke)}"' if line != "none" else "")


def _dashes(dashed: bool) -> str:
    return ' stroke-dasharray="4 3"' if dashed else ""


def steps(path: Iterable[Step]) -> Iterator[str]:
    """The steps of a path as SVG writes them."""
    for letter, points in path:
        yield letter + " ".join(f"{number(x)} {number(y)}" for x, y in points)


def number(value: float) -> str:
    """A length with as many digits as can be seen."""
    return f"{value:.2f}".rstrip("0").rstrip(".") if value not in (inf, -inf) else "0"


def escaped(text: str) -> str:
    """A text for SVG and HTML."""
    return text.translate(_ESCAPES)


def ranges(indices: tuple[int, ...]) -> str:
    """Indices in short: `3 7-9 12-40/4` is 3, then 7 to 9, then every fourth from 12 to 40."""
    found: list[str] = []
    ordered = sorted(indices)
    place = 0
    while place < len(ordered):
        end = place + 1
        step = ordered[end] - ordered[place] if end < len(ordered) else 1
        while end < len(ordered) and ordered[end] - ordered[end - 1] == step:
            end += 1
        if end - place < 3 and step != 1:
            found.append(str(ordered[place]))
            place += 1
            continue
        first, last = ordered[place], ordered[end - 1]
        found.append(str(first) if first == last else f"{first}-{last}" + (f"/{step}" if step != 1 else ""))
        place = end
    return " ".join(found)
