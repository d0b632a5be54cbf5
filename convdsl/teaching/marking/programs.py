"""Answers that are programs: put into the gap of the exercise's program, analysed, held against what is asked."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

from convdsl.diagnostics import Diagnostic
from convdsl.messages import T, with_decimals
from convdsl.network import Analysis, analyse
from convdsl.source import Source
from convdsl.teaching.course.expressions import ExpressionError, evaluate
from convdsl.teaching.course.facts import NetView, known
from convdsl.teaching.course.written import fill, written
from convdsl.teaching.marking.networks import Difference, same_as
from convdsl.teaching.marking.verdict import Verdict
from convdsl.teaching.questions.gap import GAP, Completed, complete
from convdsl.teaching.questions.question import Names, Question
from convdsl.teaching.reading.text import LONGEST, Unclear, printable

MOST_LAYERS = 5000
CODE = re.compile(r"[EWN]\d{3}")
"""A mistake's `when` may be a diagnostic's code."""


def mark_program(question: Question, answer: str) -> Verdict:
    """What a program is worth. Every requirement has to hold; what fails is said."""
    if not answer.strip():
        raise Unclear(T("Nothing was written."))
    if len(answer) > LONGEST:
        raise Unclear(T("This answer is too long: {n} characters.", n=len(answer)))
    whole = complete(answer, question.program or "")
    analysis = analyse(Source(whole.program, "answer"))
    errors = [d for d in analysis.diagnostics if d.severity == "error"]
    if errors:
        return _not_a_net(question, analysis, errors, partial(_place, answer, whole))
    net = _net(analysis)
    understood = _seen(net)
    names = question.names_with({})
    names["net"] = net
    failed = failures(question, names)
    if not failed and (difference := _another(question, analysis)) is not None:
        failed = [str(difference.message)]
    if not failed:
        return Verdict("right", _praise(question), understood)
    asked = len(question.exercise.require)
    share = max(0, asked - len(failed)) / asked if asked else 0.0
    for mistake in question.exercise.mistakes:
        if mistake.when and not CODE.fullmatch(mistake.when) and evaluate(mistake.when, names):
            return Verdict("wrong", fill(str(mistake.text), names), understood, mistake.id, share)
    said = "\n".join([str(T("Not yet. This has to hold:")), *(f"· {f}" for f in failed)])
    return Verdict("wrong", said, understood, share=share)


def _another(question: Question, analysis: Analysis) -> Difference | None:
    """How a net differs from the solution, and from all others that are right, in what is not left free."""
    rule = question.exercise.same_as
    if rule is None:
        return None
    programs = [question.fill_program(p) for p in (question.exercise.solution, *rule.also)]
    differences = [same_as(analysis, known(p), rule.free) for p in programs]
    return None if None in differences else differences[0]


def _net(analysis: Analysis) -> NetView:
    if len(analysis.network.nodes) > MOST_LAYERS:
        raise Unclear(T("This net has more than {n} layers.", n=MOST_LAYERS))
    if not analysis.network.nodes:
        raise Unclear(T("There is no layer in this answer."))
    try:
        return NetView(analysis)
    except ExpressionError as error:
        raise Unclear(error.message) from None


def failures(question: Question, names: Names) -> list[str]:
    """What is asked for and does not hold of `net`, in words."""
    found = []
    wanted = _input(question)
    if wanted is not None and names["net"].input != wanted:
        found.append(str(T("The input stays {size}.", size="×".join(map(str, wanted)))))
    for requirement in question.exercise.require:
        try:
            holds = bool(evaluate(requirement.test, names))
        except ExpressionError:
            holds = False
        if not holds:
            found.append(fill(str(requirement.text), names))
    return found


def _input(question: Question) -> tuple[int, ...] | None:
    """The input of the exercise's program, which an answer has to keep."""
    if not question.program:
        return None
    closed = GAP.sub("identity", question.program)
    return analyse(Source(closed, "program")).network.input


def _place(answer: str, whole: Completed, offset: int) -> str:
    """Where an error is: line and column of what the student wrote; or that it is in the exercise's own lines."""
    own = whole.in_answer(offset)
    return str(T("in the exercise's own line")) if own is None else "{}:{}".format(*Source(answer).position(own))


def _not_a_net(
    question: Question, analysis: Analysis, errors: list[Diagnostic], place: Callable[[int], str]
) -> Verdict:
    for mistake in question.exercise.mistakes:
        if any(d.code == mistake.when for d in errors):
            return Verdict("wrong", question.message_of(mistake), None, mistake.id)
    lines = [str(T("This program has an error:", "This program has {n} errors:", n=len(errors)))]
    for diagnostic in errors[:3]:
        line, _ = analysis.source.position(diagnostic.span.start)
        help = f" {diagnostic.help}" if diagnostic.help else ""
        formula = f" [{with_decimals(diagnostic.formula)}]" if diagnostic.formula else ""
        shown = analysis.source.line(line).strip()
        lines.append(printable(f"· {place(diagnostic.span.start)} `{shown[:80]}`: {diagnostic.message}{formula}{help}"))
    return Verdict("wrong", "\n".join(lines), str(T("a program")))


def _seen(net: NetView) -> str:
    size = "×".join(map(str, net.out or ()))
    return str(
        T(
            "a net of one layer, output {size}, {params} parameters",
            "a net of {n} layers, output {size}, {params} parameters",
            n=net.layers,
            size=size,
            params=written(net.params),
        )
    )


def _praise(question: Question) -> str:
    return "\n".join(filter(None, [str(T("Right.")), question.why]))
