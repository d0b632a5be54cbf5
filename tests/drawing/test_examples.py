"""Every shipped network drawn in every style, language and theme: a drawing that does not disagree with `check`."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from convdsl.algebra.numbers import grouped, short
from convdsl.drawing import tree as trees
from convdsl.drawing.drawing import STYLES, drawn
from convdsl.drawing.fold import MOST_BOXES
from convdsl.drawing.picture import Drawing, choices
from convdsl.drawing.scene import Line
from convdsl.drawing.telling import KINDS, kind_of
from convdsl.drawing.tree import Closed
from convdsl.layers import LAYERS, Layer
from convdsl.messages import use_language
from convdsl.network import Analysis, analyse
from convdsl.report.data import analysis_data
from convdsl.source import Source, read
from tests.drawing.reading import check_markup, check_nodes, check_texts, check_wires, expanded, read_svg

ROOT = Path(__file__).resolve().parent.parent.parent
EXAMPLES = sorted((ROOT / "examples").glob("*.cnn"))
SHOW = "sizes,params,macs"


@cache
def analysed(path: Path) -> Analysis:
    return analyse(read(path))


@pytest.fixture(autouse=True)
def _english():
    yield
    use_language("en")


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_every_drawing_is_right(path: Path) -> None:
    analysis = analysed(path)
    for language in ("en", "es"):
        use_language(language)
        for style in STYLES[1:]:
            for theme in ("light", "dark"):
                drawing = Drawing(analysis, choices(style=style, show=SHOW, shape="hwc", legend=True), theme)
                text = drawing.svg
                check_markup(text)
                if theme == "light":
                    found = read_svg(text)
                    check_nodes(analysis, found)
                    check_figures(analysis, text)
                    if style != "u":
                        check_words(analysis, text)
                    check_texts(drawing.drawn)
                    check_wires(drawing.drawn)


def check_figures(analysis: Analysis, text: str) -> None:
    """Every number of parameters and MACs in the tooltips is the sum that JSON has for the box's layers."""
    layers = {layer["index"]: layer for layer in analysis_data(analysis, ())["layers"]}
    found = read_svg(text)
    for group in found.root.iter("{http://www.w3.org/2000/svg}g"):
        if not group.get("data-nodes"):
            continue
        title = group.find("{http://www.w3.org/2000/svg}title")
        said = (title.text or "") if title is not None else ""
        nodes = expanded(group.get("data-nodes") or "")
        if nodes == (0,) or not all(isinstance(layers[i]["macs"], int) for i in nodes):
            continue
        turns = int(m[1]) if (m := re.search(r"^× (\d+)$", said, re.M)) else 1
        params, macs = (sum(layers[i][key] for i in nodes) // turns for key in ("params", "macs"))
        words = said.split("\n")
        if params:
            assert any(re.match(re.escape(grouped(params)) + r"\s", w) for w in words), (said, params)
        if macs:
            assert f"{grouped(macs)} MACs" in words, (said, macs)
            inside = [t.text or "" for t in group.iter("{http://www.w3.org/2000/svg}text")]
            assert not inside or f"{short(macs)} MACs" in inside or "".join(inside).count("MACs") == 0
        last = layers[sorted(nodes)[len(nodes) // turns - 1]]["output"]
        if all(isinstance(n, int) for n in last):
            assert "→ " + "×".join(map(str, last)) in said, (said, last)


def check_words(analysis: Analysis, text: str) -> None:
    """The size that can be read in a box is that of JSON, and so are the parameters and MACs of a box with one layer."""
    layers = {layer["index"]: layer for layer in analysis_data(analysis, ())["layers"]}
    for nodes, words in read_svg(text).boxes:
        if not words or nodes == (0,):
            continue
        said = re.sub(r"(?<=×) ", "", " ".join(words))  # a long size stands on two lines
        size = layers[max(nodes)]["output"]
        if size and all(isinstance(n, int) for n in size):
            assert re.search(rf"(?<![\d×]){'×'.join(map(str, size))}(?![\d×])", said), (nodes, words, size)
        params, macs = layers[nodes[0]]["params"], layers[nodes[0]]["macs"]
        if len(nodes) == 1 and params and isinstance(params, int):
            assert grouped(params) in said, (nodes, words, params)
        if len(nodes) == 1 and macs and isinstance(macs, int):
            assert f"{short(macs)} MACs" in said, (nodes, words, macs)


@pytest.mark.parametrize("name", ["resnet152", "densenet121", "googlenet"])
def test_long_networks_are_small_pictures(name: str) -> None:
    drawing = Drawing(analysed(ROOT / "examples" / f"{name}.cnn"), choices())
    assert len(read_svg(drawing.svg).boxes) <= MOST_BOXES + 1 <= 40
    assert drawing.scene.width <= 1200 and len(drawing.svg) <= 200_000


def test_the_same_bytes_every_time() -> None:
    path = ROOT / "examples" / "googlenet.cnn"
    assert Drawing(analyse(read(path)), choices()).svg == Drawing(analyse(read(path)), choices()).svg


def test_the_levels_of_a_u_lie_below_each_other_and_what_stays_goes_straight_across() -> None:
    drawing = Drawing(analysed(ROOT / "examples" / "unet.cnn"), choices())
    assert drawing.drawn.style == "u"
    tops = {group.nodes: group.bounds[1] for group in drawing.scene.groups if group.role == "box" and group.bounds}
    assert tops[1,] == tops[2,] < tops[5,] == tops[6,] < tops[9,] == tops[10,] > tops[13,] > tops[17,] == tops[1,]
    for identity in (3, 7):
        ends = [
            point[1]
            for group in drawing.scene.groups
            if group.role == "edge" and identity in (group.from_, group.to)
            for shape in group.shapes
            if isinstance(shape, Line)
            for point in shape.points
        ]
        assert len(ends) == 4 and len(set(ends)) == 1


@pytest.mark.parametrize("path", EXAMPLES[::3], ids=lambda p: p.stem)
def test_what_is_in_a_closed_box_is_drawn_as_rightly(path: Path) -> None:
    """Every closed box of the drawing opened once and again: one turn of its layers, and nothing else, in one box each."""
    analysis = analysed(path)
    chosen = choices(style="blocks")
    waiting = [b for b in trees.drawn(Drawing(analysis, chosen._replace(depth=0)).drawn.items) if isinstance(b, Closed)]
    seen = 0
    while waiting and seen < 12:
        closed = waiting.pop(0)
        found = drawn(analysis, chosen, closed)
        first = next(trees.nodes(closed.what)).inputs[0]
        covered = sorted(i for g in found.scene.groups if g.role == "box" for i in g.nodes)
        assert covered == sorted({first, *(n.index for n in trees.nodes(closed.what))})
        check_texts(found)
        check_wires(found)
        waiting += [b for b in trees.drawn(found.items) if isinstance(b, Closed)]
        seen += 1


def test_what_is_kept_and_what_takes_it_up_name_each_other() -> None:
    program = (
        "input 8x8x4 -> conv 4 k3 p1 -> keep a -> conv 4 k3 p1 -> keep b -> conv 4 k3 p1 -> add { from a | from b }"
    )
    found = read_svg(Drawing(analyse(Source(program, "t")), choices(show="none")).svg)
    said = dict(found.boxes)
    assert (
        said[1,] == ["conv 4 k3 p1", "keep a"]
        and said[2,] == ["conv 4 k3 p1", "keep b"]
        and said[3,] == ["conv 4 k3 p1"]
    )
    assert {(1, 4), (2, 5)} <= set(found.edges)
    many = "input 8x8x4 -> " + " -> ".join(f"keep k{n}" for n in range(5)) + " -> conv 2 k1 -> add { " + " | ".join(
        f"from k{n} -> conv 2 k1" for n in range(5)) + " }"  # fmt: skip
    found = read_svg(Drawing(analyse(Source(many, "t")), choices(show="none", depth="0")).svg)
    assert found.boxes[0][1] == ["input", "8×8×4", "keep k0", "…", "keep k4"]


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.name)
def test_every_layer_has_a_kind_and_what_is_called_larger_is(layer: type[Layer]) -> None:
    example = layer.example if "input" in layer.example else f"input 8x8x4 -> {layer.example}"
    analysis = analyse(Source(example, "example.cnn"))
    for node in analysis.network.nodes:
        kind = kind_of(node)
        assert kind in KINDS and kind != "error", (layer.name, analysis.diagnostics)
        if kind == "up":
            before, after = (analysis.report[i].output for i in (node.inputs[0], node.index))
            assert before and after and after[0] > before[0]
