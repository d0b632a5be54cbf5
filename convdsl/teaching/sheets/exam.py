"""An exam on paper in LaTeX: versions with numbers of their own, points, a grid for the answers, and the key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from convdsl.latex import marked_up, verbatim
from convdsl.messages import Rounded, T
from convdsl.teaching.questions import Question
from convdsl.teaching.sheets.printing import latex_document, latex_question, worth

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ROWS = 25
"""Answers in one table of the grid."""
_LINE = r"\underline{\hspace{6cm}}"


class Version(NamedTuple):
    """One version: its letter and its questions."""

    letter: str
    questions: Sequence[Question]


def exam(title: str, versions: Sequence[Version], points: Mapping[str, float]) -> str:
    """All versions, each with its grid of answers, in one document."""
    return latex_document(_paper(title, v, points) for v in versions)


def key(title: str, versions: Sequence[Version]) -> str:
    """The right answers of all versions, for those who mark."""
    return latex_document(_key(title, v) for v in versions)


def _paper(title: str, version: Version, points: Mapping[str, float]) -> str:
    total = sum(points[q.exercise.id] for q in version.questions)
    lines = [
        *_head(title, version),
        rf"\noindent {marked_up(str(T('Name:')))} {_LINE}\hfill {marked_up(str(T('Id:')))} \underline{{\hspace{{3cm}}}}",
        "",
        rf"\medskip\noindent {marked_up(str(T('Points: {points}', points=Rounded(total))))}."
        rf" {marked_up(str(T('Only the answers in the table at the end count.')))}",
        "",
    ]
    for number, question in enumerate(version.questions, 1):
        lines += [
            rf"\subsection*{{{number}. {marked_up(question.title)} ({marked_up(worth(points[question.exercise.id]))})}}",
            *latex_question(question),
            "",
        ]
    return "\n".join(lines + _grid(version, points))


def _head(title: str, version: Version) -> list[str]:
    return [
        r"\begin{center}",
        rf"{{\LARGE {marked_up(title)}}}\par\medskip",
        rf"{{\large {marked_up(str(T('Version {letter}', letter=version.letter)))}}}",
        r"\end{center}",
        "",
    ]


def _grid(version: Version, points: Mapping[str, float]) -> list[str]:
    """A table to write into: letters to mark where there is a choice."""
    lines = [r"\clearpage", *_head(str(T("Answers")), version)]
    rows = []
    for number, question in enumerate(version.questions, 1):
        letters = r"\quad ".join(rf"\fbox{{\strut {letter}}}" for letter in question.lettered)
        tall = r"\rule{0pt}{3cm}" if question.multiline else r"\rule{0pt}{5ex}"
        rows.append(rf"{number} & {tall}{letters} & \hfill/ {Rounded(points[question.exercise.id])} \\[1ex]\hline")
    for start in range(0, len(rows), _ROWS):
        part = rows[start : start + _ROWS]
        columns = r"|r|p{10cm}|p{1.6cm}|"
        lines += [rf"\noindent\begin{{tabular}}{{{columns}}}\hline", *part, r"\end{tabular}", "", r"\bigskip", ""]
    return lines


def _key(title: str, version: Version) -> str:
    lines = [*_head(title, version), r"\begin{enumerate}"]
    for question in version.questions:
        lines.append(rf"\item {marked_up(question.title)}")
        if question.multiline or "\n" in question.answer:
            lines += verbatim(question.answer)
        else:
            lines[-1] += rf": \textbf{{{marked_up(question.answer)}}}"
    return "\n".join([*lines, r"\end{enumerate}", ""])
