"""A drawing as a page of its own: light and dark, opened as deep as one likes, with a table of all layers. It needs no network
and no script."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from convdsl.algebra.numbers import grouped
from convdsl.drawing import tree as trees
from convdsl.drawing.drawing import Choices, drawn
from convdsl.drawing.telling import Telling
from convdsl.drawing.themes import embedded, stylesheet
from convdsl.drawing.tree import Closed, Items
from convdsl.drawing.writers.svg import escaped, svg
from convdsl.messages import T, language

if TYPE_CHECKING:
    from convdsl.drawing.picture import Drawing

MOST_BOXES = 400
"""Depths with more boxes are not put into the page."""
MOST_PARTS = 60
"""Closed boxes that can be opened."""
MOST_ROWS = 1000
"""Of the table; the layers behind are left out, which it says."""

_CSS = """
body { margin: 1.5rem; background: var(--paper); color: var(--ink); font: 15px/1.45 Arial, Helvetica, sans-serif; }
h1 { font-size: 1.3rem; margin: 0 0 .2rem; }
p { margin: 0 0 1rem; color: var(--muted); }
figure { margin: 0 0 1rem; overflow-x: auto; }
svg { max-width: none; }
.box:focus { outline: 2px solid var(--line-conv); outline-offset: 2px; }
a.box { cursor: pointer; }
a.box:hover { opacity: .8; }
.inside { display: none; }
.inside:target { display: block; border-left: 3px solid var(--line-block); padding-left: 1rem; margin: 0 0 1rem; }
h2 { font-size: 1.1rem; margin: 0 0 .4rem; }
h2 a { font-weight: normal; font-size: .9rem; margin-left: .8rem; color: var(--line-conv); }
fieldset { border: 0; margin: 0 0 1rem; padding: 0; }
legend { float: left; padding: 0 .6rem 0 0; }
fieldset label { padding: .1rem .8rem .1rem .2rem; }
.level { display: none; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .15rem .7rem; text-align: right; border-bottom: 1px solid var(--frame2); }
th:nth-child(2), td:nth-child(2) { text-align: left; }
td.deep { white-space: pre; }
tr.wrong td { color: var(--line-error); }
@media print { fieldset { display: none; } figure, tr { break-inside: avoid; } }
"""


def write(drawing: Drawing) -> bytes:
    """The content of an HTML file."""
    return "\n".join(_page(drawing)).encode()


class _Opened:
    """What is in the closed boxes of a page: a part of it for each that is different, which a box is a link to. Parts have
    closed boxes of their own."""

    def __init__(self, drawing: Drawing) -> None:
        self.drawing = drawing
        self.places: dict[object, str] = {}
        self.waiting: list[tuple[str, Closed]] = []

    def links(self, items: Items) -> dict[tuple[int, ...], str]:
        """The places of what is in the closed boxes of a tree, by their layers."""
        found = {}
        for box in trees.drawn(items):
            if not isinstance(box, Closed) or box.level is None:
                continue
            inside = tuple(trees.nodes(box.what))
            report = self.drawing.analysis.report
            alike = (tuple((n.text, report[n.index].output) for n in inside), box.level.kind, len(box.cover))
            if alike not in self.places and len(self.places) < MOST_PARTS:
                self.places[alike] = f"in{len(self.places) + 1}"
                self.waiting.append((self.places[alike], box))
            if alike in self.places:
                found[box.cover] = self.places[alike]
        return found

    def parts(self) -> Iterator[str]:
        """All of them, hidden until a link leads there."""
        choices: Choices = self.drawing.choices._replace(depth=None, legend=False)
        while self.waiting:
            place, closed = self.waiting.pop(0)
            made = drawn(self.drawing.analysis, choices, closed)
            name = escaped(made.scene.title)
            yield f'<section class="inside" id="{place}" aria-label="{name}">'
            yield f'<h2>{name}<a href="#drawing">{T("close")}</a></h2>'
            yield f"<figure>\n{svg(made.scene, embedded(), focusable=True, links=self.links(made.items))}</figure>\n</section>"


def _page(drawing: Drawing) -> Iterator[str]:
    name = escaped(drawing.scene.title)
    yield f'<!doctype html>\n<html lang="{language()}">\n<head>\n<meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield '<meta name="color-scheme" content="light dark">'
    yield f"<title>{name}</title>\n<style>\n:root {{ color-scheme: light dark; }}"
    yield stylesheet(":root", drawing.mono) + _CSS
    opened = _Opened(drawing)
    levels = list(_levels(drawing, opened))
    yield from (f"#d{n}:checked ~ #level{n} {{ display: block; }}" for n, _, _ in levels)
    yield f'</style>\n</head>\n<body>\n<main>\n<h1 id="drawing">{name}</h1>\n<p>{escaped(drawing.scene.about)}</p>'
    yield from _figures(levels)
    yield from opened.parts()
    yield from _table(drawing)
    yield "</main>\n</body>\n</html>\n"


def _levels(drawing: Drawing, opened: _Opened) -> Iterator[tuple[int, bool, str]]:
    """The drawings by how deep they are opened: number, whether it is the one asked for, SVG."""
    shown = embedded()
    chosen = svg(drawing.scene, shown, focusable=True, links=opened.links(drawing.drawn.items))
    found: list[str] = []
    deepest = trees.depth(trees.tree(drawing.analysis.network.nodes))
    for depth in range(min(deepest, 12) + 1):
        choices: Choices = drawing.choices._replace(depth=depth)
        made = drawn(drawing.analysis, choices)
        if sum(g.role == "box" for g in made.scene.groups) > MOST_BOXES:
            break
        text = svg(made.scene, shown, focusable=True, links=opened.links(made.items))
        if text not in found:
            found.append(text)
    if chosen not in found:
        found.insert(0, chosen)
    for number, text in enumerate(found):
        yield number, text == chosen, text


def _figures(levels: list[tuple[int, bool, str]]) -> Iterator[str]:
    if len(levels) == 1:
        yield f"<figure>\n{levels[0][2]}</figure>"
        return
    yield f"<fieldset>\n<legend>{T('Blocks opened')}</legend>"
    for number, chosen, _ in levels:
        checked = " checked" if chosen else ""
        yield f'<input type="radio" name="depth" id="d{number}"{checked}><label for="d{number}">{number}</label>'
    yield from (f'<figure class="level" id="level{n}">\n{text}</figure>' for n, _, text in levels)
    yield "</fieldset>"


def _table(drawing: Drawing) -> Iterator[str]:
    telling = Telling(drawing.analysis, shape=drawing.choices.shape or "hwc")
    heads = ("#", T("layer"), T("output"), T("parameters"), "MACs")
    yield (
        "<table>\n<thead><tr>"
        + "".join(f'<th scope="col">{escaped(str(h))}</th>' for h in heads)
        + "</tr></thead>\n<tbody>"
    )
    for node, facts in list(drawing.analysis.report)[:MOST_ROWS]:
        known = facts.output is not None
        figures = [grouped(v) if known and v != 0 else "" for v in (facts.params, facts.macs)]
        cells = [str(node.index), "  " * len(node.path) + node.text, telling.size(facts.output), *figures]
        wrong = ' class="wrong"' if node.index in telling.errors else ""
        texts = (
            f"<td{' class=' + chr(34) + 'deep' + chr(34) if n == 1 else ''}>{escaped(c)}</td>"
            for n, c in enumerate(cells)
        )
        yield f"<tr{wrong}>{''.join(texts)}</tr>"
    yield "</tbody>\n</table>"
    left = len(drawing.analysis.network.nodes) - MOST_ROWS
    if left > 0:
        yield f"<p>{T('One more layer is not listed.', '{n} more layers are not listed.', n=left)}</p>"
