"""Exercises on paper: Markdown or LaTeX, with answers or without, and the empty form for answers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from convdsl.latex import marked_up, verbatim
from convdsl.messages import Rounded, T, language
from convdsl.teaching.course.course import Course
from convdsl.teaching.course.exercise import KINDS
from convdsl.teaching.course.functions import is_matrix
from convdsl.teaching.course.written import fill
from convdsl.teaching.questions.question import Question

FORMATS = ("markdown", "latex", "form")
_ALIGNED = r"(?:(?:^|\n)(?=[^\n]*\S  +\S)[^\n]+)+"
"""Lines in columns: tables and matrices."""


class Heading(NamedTuple):
    """What stands above the exercises: a title, lines below it, what the form has to say, and each one's points."""

    title: str
    lines: tuple[str, ...] = ()
    form: tuple[tuple[str, str], ...] = ()
    points: Mapping[str, float] = {}


def seeded(course: Course, seed: int) -> Heading:
    """The heading of a sheet that everybody gets with the same numbers."""
    return Heading(course.title, (str(T("Numbers: seed {seed}", seed=seed)),), (("seed", str(seed)),))


def sheet(course: Course, questions: Iterable[Question], heading: Heading, format: str, key: bool = False) -> str:
    """A sheet with these questions. `key` adds the answers and the hints; `form` is a file to fill in for `grade`."""
    questions = list(questions)
    if format == "form":
        return form(questions, heading)
    if format == "latex":
        return latex_document([latex_body(course, questions, heading, key)])
    return markdown(course, questions, heading, key)


def form(questions: Sequence[Question], heading: Heading) -> str:
    """The file to fill in: a line in brackets for each question."""
    lines = [f"# {T('Write each answer below its line in brackets.')}"]
    lines += [f"{name}: {value}" for name, value in heading.form] + [""]
    for number, question in enumerate(questions, 1):
        lines += [f"[{question.exercise.id}]", f"# {number}. {question.title} ({question.how})", "", ""]
    return "\n".join(lines)


def worth(points: float) -> str:
    """`2 points`."""
    return str(T("one point", "{n} points", n=1 if points == 1 else Rounded(points)))


def markdown(course: Course, questions: Sequence[Question], heading: Heading, key: bool = False) -> str:
    """The sheet in Markdown."""
    lines = [f"# {heading.title}", ""]
    for line in heading.lines:
        lines += [line, ""]
    concept = ""
    for number, question in enumerate(questions, 1):
        if question.exercise.concept != concept:
            concept = question.exercise.concept
            lines += [f"## {_concept_title(course, concept)}", ""]
        lines += [f"### {number}. {question.title}", "", _below_title(question, heading), ""]
        lines += [_spaced(question.text), ""]
        if question.program:
            lines += ["```cnn", question.program, "```", ""]
        lines += [f"- **{letter})** {text}" for letter, text in question.options] + ([""] if question.options else [])
        if key:
            lines += _markdown_key(question)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).rstrip() + "\n"


def _below_title(question: Question, heading: Heading) -> str:
    line = f"`{question.exercise.id}` · {KINDS[question.kind]}"
    points = heading.points.get(question.exercise.id)
    return line if points is None else f"{line} · {worth(points)}"


def _markdown_key(question: Question) -> list[str]:
    if question.multiline:
        lines = [f"**{T('Answer')}** {T('(one of many)')}", "", "```cnn", question.answer, "```", ""]
    elif "\n" in question.answer:
        lines = [f"**{T('Answer')}**", "", "```", question.answer, "```", ""]
    else:
        lines = [f"**{T('Answer')}:** {question.answer}", ""]
    lines += [f"- {letter}) {why}" for letter, why in reasons(question)] + [""]
    lines += [f"{n}. {_spaced(hint)}" for n, hint in enumerate(question.hints, 1)] + [""]
    return lines + ([_spaced(question.why), ""] if question.why else [])


def reasons(question: Question) -> list[tuple[str, str]]:
    """Why each option of a choice is right or wrong, by its letter."""
    return [(letter, fill(str(option.why), question.names)) for letter, option in question.lettered.items()]


