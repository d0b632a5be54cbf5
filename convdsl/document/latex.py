"""Documents in LaTeX, to be put into one that uses amsmath."""

from __future__ import annotations

from collections.abc import Iterable

from convdsl.document.nodes import Code, Formula, Heading, Items, Label, Node, Sentence, Table
from convdsl.latex import escaped, marked_up, verbatim

_LEVELS = {1: "section", 2: "section", 3: "subsection", 4: "subsubsection"}


def write(document: Iterable[Node]) -> str:
    lines: list[str] = []
    before: Node | None = None
    for node in document:
        if isinstance(node, Sentence) and isinstance(before, Sentence):
            lines.append("")  # paragraphs of their own
        lines.append(_node(node))
        before = node
    return "\n".join(lines) + "\n"


def _node(node: Node) -> str:
    match node:
        case Heading(text, level):
            return rf"\{_LEVELS[level]}*{{{marked_up(text)}}}"
        case Label(text):
            return rf"\paragraph{{{marked_up(text)}}}"
        case Sentence(text):
            return marked_up(text)
        case Formula(lines, aligned=True):
            written = " \\\\\n".join(lines)
            return f"\\begin{{align*}}\n{written}\n\\end{{align*}}"
        case Formula(lines):
            written = " \\\\\n".join(lines)
            return f"\\[\n{written}\n\\]"
        case Code(text):
            return "\n".join(verbatim(text))
        case Table(head, rows):
            first = " & ".join(map(escaped, head))
            body = [" & ".join(map(escaped, row)) + r" \\" for row in rows]
            columns = "l" + "r" * (len(head) - 1)
            return "\n".join([rf"\begin{{tabular}}{{{columns}}}", rf"{first} \\ \hline", *body, r"\end{tabular}"])
        case Items(items, marks):
            kind = "itemize" if marks else "enumerate"
            starts = [rf"\item[{escaped(m)}]" for m in marks] or [r"\item"] * len(items)
            body = [f"{start} {marked_up(item)}" for start, item in zip(starts, items, strict=True)]
            return "\n".join([rf"\begin{{{kind}}}", *body, rf"\end{{{kind}}}"])
