"""Documents as one HTML page: no script, nothing fetched, light and dark; formulas as text, so that they can be read and
copied anywhere."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape

from convdsl.document.nodes import (
    Answers,
    Beside,
    Code,
    Fields,
    Formula,
    Gallery,
    Heading,
    Items,
    Label,
    Matrix,
    Node,
    PageBreak,
    Picture,
    Sentence,
    Table,
    Title,
    nodes_of,
)
from convdsl.messages import language

FRAME = """
:root { color-scheme: light dark; --ink: #1c2330; --dim: #5a6475; --paper: #ffffff; --soft: #f2f4f8; --line: #c9d0dc;
  --shade: #9cc4ea; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e9ef; --dim: #a3adbd; --paper: #14171d; --soft: #1f242d; --line: #3a4250; --shade: #1f5f94; }
}
body { max-width: 52rem; margin: 2rem auto; padding: 0 1rem; color: var(--ink); background: var(--paper);
  font: 1rem/1.55 system-ui, sans-serif; }
"""
"""Colours and the paper that a whole page is written on."""

STYLE = """
h1, h2, h3 { line-height: 1.25; margin: 2rem 0 .6rem; }
.label { margin: 1.2rem 0 .2rem; font-weight: 600; }
.formula { overflow-x: auto; margin: .4rem 0; padding: .5rem .8rem; background: var(--soft); border-radius: .4rem;
  font-family: ui-serif, "Cambria Math", Cambria, Georgia, serif; }
.formula .line { white-space: nowrap; min-height: 1.4em; }
.formula .steps { display: grid; grid-template-columns: max-content 1fr; column-gap: .35em; }
.formula table { display: inline-table; vertical-align: middle; border-collapse: collapse; margin: .2rem .4rem;
  --edge: linear-gradient(var(--ink) 0 0); background: var(--edge) 0 0/.4em 1.5px, var(--edge) 0 100%/.4em 1.5px,
  var(--edge) 100% 0/.4em 1.5px, var(--edge) 100% 100%/.4em 1.5px, var(--edge) 0 0/1.5px 100%,
  var(--edge) 100% 0/1.5px 100%; background-repeat: no-repeat; }