def _spaced(text: str) -> str:
    """Aligned lines as a block of code, the others as they are."""
    return re.sub(_ALIGNED, lambda m: f"\n\n```\n{m[0].strip(chr(10))}\n```\n", text).strip()


def paragraphs(text: str) -> list[tuple[bool, str]]:
    """The parts of a text, each with whether it is aligned in columns and has to be set as it is."""
    parts = re.split(f"({_ALIGNED})", text)
    return [(re.search(r"\S  +\S", p) is not None, p.strip("\n")) for p in parts if p.strip()]


def _concept_title(course: Course, id: str) -> str:
    return next((c.title for c in course.concepts if c.id == id), id)


# LaTeX.


def latex_document(bodies: Iterable[str]) -> str:
    """A document of one or more sheets, each of which begins on a page of its own."""
    babel = "spanish" if language() == "es" else "english"
    lines = [
        r"\documentclass{article}",
        r"\usepackage[T1]{fontenc}",
        r"\usepackage[utf8]{inputenc}",
        rf"\usepackage[{babel}]{{babel}}",
        r"\usepackage{amsmath}",
        r"\begin{document}",
        "",
    ]
    return "\n".join([*lines, "\n\\clearpage\\setcounter{page}{1}\n\n".join(bodies), r"\end{document}", ""])


def latex_body(course: Course, questions: Sequence[Question], heading: Heading, key: bool = False) -> str:
    """One sheet of a document."""
    lines = [
        r"\begin{center}",
        rf"{{\LARGE {marked_up(heading.title)}}}\par\medskip",
        *(rf"{marked_up(line)}\par" for line in heading.lines),
        r"\end{center}",
        "",
    ]
    concept = ""
    for number, question in enumerate(questions, 1):
        if question.exercise.concept != concept:
            concept = question.exercise.concept
            lines += [rf"\section*{{{marked_up(_concept_title(course, concept))}}}", ""]
        lines += [rf"\subsection*{{{number}. {marked_up(question.title)}}}"]
        if heading.points:
            lines += [rf"\noindent {marked_up(_below_title(question, heading))}", ""]
        lines += latex_question(question)
        if key:
            lines += _latex_key(question)
        lines.append("")
    return "\n".join(lines)


def latex_question(question: Question) -> list[str]:
    """A question without its title: text, program, options."""
    lines = [_tex_text(question.text), ""]
    if question.program:
        lines += verbatim(question.program)
    if question.options:
        lines += [
            r"\begin{itemize}",
            *(rf"\item[{letter})] {marked_up(text)}" for letter, text in question.options),
            r"\end{itemize}",
        ]
    return lines


def _latex_key(question: Question) -> list[str]:
    lines = ["", rf"\medskip\noindent\textbf{{{marked_up(str(T('Answer')))}:}}"]
    if question.multiline or "\n" in question.answer:
        right = () if question.multiline else question.right
        lines += _tex_matrix(right) if is_matrix(right) else verbatim(question.answer)
    else:
        lines.append(marked_up(question.answer))
    if question.options:
        lines += [
            r"\begin{itemize}",
            *(rf"\item[{letter})] {marked_up(why)}" for letter, why in reasons(question)),
            r"\end{itemize}",
        ]
    lines += [r"\begin{enumerate}", *(rf"\item {_tex_text(hint)}" for hint in question.hints), r"\end{enumerate}"]
    return lines + ([_tex_text(question.why)] if question.why else [])


def _tex_matrix(rows: tuple[tuple[object, ...], ...]) -> list[str]:
    return [r"\[\begin{pmatrix}", " \\\\\n".join(" & ".join(map(str, row)) for row in rows), r"\end{pmatrix}\]"]


def _tex_text(text: str) -> str:
    """Paragraphs, with what is aligned in columns kept as it is."""
    return "\n".join(
        "\n".join(verbatim(part)) if aligned else marked_up(part.strip()) for aligned, part in paragraphs(text)
    )
