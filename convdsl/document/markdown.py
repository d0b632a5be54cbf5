"""Documents in Markdown that knows LaTeX between double dollar signs: Jupyter, GitHub, Marp, Quarto."""

from __future__ import annotations

import re
from collections.abc import Iterable

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


def write(document: Iterable[Node]) -> str:
    return _nodes(document) + "\n"


def _nodes(document: Iterable[Node]) -> str:
    return "\n\n".join(filter(None, map(_node, document)))


def _node(node: Node) -> str:
    match node:
        case Title(text, lines, below):
            return "\n\n".join([f"# {text}", *filter(None, [below]), *lines])
        case Heading(text, level, beside):
            return f"{'#' * level} {text}{f': {beside}' if beside else ''}"
        case Label(text, behind):
            return f"**{text}** {_text(behind)}".rstrip()
        case Sentence(text):
            return _text(text)
        case Formula(lines, aligned=aligned):
            written = " \\\\\n".join(lines)
            return f"$$\n{_aligned(written) if aligned else written}\n$$"
        case Matrix(rows):
            widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
            return _node(
                Code("\n".join("  ".join(e.rjust(w) for e, w in zip(row, widths, strict=True)) for row in rows))
            )
        case Code(text, language):
            fence = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
            return f"{fence}{language}\n{text}\n{fence}"
        case Table(head, rows):
            rule = f"|{'|'.join(['---', *['--:'] * (len(head) - 1)])}|"
            return "\n".join([_row(head), rule, *map(_row, rows)])
        case Items(items, marks, strong):
            if not marks:
                starts = [f"{number}. " for number in range(1, len(items) + 1)]
            else:
                starts = ["- " + (f"**{m}** " if strong else f"{m} ") if m else "- " for m in marks]
            return "\n".join(start + _item(item) for start, item in zip(starts, items, strict=True))
        case Fields(fields):
            return "   ".join(text + " " + r"\_" * 4 * wide for text, wide in fields)
        case Answers(rows):
            cells = [(number, "  ".join(letters), f"/ {points}") for number, letters, points, _ in rows]
            return "\n".join([_row(("", "", "")), "|---|---|--:|", *map(_row, cells)])
        case PageBreak():
            return "---"
        case Picture(alt, caption=caption):
            said = alt.replace("[", "(").replace("]", ")").replace("\n", "; ")
            shown = f"![{said}]({node.url})" if node.svg or node.png else f"*{_text(said)}*"
            return "\n\n".join(filter(None, [shown, _text(caption)]))
        case Gallery(pictures):
            return _nodes(pictures)
        case Beside(seen, said):
            return _nodes((*seen, *said))


def _item(item: str | tuple[Node, ...]) -> str:
    """What a list's item holds; what is more than one line stays part of it."""
    first, *others = _nodes(nodes_of(item)).split("\n")
    return "\n".join([first, *(f"   {line}" if line else "" for line in others)])


def _aligned(lines: str) -> str:
    return f"\\begin{{aligned}}\n{lines}\n\\end{{aligned}}"


def _row(cells: Iterable[str]) -> str:
    return "|" + "|".join(f" {cell} " if cell else " " for cell in (c.replace("|", r"\|") for c in cells)) + "|"


def _text(text: str) -> str:
    """A star would begin emphasis; in code it is one."""
    return "".join(p if n % 2 else p.replace("*", r"\*") for n, p in enumerate(re.split(r"(`[^`\n]+`)", text)))
