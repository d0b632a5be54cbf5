"""Documents in LaTeX, to be put into one that uses amsmath (`write`), or as one that compiles (`whole`)."""

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
from convdsl.latex import PICTURES, escaped, marked_up, verbatim
from convdsl.messages import language

_LEVELS = {2: "section", 3: "subsection", 4: "subsubsection"}
_ROWS = 25
"""Answers in one table of a grid."""


def write(document: Iterable[Node]) -> str:
    return _nodes(document) + "\n"


def whole(documents: Iterable[Iterable[Node]]) -> str:
    """One or more documents as a file that compiles; each begins on a page of its own, with page number 1."""
    babel = "spanish" if language() == "es" else "english"
    bodies = "\n\\clearpage\\setcounter{page}{1}\n\n".join(map(write, documents))
    drawn = r"\begin{tikzpicture}" in bodies
    lines = [
        *((r"\RequirePackage{fix-cm}",) if drawn else ()),
        r"\documentclass{article}",
        r"\usepackage[T1]{fontenc}",
        r"\usepackage[utf8]{inputenc}",
        rf"\usepackage[{babel}]{{babel}}",
        r"\usepackage{amsmath}",
        *(PICTURES if drawn else ()),
        r"\begin{document}",
        "",
    ]
    return "\n".join([*lines, bodies, r"\end{document}", ""])


def _nodes(document: Iterable[Node]) -> str:
    lines: list[str] = []
    before: Node | None = None
    for node in document:
        if isinstance(node, (Sentence, Fields)) and isinstance(before, (Sentence, Label, Fields)):
            lines.append("")  # paragraphs of their own
        lines.append(_node(node))
        before = node
    return "\n".join(lines)


def _node(node: Node) -> str:
    match node:
        case Title(text, said, below):
            large = rf"{{\LARGE {marked_up(text)}}}\par\medskip"
            lines = [rf"{{\large {marked_up(below)}}}\par"] if below else []
            lines += [rf"{marked_up(line)}\par" for line in said]
            return "\n".join([r"\begin{center}", large, *lines, r"\end{center}", ""])
        case Heading(text, level, beside):
            return rf"\{_LEVELS[level]}*{{{marked_up(f'{text}: {beside}' if beside else text)}}}"
        case Label(text, behind):
            return rf"\paragraph{{{marked_up(text)}}} {marked_up(behind)}".rstrip()
        case Sentence(text):
            return marked_up(text)
        case Formula(lines, aligned=True):
            written = " \\\\\n".join(lines)
            return f"\\begin{{align*}}\n{written}\n\\end{{align*}}"
        case Formula(lines):
            written = " \\\\\n".join(lines)
            return f"\\[\n{written}\n\\]"
        case Matrix(rows):
            written = " \\\\\n".join(" & ".join(map(_entry, row)) for row in rows)
            return f"\\[\\begin{{pmatrix}}\n{written}\n\\end{{pmatrix}}\\]"
        case Code(text):
            return "\n".join(verbatim(text))
        case Table(head, rows):
            first = " & ".join(map(escaped, head))
            body = [" & ".join(map(escaped, row)) + r" \\" for row in rows]
            columns = "l" + "r" * (len(head) - 1)
            return "\n".join([rf"\begin{{tabular}}{{{columns}}}", rf"{first} \\ \hline", *body, r"\end{tabular}"])
        case Items(items, marks):
            kind = "itemize" if marks else "enumerate"
            starts = [rf"\item[{escaped(m)}]" if m else r"\item" for m in marks] or [r"\item"] * len(items)
            body = [f"{start} {_item(item)}" for start, item in zip(starts, items, strict=True)]
            return "\n".join([rf"\begin{{{kind}}}", *body, rf"\end{{{kind}}}"])
        case Fields(fields):
            spaces = tuple(rf"{marked_up(text)} \underline{{\hspace{{{wide}cm}}}}" for text, wide in fields)
            return r"\noindent " + "\\hfill ".join(spaces)
        case Answers(rows):
            return "\n\n\\bigskip\n\n".join(_grid(rows[n : n + _ROWS]) for n in range(0, len(rows), _ROWS))
        case PageBreak():
            return r"\clearpage"
        case Picture():
            return "\n".join([r"\begin{center}", _picture(node), r"\end{center}"])
        case Gallery(pictures):
            beside = "\n\\quad\n".join(map(_picture, pictures))
            return "\n".join([r"\begin{center}", beside, r"\end{center}"])
        case Beside(seen, said):
            return _nodes((*seen, *said))


def _item(item: str | tuple[Node, ...]) -> str:
    """What stands behind the mark of a list: a picture hangs from its line."""
    match item:
        case (Picture(tex=str(tex)) as picture,) if tex:
            return rf"\raisebox{{\dimexpr\ht\strutbox-\height}}{{{_picture(picture)}" "\n}"
    return _nodes(nodes_of(item))


def _picture(picture: Picture) -> str:
    """A picture and what stands below it, as one box."""
    if not picture.tex:
        words = picture.alt if not picture.caption else f"{picture.alt}: {picture.caption}"
        return rf"\emph{{{marked_up(words)}}}"
    room = (
        r"\begin{minipage}[c]{\ifdim\wd1>.97\linewidth\linewidth\else\ifdim\wd1<9em 9em\else1.02\wd1\fi\fi}\centering"
    )
    below = [rf"\par\smallskip{{\small {marked_up(picture.caption)}}}"] if picture.caption else []
    return "\n".join([rf"\setbox1\hbox{{{picture.tex}}}%", room, r"\box1", *below, r"\end{minipage}%"])


def _entry(text: str) -> str:
    """An entry of a matrix: a number as a formula has it."""
    number = text.replace("−", "-")
    return number if re.fullmatch(r"-?[\d.,/]+", number) else rf"\text{{{escaped(text)}}}"


def _grid(rows: Iterable[tuple[str, tuple[str, ...], str, bool]]) -> str:
    lines = [r"\noindent\begin{tabular}{|r|p{10cm}|p{1.6cm}|}\hline"]
    for number, letters, points, tall in rows:
        boxes = r"\quad ".join(rf"\fbox{{\strut {letter}}}" for letter in letters)
        height = "3cm" if tall else "5ex"
        lines.append(rf"{number} & \rule{{0pt}}{{{height}}}{boxes} & \hfill/ {points} \\[1ex]\hline")
    return "\n".join([*lines, r"\end{tabular}"])
