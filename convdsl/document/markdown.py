"""Documents in Markdown that knows LaTeX between double dollar signs: Jupyter, GitHub, Marp, Quarto."""

from __future__ import annotations

import re
from collections.abc import Iterable

from convdsl.document.nodes import Code, Formula, Heading, Items, Label, Node, Sentence, Table


def write(document: Iterable[Node]) -> str:
    return "\n\n".join(map(_node, document)) + "\n"


def _node(node: Node) -> str:
    match node:
        case Heading(text, level):
            return f"{'#' * level} {text}"
        case Label(text):
            return f"**{text}**"
        case Sentence(text):
            return _text(text)
        case Formula(lines, aligned=aligned):
            written = " \\\\\n".join(lines)
            return f"$$\n{_aligned(written) if aligned else written}\n$$"
        case Code(text, language):
            fence = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
            return f"{fence}{language}\n{text}\n{fence}"
        case Table(head, rows):
            rule = f"|{'|'.join(['---', *['--:'] * (len(head) - 1)])}|"
            return "\n".join([_row(head), rule, *map(_row, rows)])
        case Items(items, marks):
            if marks:
                return "\n".join(f"- **{mark}** {_text(item)}" for mark, item in zip(marks, items, strict=True))
            return "\n".join(f"{number}. {_text(item)}" for number, item in enumerate(items, 1))


def _aligned(lines: str) -> str:
    return f"\\begin{{aligned}}\n{lines}\n\\end{{aligned}}"


def _row(cells: Iterable[str]) -> str:
    return "|" + "|".join(f" {cell} " if cell else " " for cell in (c.replace("|", r"\|") for c in cells)) + "|"


def _text(text: str) -> str:
    """A star would begin emphasis; in code it is one."""
    return "".join(p if n % 2 else p.replace("*", r"\*") for n, p in enumerate(re.split(r"(`[^`\n]+`)", text)))
