"""A folded tree as Mermaid: a flowchart that GitHub and GitLab draw, by a layout of their own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from convdsl.drawing.scene import Group
from convdsl.drawing.telling import Box, Telling, is_wire, sign, title
from convdsl.drawing.tree import Branches, Closed, Exit, Items, Layers, Nest
from convdsl.messages import T

if TYPE_CHECKING:
    from convdsl.drawing.picture import Drawing

MOST_EDGES, MOST_LETTERS = 500, 50_000
"""What Mermaid draws at most, as it comes."""
_FORMS = {
    "pool": ("[/", r"\]"),
    "up": ("[\\", "/]"),
    "dense": ("([", "])"),
    "input": ("([", "])"),
    "block": ("[[", "]]"),
}


def write(drawing: Drawing) -> bytes:
    """The content of a .mmd file. Raises CannotDraw where it would be more than Mermaid draws."""
    from convdsl.drawing.picture import CannotDraw

    text = mermaid(drawing)
    edges = text.count(" --> ")
    if edges > MOST_EDGES or len(text) > MOST_LETTERS:
        raise CannotDraw(
            T(
                "Mermaid draws at most {most} wires and {letters} letters; here are {edges} and {size}. Fold more: "
                "`--depth` opens less.",
                most=MOST_EDGES,
                letters=MOST_LETTERS,
                edges=edges,
                size=len(text),
            )
        )
    return text.encode()


def mermaid(drawing: Drawing) -> str:
    telling = Telling(drawing.analysis, drawing.choices.show, drawing.choices.shape or "hwc")
    theme = drawing.colours
    lines = [f"flowchart {'TD' if drawing.choices.direction == 'down' else 'LR'}"]
    kinds: dict[str, list[str]] = {}
    lines.append("  " + _box(telling.input(), kinds))
    lines += _items(drawing.drawn.items, telling, kinds, 1, "  ")
    homes = {i: f"n{min(g.nodes)}" for g in drawing.scene.groups if g.role == "box" for i in g.nodes}
    lines += [f"  {a} --> {b}" for a, b in dict.fromkeys(_edges(drawing.scene.groups, homes))]
    for kind, names in kinds.items():
        fill, line, ink = (theme.of(role) for role in (f"fill:{kind}", f"line:{kind}", "ink"))
        lines.append(f"  classDef {kind} fill:{fill},stroke:{line},color:{ink}")
        lines.append(f"  class {','.join(names)} {kind}")
    return "\n".join(lines) + "\n"


def _edges(groups: tuple[Group, ...], homes: dict[int, str]) -> Iterator[tuple[str, str]]:
    for group in groups:
        if group.role == "edge":
            yield homes[group.from_], homes[group.to]


def _items(items: Items, telling: Telling, kinds: dict[str, list[str]], turns: int, margin: str) -> Iterator[str]:
    for item in items:
        match item:
            case Layers():
                yield margin + _box(telling.layers(item), kinds)
            case Closed():
                yield margin + _box(telling.closed(item, turns), kinds)
            case Branches():
                for lane in item.lanes:
                    yield from _items(lane, telling, kinds, turns, margin)
                if item.join:
                    yield margin + _box(telling.layers(item.join), kinds)
            case Exit():
                yield from _items(item.items, telling, kinds, turns, margin)
            case Nest():
                name = " ".join((title(item.level), f"× {item.times}" * (item.times > 1))).strip()
                inside = list(_items(item.items, telling, kinds, turns * item.times, margin + "  "))
                if inside and (item.level.kind != "repeat" or item.times > 1):
                    first = min(next(iter(layer.cover)) for layer in _boxes(item.items))
                    yield f'{margin}subgraph g{first}_{len(margin)}["{_escaped(name)}"]'
                    yield from inside
                    yield f"{margin}end"
                else:
                    yield from inside


def _boxes(items: Items) -> Iterator[Layers | Closed]:
    from convdsl.drawing.tree import drawn

    return drawn(items)


def _box(box: Box, kinds: dict[str, list[str]]) -> str:
    name = f"n{min(box.cover)}"
    kinds.setdefault(box.kind, []).append(name)
    if box.node is not None and len(box.nodes) == 1 and is_wire(box.node):
        return f"{name}(( ))"
    lines = [*([box.code] if box.code else []), *box.lines]
    if box.times > 1 and not box.lines[0].startswith("repeat"):
        lines.append(f"× {box.times}")
    lines += [box.size] * bool(box.size) + list(box.figures)
    mark = sign(box.node) if box.kind == "join" and box.node is not None else ""
    if mark:
        lines[0] = " ".join((mark, *lines[0].split(" ")[1:]))
    left, right = ("((", "))") if mark else _FORMS.get(box.kind, ("[", "]"))
    return f'{name}{left}"{"<br/>".join(map(_escaped, lines))}"{right}'


def _escaped(text: str) -> str:
    """A text inside Mermaid's quotes: whatever it would read as a sign of its own is written as its number."""
    return "".join(c if c.isalnum() or c in " .,×→·−()/@+=_⌊⌋⌈⌉½²³-…" else f"#{ord(c)};" for c in text)
