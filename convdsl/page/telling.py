"""How the layer under the cursor comes to its size; and what the unknowns of a program may be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from convdsl.derivation import derive_layer
from convdsl.document import Code, Heading, Label, Node, Sentence, html
from convdsl.editing import blocks_of, pieces
from convdsl.editing.hints import at
from convdsl.messages import T
from convdsl.network import Analysis
from convdsl.page.looking import analysed
from convdsl.report import derivations


def explain(asked: Mapping[str, Any]) -> dict[str, Any]:
    """The derivation of the layer at `line` and `column` of the text, both from 1; nothing where there is no layer."""
    analysis = analysed(asked["text"])
    index = layer_at(analysis, asked["line"], asked["column"])
    if index is None:
        return {"html": "", "layer": 0}
    return {"html": html.fragment(derivations.layer_document(derive_layer(analysis, index))), "layer": index}


def layer_at(analysis: Analysis, line: int, column: int) -> int | None:
    """The number of the layer that stands at a place; where none does, the last before it on the line, else the first."""
    text = analysis.source.text.split("\n")
    if line > len(text):
        return None
    start = sum(len(before) + 1 for before in text[: line - 1])
    found = at(analysis, start + min(column - 1, len(text[line - 1])))
    if found is not None:
        return found.index
    end = start + len(text[line - 1])
    on_line = sorted(
        (n.span.start, -n.index) for n in analysis.network.nodes if n.text and start <= n.span.start <= end
    )
    before = [place for place in on_line if place[0] < start + column]
    return -(before[-1] if before else on_line[0])[1] if on_line else None


def solve(asked: Mapping[str, Any]) -> dict[str, Any]:
    """The values of holes and symbols, and why they are; for each of the first solutions the text with its holes filled."""
    from convdsl.report.solved import solved
    from convdsl.solver import solve as find

    analysis = analysed(asked["text"])
    answer = find(analysis.source, seconds=float(asked["seconds"]))
    if answer.diagnostics:
        wrong = [d for d in answer.diagnostics if d.severity == "error"]
        said = [Sentence(f"{d.code}: {d.message}") for d in wrong]
        return {"html": html.fragment(said), "programs": []}
    found = solved(answer, analysis.source)
    programs = [
        {
            "values": ", ".join(f"{name} = {value}" for name, value in solution.items()),
            "text": _filled(analysis, solution),
        }
        for solution in answer.solutions[:12]
        if analysis.network.holes
    ]
    return {"html": html.fragment(_told(found)), "programs": programs}


def _told(found: Any) -> Iterator[Node]:
    if found.headline:
        yield Heading(found.headline[0])
        if found.headline[1:]:
            yield Sentence(" · ".join(found.headline[1:]))
    if found.examples:
        yield Sentence(str(T("for example: {list}", list=found.examples)))
    if found.reason:
        yield Sentence(found.reason)
    for values, expectations in found.substitutions:
        yield Label(str(T("With {values}:", values=values)))
        for line, arithmetic in expectations:
            yield Code("\n".join([*([line] if line else []), *(f"  {shown}" for shown in arithmetic)]))
    if found.letters:
        yield Sentence(found.letters, quiet=True)


def _filled(analysis: Analysis, solution: Mapping[str, int]) -> str:
    """The text with values in the place of its holes: `k?` is known by its place, `?K` by its name wherever it stands."""
    places = {unknown.span.start: name for name, unknown in analysis.network.holes.items()}
    blocks = tuple(blocks_of(analysis))
    written, place = [], 0
    for line in analysis.source.text.splitlines(keepends=True):
        for piece in pieces(line, blocks):
            name = piece.text[1:] or places.get(place) if piece.kind == "hole" else None
            written.append(str(solution[name]) if name is not None and name in solution else piece.text)
            place += len(piece.text)
    return "".join(written)