.formula td { padding: 0 .45em; text-align: right; }
code { background: var(--soft); padding: .1em .3em; border-radius: .25em; }
pre { overflow-x: auto; padding: .7rem .9rem; background: var(--soft); border-radius: .4rem; }
pre code { padding: 0; background: none; }
table.rows { border-collapse: collapse; font-variant-numeric: tabular-nums; }
table.rows th, table.rows td { padding: .25rem .7rem; border-bottom: 1px solid var(--line); text-align: right; }
table.rows th:first-child, table.rows td:first-child { text-align: left; }
table.rows tr { break-inside: avoid; }
td[style] { background: color-mix(in srgb, var(--shade) calc(var(--s) * 100%), var(--paper)); }
.scroll { overflow-x: auto; }
figure { margin: .8rem 0; break-inside: avoid; max-width: 100%; }
figure > svg { max-width: 100%; height: auto; }
figure > img { display: block; max-width: 100%; height: auto; image-rendering: pixelated; }
figcaption { color: var(--dim); font-size: .85rem; line-height: 1.35; overflow-wrap: anywhere; }
.gallery { display: flex; flex-wrap: wrap; gap: .8rem 1.1rem; align-items: flex-start; margin: .8rem 0; }
.gallery figure { margin: 0; }
.beside { display: grid; grid-template-columns: minmax(0, 3fr) minmax(0, 2fr); gap: 0 1.6rem; align-items: start; }
@media (max-width: 46rem) { .beside { grid-template-columns: minmax(0, 1fr); } }
.label span { font-weight: 400; }
ul.marked { list-style: none; padding-left: 1.2rem; }
ul.marked li { margin: .35rem 0; }
ul.marked figure { margin: .2rem 0 .8rem; }
ul.marked:has(> li > figure) { display: flex; flex-wrap: wrap; gap: 0 2rem; }
.quiet { color: var(--dim); }
header { text-align: center; }
.fields .line { display: inline-block; border-bottom: 1px solid var(--ink); margin-right: 1.5em; }
table.answers { border-collapse: collapse; width: 100%; }
table.answers :is(th, td) { border: 1px solid var(--line); padding: .4rem .7rem; }
table.answers tr { height: 3rem; }
table.answers tr.tall { height: 8rem; }
table.answers td:last-child { width: 4rem; text-align: right; }
table.answers b { border: 1px solid var(--ink); padding: .1rem .4rem; margin-right: .8rem; }
.page { break-after: page; }
@media print { body { margin: 0; max-width: none; } .formula, pre { break-inside: avoid; } }
"""


def write(document: Iterable[Node], style: str = "") -> str:
    """A page. `style` is added to ours, for what pictures in it are drawn with."""
    nodes = list(document)
    title = next((n.text for n in nodes if isinstance(n, (Title, Heading))), "convdsl")
    body = _nodes(nodes)
    return (
        f'<!DOCTYPE html>\n<html lang="{language()}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{FRAME}{STYLE}{style}</style>\n</head>\n<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def fragment(document: Iterable[Node]) -> str:
    """A document as a part of somebody's page, as in a notebook: without a style of its own but for what must line up, and
    in the colours that are there."""
    return f'<div class="convdsl" lang="{language()}">\n{_nodes(document)}\n</div>'


def _nodes(nodes: Iterable[Node]) -> str:
    return "\n".join(map(_node, nodes))


def _node(node: Node) -> str:
    match node:
        case Title(text, lines, below):
            said = "".join(f"<p>{_text(line)}</p>" for line in filter(None, [below, *lines]))
            return f"<header><h1>{_text(text)}</h1>{said}</header>"
        case Heading(text, level, beside):
            return f"<h{level}>{_text(text)}{f': {_text(beside)}' if beside else ''}</h{level}>"
        case Label(text, behind):
            after = f" <span>{_text(behind)}</span>" if behind else ""
            return f'<p class="label">{_text(text)}{after}</p>'
        case Sentence(text, quiet):
            return f'<p class="quiet">{_text(text)}</p>' if quiet else f"<p>{_text(text)}</p>"
        case Formula(latex, text, aligned):
            return _formula(text or latex, aligned)
        case Matrix():
            return _formula((node,), False)
        case Code(text):
            return f"<pre><code>{escape(text)}</code></pre>"
        case Table():
            return _table(node)
        case Items(items, marks, strong):
            if not marks:
                return "<ol>" + "".join(f"<li>{_item(item)}</li>" for item in items) + "</ol>"
            tag = "b" if strong else "span"
            starts = [f"<{tag}>{escape(m)}</{tag}> " if m else "" for m in marks]
            pairs = zip(starts, items, strict=True)
            return '<ul class="marked">' + "".join(f"<li>{start}{_item(item)}</li>" for start, item in pairs) + "</ul>"
        case Fields(fields):
            spaces = (f'{_text(t)} <span class="line" style="width: {wide}cm"></span>' for t, wide in fields)
            return f'<p class="fields">{" ".join(spaces)}</p>'
        case Answers(rows):
            return f'<table class="answers">{"".join(map(_answer, rows))}</table>'
        case PageBreak():
            return '<div class="page"></div>'
        case Picture():
            return _picture(node)
        case Gallery(pictures):
            return f'<div class="gallery">{"".join(map(_picture, pictures))}</div>'
        case Beside(seen, said):
            return f'<div class="beside"><div>{_nodes(seen)}</div><div>{_nodes(said)}</div></div>'


def _item(item: str | tuple[Node, ...]) -> str:
    return _text(item) if isinstance(item, str) else "".join(map(_node, nodes_of(item)))


def _answer(row: tuple[str, tuple[str, ...], str, bool]) -> str:
    number, letters, points, tall = row
    boxes = "".join(f"<b>{escape(letter)}</b>" for letter in letters)
    kind = ' class="tall"' if tall else ""
    return f"<tr{kind}><th>{escape(number)}</th><td>{boxes}</td><td>/ {escape(points)}</td></tr>"


def _formula(parts: Sequence[str | Matrix], aligned: bool) -> str:
    """Lines below each other, the equals signs of a calculation in one column. Matrices stand in their line."""
    if any(isinstance(part, Matrix) for part in parts):
        inside = "".join(_matrix(p) if isinstance(p, Matrix) else _signs(p) for p in parts)
        return f'<div class="formula"><div class="line">{inside}</div></div>'
    lines = map(str, parts)
    if not aligned:
        return f'<div class="formula">{"".join(f"<div class=line>{_signs(line)}</div>" for line in lines)}</div>'
    cells = (cell for line in lines for cell in (line.partition("=")[0], "=" + line.partition("=")[2]))
    steps = "".join(f"<span class=line>{_signs(cell)}</span>" for cell in cells)
    return f'<div class="formula"><div class="steps">{steps}</div></div>'


def _signs(text: str) -> str:
    """A part of a formula: `O_h` has an index."""
    return re.sub(r"(?<=[^\W\d_])_(\w+)", r"<sub>\1</sub>", escape(text))


def _matrix(matrix: Matrix) -> str:
    return f"<table>{_rows(matrix.rows)}</table>"


def _rows(rows: Iterable[Sequence[str]]) -> str:
    return "".join(_row(row) for row in rows)


def _row(cells: Sequence[str], tag: str = "td") -> str:
    return "<tr>" + "".join(f"<{tag}>{_text(cell)}</{tag}>" for cell in cells) + "</tr>"


def _text(text: str) -> str:
    """Words in backticks are code."""
    parts = re.split(r"`([^`\n]+)`", text)
    return "".join(f"<code>{escape(p)}</code>" if n % 2 else escape(p) for n, p in enumerate(parts))


def _table(table: Table) -> str:
    """With a shade for each cell that has one. What is wider than the page can be moved in it."""
    head = "".join(f'<th scope="col">{_text(cell)}</th>' for cell in table.head)
    body = []
    for number, row in enumerate(table.rows):
        shades = table.shades[number] if table.shades else ()
        cells = [f"<td>{_text(cell)}</td>" for cell in row]
        for place, shade in enumerate(shades):
            if shade > 0:
                cells[place] = f'<td style="--s:{shade:.2f}">{_text(row[place])}</td>'
        body.append(f"<tr>{''.join(cells)}</tr>")
    role = f" {table.role}" if table.role else ""
    return (
        f'<div class="scroll" tabindex="0"><table class="rows{role}">\n<thead><tr>{head}</tr></thead>\n<tbody>'
        + "\n".join(body)
        + "</tbody>\n</table></div>"
    )


def _picture(picture: Picture) -> str:
    """Drawings are part of the page, so that their texts can be searched and their colours follow it."""
    if picture.svg:
        shown, kind = picture.svg, ' class="drawing"'
    elif not picture.png:
        shown, kind = f"<p>{_text(picture.alt)}</p>", ""
    else:
        width = f' width="{picture.width}"' if picture.width else ""
        shown, kind = f'<img alt="{escape(picture.alt)}"{width} src="{picture.url}">', ""
    style = f' style="width:{picture.width}px"' if picture.width and picture.png else ""
    below = f"<figcaption>{_text(picture.caption)}</figcaption>" if picture.caption else ""
    return f"<figure{kind}{style}>{shown}{below}</figure>"
