"""Documents on standard output, in the format that was asked for."""

from __future__ import annotations

from collections.abc import Iterable

from convdsl import document

FORMATS = ("text", *document.FORMATS)
"""The terminal is a writer like the others; rich is loaded where it is the one."""


def tell(nodes: Iterable[document.Node], format: str) -> None:
    """Prints a document in one of FORMATS."""
    if format == "text":
        from convdsl.report.console import console
        from convdsl.report.printing import print_document

        print_document(console(), nodes)
    else:
        print(document.write(nodes, format), end="")
