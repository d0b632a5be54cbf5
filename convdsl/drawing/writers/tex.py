"""A scene as LaTeX: TikZ that a person can go on editing. Colours have names at the top, and each box is a named node.

It needs no more than TikZ. Where a text comes out wider than it was laid out, it is squeezed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from convdsl import latex
from convdsl.drawing.scene import Circle, Curve, Group, Line, Point, Polygon, Rect, Scene, Shape, Text
from convdsl.drawing.themes import Theme
from convdsl.drawing.writers.paths import cubic, rounded
from convdsl.latex import escaped

if TYPE_CHECKING:
    from convdsl.drawing.picture import Drawing

POINTS = 0.75
"""Points in a pixel."""
LARGEST = 16000
"""TeX's lengths end a little above, in points."""
PREAMBLE = latex.PICTURES
"""What a document with pictures has at its top."""


def write(drawing: Drawing) -> bytes:
    """The content of a .tex file, which is a document of one page."""
    return tex(drawing.scene, drawing.colours).encode()


def tex(scene: Scene, theme: Theme) -> str:
    return pages([scene], theme)


def snippet(scene: Scene, theme: Theme) -> str:
    """A scene to stand in a document that has PREAMBLE at its top; no wider than the line."""
    lines = [r"\sbox0{\sffamily%", *(f"{line}%" for line in _colours([scene], theme))]
    lines += [*_picture(scene, POINTS), r"}\ifdim\wd0>\linewidth\resizebox{\linewidth}{!}{\usebox0}\else\usebox0\fi"]
    return "\n".join(lines)


def pages(scenes: Sequence[Scene], theme: Theme) -> str:
    """Scenes of one size as a document, a page for each."""
    scene = scenes[0]
    scale = min(POINTS, LARGEST / max(scene.width, scene.height))
    width, height = (f"{v * scale:.1f}pt" for v in (scene.width, scene.height))
    lines = [
        f"% {_comment(scene.title)}: {_comment(scene.about)}",
        r"\RequirePackage{fix-cm}",
        r"\documentclass{article}",
        r"\usepackage[T1]{fontenc}",
        r"\IfFileExists{lmodern.sty}{\usepackage{lmodern}}{}",
        r"\usepackage[utf8]{inputenc}",
        rf"\usepackage[paperwidth={width},paperheight={height},margin=0pt]{{geometry}}",
        *PREAMBLE[:1],
        *_colours(scenes, theme),
        *PREAMBLE[1:],
        r"\pagestyle{empty}",
        r"\parindent=0pt",
        r"\begin{document}",
        r"\sffamily\pagecolor{paper}%",
        "\n\\newpage\n".join("\n".join(_picture(one, scale)) for one in scenes),
        r"\end{document}",
    ]
    return "\n".join(lines) + "\n"


def _colours(scenes: Sequence[Scene], theme: Theme) -> list[str]:
    """The colours that scenes use, by name."""
    groups = (group for one in scenes for group in one.groups)
    used = dict.fromkeys(role for group in groups for shape in group.shapes for role in _roles(shape))
    named = [role for role in ("paper", *used) if role != "none"]
    return [rf"\definecolor{{{_name(role)}}}{{HTML}}{{{theme.of(role)[1:].upper()}}}" for role in named]


def _picture(scene: Scene, scale: float) -> Iterator[str]:
    yield rf"\begin{{tikzpicture}}[x={scale:.4f}pt,y=-{scale:.4f}pt,line cap=round,line join=round,word/.style={{inner sep=0pt}}]"
    yield rf"\useasboundingbox (0,0) rectangle ({_n(scene.width)},{_n(scene.height)});"
    yield from _body(scene, scale)
    yield r"\end{tikzpicture}"


def _body(scene: Scene, scale: float) -> Iterator[str]:
    for group in scene.groups:
        if group.role == "edge":
            yield f"% {max(group.from_, 0)} -> {group.to}"
        elif group.name:
            yield f"% {_comment(group.name)}"
        for shape in group.shapes:
            yield _shape(shape, scale)
        if group.role == "box" and group.bounds:
            yield _anchor(group, scale)


def _anchor(group: Group, scale: float) -> str:
    """An invisible node with a box's name and size, for arrows of one's own."""
    assert group.bounds
    x, y, width, height = group.bounds
    size = f"minimum width={width * scale:.2f}pt,minimum height={height * scale:.2f}pt"
    return rf"\node[inner sep=0pt,{size}] (n{min(group.nodes)}) at ({_n(x + width / 2)},{_n(y + height / 2)}) {{}};"


def _shape(shape: Shape, scale: float) -> str:
    match shape:
        case Text():
            anchor = {"start": "base west", "middle": "base", "end": "base east"}[shape.anchor]
            size = shape.size * scale
            font = rf"\fontsize{{{size:.2f}}}{{{size * 1.2:.2f}}}\selectfont" + r"\bfseries" * shape.bold
            words = rf"\fit{{{shape.width * scale:.2f}pt}}{{{font} {escaped(shape.text)}}}"
            return (
                rf"\node[word,anchor={anchor},text={_name(shape.paint)}] at ({_n(shape.x)},{_n(shape.y)}) {{{words}}};"
            )
        case Rect():
            corner = f",rounded corners={shape.radius * scale:.2f}pt" if shape.radius else ""
            corners = (
                f"({_n(shape.x)},{_n(shape.y)}) rectangle ({_n(shape.x + shape.width)},{_n(shape.y + shape.height)})"
            )
            return rf"\path[{_paints(shape.fill, shape.line, shape.stroke, scale)}{corner}{',dashed' * shape.dashed}] {corners};"
        case Circle():
            paints = _paints(shape.fill, shape.line, shape.stroke, scale)
            return rf"\path[{paints}] ({_n(shape.x)},{_n(shape.y)}) circle [radius={shape.radius * scale:.2f}pt];"
        case Polygon():
            points = " -- ".join(map(_p, shape.points))
            return rf"\path[{_paints(shape.fill, shape.line, shape.stroke, scale)}] {points} -- cycle;"
        case Line():
            return (
                rf"\path[{_paints('none', shape.line, shape.stroke, scale)}{',dashed' * shape.dashed}] {_path(shape)};"
            )
        case Curve():
            a, b, c, d = map(_p, shape.points)
            return rf"\path[{_paints('none', shape.line, shape.stroke, scale)}] {a} .. controls {b} and {c} .. {d};"
    raise TypeError(shape)


def _path(line: Line) -> str:
    found, here = "", line.points[0]
    for letter, points in rounded(line.points, line.radius):
        if letter == "Q":
            one, two = cubic(here, points[0], points[1])
            found += f" .. controls {_p(one)} and {_p(two)} .. {_p(points[1])}"
        else:
            found += (" -- " if letter == "L" else "") + _p(points[0])
        here = points[-1]
    return found


def _paints(fill: str, line: str, stroke: float, scale: float) -> str:
    found = [f"fill={_name(fill)}"] if fill != "none" else []
    if line != "none":
        found.append(f"draw={_name(line)},line width={stroke * scale:.2f}pt")
    return ",".join(found)


def _roles(shape: Shape) -> tuple[str, ...]:
    return tuple(r for r in (getattr(shape, k, "none") for k in ("fill", "line", "paint")) if r != "none")


def _name(role: str) -> str:
    """A role as a colour's name."""
    return role.replace(":", "")


def _comment(text: str) -> str:
    return " ".join(text.split())


def _p(point: Point) -> str:
    return f"({_n(point[0])},{_n(point[1])})"


def _n(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
