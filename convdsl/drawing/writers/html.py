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
from convdsl.drawing.writers.svg import escaped, svg
from convdsl.messages import T, language

if TYPE_CHECKING:
    from convdsl.drawing.picture import Drawing

MOST_BOXES = 400
"""Depths with more boxes are not put into the page."""
MOST_ROWS = 1000
"""Of the table; the layers behind are left out, which it says."""

_CSS = """
body { margin: 1.5rem; background: var(--paper); color: var(--ink); font: 15px/1.45 Arial, Helvetica, sans-serif; }
h1 { font-size: 1.3rem; margin: 0 0 .2rem; }
p { margin: 0 0 1rem; color: var(--muted); }
figure { margin: 0 0 1rem; overflow-x: auto; }
svg { max-width: none; }
g.box:focus { outline: 2px solid var(--line-conv); outline-offset: 2px; }
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


def _page(drawing: Drawing) -> Iterator[str]:
    name = escaped(drawing.scene.title)
    yield f'<!doctype html>\n<html lang="{language()}">\n<head>\n<meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield '<meta name="color-scheme" content="light dark">'
    yield f"<title>{name}</title>\n<style>\n:root {{ color-scheme: light dark; }}"
    yield stylesheet(":root", drawing.mono) + _CSS
    levels = list(_levels(drawing))
    yield from (f"#d{n}:checked ~ #level{n} {{ display: block; }}" for n, _, _ in levels)
    yield f"</style>\n</head>\n<body>\n<main>\n<h1>{name}</h1>\n<p>{escaped(drawing.scene.about)}</p>"
    yield from _figures(levels)
    yield from _table(drawing)
    yield "</main>\n</body>\n</html>\n"


def _levels(drawing: Drawing) -> Iterator[tuple[int, bool, str]]:
    """The drawings by how deep they are opened: number, whether it is the one asked for, SVG."""
    shown = embedded()
    chosen = svg(drawing.scene, shown, focusable=True)
    found: list[str] = []
    deepest = trees.depth(trees.tree(drawing.analysis.network.nodes))
    for depth in range(min(deepest, 12) + 1):
        choices: Choices = drawing.choices._replace(depth=depth)
        scene = drawn(drawing.analysis, choices).scene
        if sum(g.role == "box" for g in scene.groups) > MOST_BOXES:
            break
        text = svg(scene, shown, focusable=True)
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
