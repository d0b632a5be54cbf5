"""A program looked at: sizes, totals, diagnostics and colours, as the page shows them; its drawing; its JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from convdsl.diagnostics import not_text
from convdsl.editing import blocks_of, pieces
from convdsl.editing.hints import hints
from convdsl.network import Analysis, analyse
from convdsl.report.data import analysis_data, diagnostic_data
from convdsl.report.json_writer import json_text
from convdsl.report.rows import HEADINGS, Row, cells, layer_rows, table_rows, title, totals
from convdsl.source import NotText, Source, decode
from convdsl.training import checked

NAME = "net.cnn"
MOST_ROWS = 3_000
"""Longer tables are not spread out: a page with more rows is slow to scroll."""
MOST_COLOURED = 3_000
"""Lines; what comes after them has no colours."""


@lru_cache(maxsize=4)
def analysed(text: str, name: str = NAME) -> Analysis:
    """What is known of a program; remembered, for whoever asks about the same one next."""
    try:
        source = decode(text.encode("utf-8", "surrogatepass"), name)
    except NotText as error:
        return analyse(Source("", name))._replace(diagnostics=(not_text(error),))
    return checked(source)


def look(asked: Mapping[str, Any]) -> dict[str, Any]:
    """What is shown beside the text, all but the drawing. Places are lines and columns from 1, as in `check --format json`;
    `colours` are counted as JavaScript counts, in units of 16 bits."""
    analysis = analysed(asked["text"])
    report = analysis.report
    long = len(report.facts) > MOST_ROWS
    rows = table_rows(report, bool(asked.get("expand")) and not long)
    name, sizes = title(analysis)
    known = any(facts.output is not None for _, facts in report)
    return {
        "name": name,
        "sizes": sizes if analysis.network.nodes else "",
        "headings": [str(heading) for heading in HEADINGS],
        "rows": [_row(row, analysis) for row in rows] if known else [],
        "folded": len(rows) < sum(1 for _ in layer_rows(report)),
        "totals": [[str(total.name), total.value, "; ".join(total.details)] for total in totals(report)],
        "unknowns": [*analysis.network.holes, *sorted(analysis.network.symbols)],
        "diagnostics": [diagnostic_data(d) for d in analysis.diagnostics],
        "colours": list(_colours(asked["text"], analysis)),
        "beside": [[*analysis.source.position(hint.offset), hint.text] for hint in hints(analysis)[:MOST_COLOURED]],
    }


def draw(asked: Mapping[str, Any]) -> dict[str, Any]:
    """The drawing as SVG, as wide as there is room for; nothing where there is nothing to draw."""
    from convdsl.drawing.picture import draw as drawing

    analysis = analysed(asked["text"])
    if not analysis.network.nodes:
        return {"svg": ""}
    width = min(max(float(asked["width"]), 100.0), 4000.0)
    drawn = drawing(analysis, asked["theme"], width=width, direction="down" if width < 480 else "right")
    return {"svg": drawn.svg, "width": drawn.scene.width, "height": drawn.scene.height}


def check(asked: Mapping[str, Any]) -> dict[str, Any]:
    """What `check --format json` prints of a file of that name."""
    analysis = analysed(asked["text"], asked.get("name", NAME))
    return {"json": json_text(analysis_data(analysis, analysis.diagnostics))}


def _row(row: Row, analysis: Analysis) -> dict[str, Any]:
    """A row with the lines of the text that it stands for (none for the head of a block)."""
    numbers = [int(n) for n in row.number.split("–") if n]
    spans = [analysis.network.nodes[n - 1].span for n in numbers]
    lines = [analysis.source.position(span.start)[0] for span in spans]
    shown = cells(row, analysis.report) if numbers else ("", row.name)
    return {"cells": list(shown), "lines": [min(lines), max(lines)] if lines else []}


def _colours(text: str, analysis: Analysis) -> Iterator[tuple[int, int, str]]:
    """Stretches of the text and what each is."""
    blocks = tuple(blocks_of(analysis))
    place = 0
    for number, line in enumerate(text.split("\n")):
        if number == MOST_COLOURED:
            return
        for start, end, kind in _of_line(line, blocks):
            yield place + start, place + end, kind
        place += _units(line) + 1


@lru_cache(maxsize=4096)
def _of_line(line: str, blocks: tuple[str, ...]) -> tuple[tuple[int, int, str], ...]:
    found, place = [], 0
    for piece in pieces(line, blocks):
        size = _units(piece.text)
        if piece.kind:
            found.append((place, place + size, piece.kind))
        place += size
    return tuple(found)


def _units(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2
