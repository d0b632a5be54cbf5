"""Drawings read back: what stands in an SVG, and what is wrong with it, by its own coordinates."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from convdsl.drawing.drawing import Drawn
from convdsl.drawing.measure import DOWN, UP
from convdsl.drawing.scene import Curve, Group, Line, Point, Rect, Text
from convdsl.network import Analysis

SVG = "{http://www.w3.org/2000/svg}"


class Read(NamedTuple):
    """`boxes`: the layers of each box, with its texts; `edges`: from which layer to which."""

    boxes: list[tuple[tuple[int, ...], list[str]]]
    edges: list[tuple[int, int]]
    root: ET.Element


def read_svg(text: str) -> Read:
    root = ET.fromstring(text)
    boxes, edges = [], []
    for group in root.iter(f"{SVG}g"):
        if group.get("data-nodes"):
            boxes.append((expanded(group.get("data-nodes") or ""), [t.text or "" for t in group.iter(f"{SVG}text")]))
        if group.get("data-from") is not None:
            edges.append((int(group.get("data-from") or 0), int(group.get("data-to") or 0)))
    return Read(boxes, edges, root)


def expanded(ranges: str) -> tuple[int, ...]:
    """`3 7-9 12-40/4` as the numbers."""
    found: list[int] = []
    for part in ranges.split():
        match = re.fullmatch(r"(\d+)(?:-(\d+)(?:/(\d+))?)?", part)
        assert match, part
        first = int(match[1])
        found += range(first, int(match[2] or first) + 1, int(match[3] or 1))
    return tuple(found)


def check_nodes(analysis: Analysis, read: Read) -> None:
    """Every layer, and the input, is in one box; wires lead from box to box as the layers' inputs say."""
    covered = [i for nodes, _ in read.boxes for i in nodes]
    assert sorted(covered) == list(range(len(analysis.network.nodes) + 1))
    home = {i: number for number, (nodes, _) in enumerate(read.boxes) for i in nodes}
    order = {i: place for nodes, _ in read.boxes for place, i in enumerate(sorted(nodes))}
    wanted, repeated = set(), set()
    for node in analysis.network.nodes:
        for source in node.inputs:
            pair = (home[source], home[node.index])
            first = order[source] == order[node.index] == 0
            if pair[0] != pair[1]:
                (wanted if first or not _turns(read, pair) else repeated).add(pair)
    drawn = {(home[a], home[b]) for a, b in read.edges}
    assert wanted <= drawn | repeated, wanted - drawn
    assert drawn <= wanted | repeated, drawn - wanted


def _turns(read: Read, pair: tuple[int, int]) -> bool:
    return any(len(read.boxes[number][0]) > 1 for number in pair)


def texts(groups: tuple[Group, ...]) -> list[tuple[Text, tuple[float, float, float, float], Group]]:
    """All texts, each with the rectangle that it fills."""
    return [(s, extent(s), g) for g in groups for s in g.shapes if isinstance(s, Text)]


def extent(text: Text) -> tuple[float, float, float, float]:
    return (text.left, text.y - UP * text.size, text.left + text.width, text.y + DOWN * text.size)


def meet(a: tuple[float, ...], b: tuple[float, ...], by: float = 0.5) -> bool:
    """Whether two rectangles (left, top, right, bottom) overlap by more than `by`."""
    return min(a[2], b[2]) - max(a[0], b[0]) > by and min(a[3], b[3]) - max(a[1], b[1]) > by


def check_texts(drawn: Drawn) -> None:
    """No two texts overlap, and each lies in its box and in the picture."""
    scene = drawn.scene
    found = texts(scene.groups)
    for text, (left, top, right, bottom), group in found:
        bounds = group.bounds
        assert bounds is not None, group
        x, y, width, height = bounds
        assert x - 0.5 <= left and right <= x + width + 0.5, (text, bounds)
        assert y - 0.5 <= top and bottom <= y + height + 0.5, (text, bounds)
        assert left >= 0 and right <= scene.width and top >= 0 and bottom <= scene.height, text
        assert text.size >= 9, text
    ordered = sorted(found, key=lambda f: f[1][0])
    active: list[tuple[Text, tuple[float, float, float, float]]] = []
    for text, box, _ in ordered:
        active = [a for a in active if a[1][2] > box[0]]
        for other, rectangle in active:
            assert not meet(box, rectangle), (text, other)
        active.append((text, box))


def check_wires(drawn: Drawn) -> None:
    """No wire runs through a box that it does not belong to, or over a text; no two wires cross."""
    scene = drawn.scene
    boxes = [(g, g.bounds) for g in scene.groups if g.role in ("box", "exit") and g.bounds]
    words = [(t, r) for t, r, g in texts(scene.groups) if g.role == "frame"]
    segments = []
    for group in scene.groups:
        if group.role == "edge":
            segments += [(group, a, b) for a, b in pieces(group)]
    for group, a, b in segments:
        line = (min(a[0], b[0]), min(a[1], b[1]), max(a[0], b[0]), max(a[1], b[1]))
        for box, (x, y, width, height) in boxes:
            if group.from_ in box.nodes or group.to in box.nodes:
                continue
            inside = (x + 1, y + 1, x + width - 1, y + height - 1)
            assert not _through(line, inside), (group.from_, group.to, box.name)
        for word, rectangle in words:
            assert not _through(line, rectangle), (group.from_, group.to, word.text)
    for index, (group, a, b) in enumerate(segments):
        for other, c, d in segments[index + 1 :]:
            if group is not other and group.from_ != other.from_ and group.to != other.to:
                assert not _cross(a, b, c, d), ((group.from_, group.to), (other.from_, other.to))


def pieces(group: Group) -> Iterator[tuple[Point, Point]]:
    """The straight pieces of a wire; curves in eight."""
    for shape in group.shapes:
        if isinstance(shape, Line):
            yield from pairwise(shape.points)
        elif isinstance(shape, Curve):
            points = [_on(shape, t / 8) for t in range(9)]
            yield from pairwise(points)


def _on(curve: Curve, t: float) -> Point:
    weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
    return (
        sum(w * p[0] for w, p in zip(weights, curve.points, strict=True)),
        sum(w * p[1] for w, p in zip(weights, curve.points, strict=True)),
    )


def _through(line: tuple[float, ...], box: tuple[float, ...]) -> bool:
    return line[0] < box[2] and line[2] > box[0] and line[1] < box[3] and line[3] > box[1]


def _cross(a: Point, b: Point, c: Point, d: Point) -> bool:
    """Whether two pieces cross in the middle of both."""

    def side(p: Point, q: Point, r: Point) -> float:
        return (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])

    e = 0.01
    one, two, three, four = side(a, b, c), side(a, b, d), side(c, d, a), side(c, d, b)
    return ((one > e and two < -e) or (one < -e and two > e)) and (
        (three > e and four < -e) or (three < -e and four > e)
    )


def check_markup(text: str) -> None:
    """An SVG that every program shows: no styles, no scripts, nothing from elsewhere."""
    root = ET.fromstring(text)
    assert not re.search(r"https?:(?!//www\.w3\.org/2000/svg\")", text)
    assert not any(e.tag in (f"{SVG}script", f"{SVG}style") for e in root.iter())


def rectangles(drawn: Drawn) -> list[Rect]:
    return [s for g in drawn.scene.groups for s in g.shapes if isinstance(s, Rect)]
