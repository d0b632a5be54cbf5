"""What is told, as a value: headings, sentences, formulas, tables, code, lists. Whoever tells something makes a document of
it; Markdown, LaTeX and HTML are writers of documents, and none knows what they are about. (The terminal is one too:
`convdsl.report.printing`, where rich is.)

    write([Heading("A layer"), Sentence("It slides."), Formula(r"\\frac{N}{S}", "N/S")], "html")
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from convdsl.document import html, latex, markdown
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

FORMATS: dict[str, Callable[[Iterable[Node]], str]] = {
    "markdown": markdown.write,
    "latex": latex.write,
    "html": html.write,
}
"""The writers, by the name of their format. A new format is a file here, and an entry."""


def write(document: Iterable[Node], format: str) -> str:
    """A document as text in one of FORMATS, with a line end at its end."""
    return FORMATS[format](document)


__all__ = [
    "FORMATS",
    "Answers",
    "Beside",
    "Code",
    "Fields",
    "Formula",
    "Gallery",
    "Heading",
    "Items",
    "Label",
    "Matrix",
    "Node",
    "PageBreak",
    "Picture",
    "Sentence",
    "Table",
    "Title",
    "nodes_of",
    "write",
]
