"""A sheet of exercises for paper: Markdown or LaTeX, with answers or without, or the empty form for answers."""

from __future__ import annotations

import re
from collections.abc import Iterable

from convdsl.latex import marked_up, verbatim
from convdsl.messages import T, language
from convdsl.teaching.course.course import Course
from convdsl.teaching.course.exercise import KINDS
from convdsl.teaching.course.functions import is_matrix
from convdsl.teaching.questions.question import Question

FORMATS = ("markdown", "latex", "form")


def sheet(course: Course, questions: Iterable[Question], seed: int, format: str, key: bool) -> str:
    """A sheet with these questions. `key` adds the answers and the hints; `form` is a file to fill in for `grade`."""
    questions = list(questions)
    if format == "form":
        return _form(questions, seed)
    return (_latex if format == "latex" else _markdown)(course, questions, seed, key)


def _form(questions: list[Question], seed: int) -> str:
    lines = [f"# {T('Write each answer below its line in brackets.')}", f"seed: {seed}", ""]
    for question in questions:
        lines += [f"[{question.exercise.id}]", f"# {question.title} ({question.how})", "", ""]
    return "\n".join(lines)


def _markdown(course: Course, questions: list[Question], seed: int, key: bool) -> str:
    lines = [f"# {course.title}", "", str(T("Numbers: seed {seed}", seed=seed)), ""]
    concept = ""
    for number, question in enumerate(questions, 1):
        if question.exercise.concept != concept:
            concept = question.exercise.concept
            lines += [f"## {_concept_title(course, concept)}", ""]
        lines += [f"### {number}. {question.title}", "", f"`{question.exercise.id}` · {KINDS[question.kind]}", ""]
        lines += [_spaced(question.text), ""]
        if question.program:
            lines += ["```cnn", question.program, "```", ""]
        lines += [f"- **{letter})** {text}" for letter, text in question.options] + ([""] if question.options else [])
        if key:
            lines += _markdown_key(question)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).rstrip() + "\n"


def _markdown_key(question: Question) -> list[str]:
    if question.multiline:
        lines = [f"**{T('Answer')}** {T('(one of many)')}", "", "```cnn", question.answer, "```", ""]
    elif "\n" in question.answer:
        lines = [f"**{T('Answer')}**", "", "```", question.answer, "```", ""]
    else:
        lines = [f"**{T('Answer')}:** {question.answer}", ""]
    lines += [f"{n}. {_spaced(hint)}" for n, hint in enumerate(question.hints, 1)] + [""]
    return lines + ([_spaced(question.why), ""] if question.why else [])


def _spaced(text: str) -> str:
    """Aligned lines (tables, matrices) as a block of code, the others as they are."""
    return re.sub(
        r"(?:(?:^|\n)(?=[^\n]*\S  +\S)[^\n]+)+", lambda m: f"\n\n```\n{m[0].strip(chr(10))}\n```\n", text
    ).strip()


def _concept_title(course: Course, id: str) -> str:
    return next((c.title for c in course.concepts if c.id == id), id)


def _latex(course: Course, questions: list[Question], seed: int, key: bool) -> str:
    babel = "spanish" if language() == "es" else "english"
    lines = [
        r"\documentclass{article}",
        r"\usepackage[T1]{fontenc}",
        r"\usepackage[utf8]{inputenc}",
        rf"\usepackage[{babel}]{{babel}}",
        r"\usepackage{amsmath}",
        rf"\title{{{marked_up(course.title)}}}",
        rf"\date{{{marked_up(str(T('Numbers: seed {seed}', seed=seed)))}}}",
        r"\author{}",
        r"\begin{document}",
        r"\maketitle",
        "",
    ]
    concept = ""
    for number, question in enumerate(questions, 1):
        if question.exercise.concept != concept:
            concept = question.exercise.concept
            lines += [rf"\section*{{{marked_up(_concept_title(course, concept))}}}", ""]
        lines += [rf"\subsection*{{{number}. {marked_up(question.title)}}}", _tex_text(question.text), ""]
        if question.program:
            lines += verbatim(question.program)
        if question.options:
            lines += [
                r"\begin{itemize}",
                *(rf"\item[{letter})] {marked_up(text)}" for letter, text in question.options),
                r"\end{itemize}",
            ]
        if key:
            lines += _latex_key(question)
        lines.append("")
    return "\n".join([*lines, r"\end{document}", ""])


def _latex_key(question: Question) -> list[str]:
    lines = [rf"\medskip\noindent\textbf{{{marked_up(str(T('Answer')))}:}}"]
    if question.multiline or "\n" in question.answer:
        right = () if question.multiline else question.right
        lines += _tex_matrix(right) if is_matrix(right) else verbatim(question.answer)
    else:
        lines.append(marked_up(question.answer))
    lines += [r"\begin{enumerate}", *(rf"\item {marked_up(hint)}" for hint in question.hints), r"\end{enumerate}"]
    return lines + ([marked_up(question.why)] if question.why else [])


def _tex_matrix(rows: tuple[tuple[object, ...], ...]) -> list[str]:
    return [r"\[\begin{pmatrix}", " \\\\\n".join(" & ".join(map(str, row)) for row in rows), r"\end{pmatrix}\]"]


def _tex_text(text: str) -> str:
    """Paragraphs, with what is aligned in columns kept as it is."""
    parts = re.split(r"((?:(?:^|\n)(?=[^\n]*\S  +\S)[^\n]+)+)", text)
    return "\n".join(
        "\n".join(verbatim(p.strip("\n"))) if re.search(r"\S  +\S", p) else marked_up(p.strip())
        for p in parts
        if p.strip()
    )
