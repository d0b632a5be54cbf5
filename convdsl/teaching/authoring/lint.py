"""Whether a course can be given to students: every exercise is drawn with many seeds, and answered right and wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from convdsl.messages import LANGUAGES, T, language, use_language
from convdsl.teaching.authoring.mutants import mutants
from convdsl.teaching.course.course import FILE, Course
from convdsl.teaching.course.exercise import PROGRAM_KINDS, Exercise, Mistake
from convdsl.teaching.course.expressions import ExpressionError, names_in
from convdsl.teaching.course.facts import known
from convdsl.teaching.course.reader import Problem, Sheet
from convdsl.teaching.course.seen import Seen
from convdsl.teaching.course.written import expressions_in, written
from convdsl.teaching.marking import mark
from convdsl.teaching.marking.agreement import could_be_taken_for
from convdsl.teaching.marking.networks import ANYTHING, is_free, same_as
from convdsl.teaching.questions import Question, holes
from convdsl.teaching.questions.gap import gap

SEEDS = 20


def lint(course: Course, seeds: Sequence[int] = range(1, SEEDS + 1)) -> list[Problem]:
    """Everything that is wrong with the exercises of a course, in its order; the first seed that shows it is named."""
    spoken = language()
    try:
        found = [p for exercise in course.exercises for p in lint_exercise(exercise, seeds)]
        return found + _longest(course, seeds)
    finally:
        use_language(spoken)


def _longest(course: Course, seeds: Sequence[int]) -> list[Problem]:
    """Whether the longest option is the right one too often: then it is enough to look at their lengths."""
    found: list[Problem] = []
    choices = [e for e in course.exercises if e.options]
    if len(choices) < FEWEST_CHOICES:
        return found
    for name in course.languages:
        use_language(name)
        shares = [(e, longest_is_right(e, seeds)) for e in choices]
        given = sum(share for _, share in shares)
        if given > MOST_LONGEST * len(choices):
            message = T(
                "In {n} of {total} choices the longest option is the right one ({language}): {list}.",
                n=round(given),
                total=len(choices),
                language=name,
                list=", ".join(e.id for e, share in shares if share > 0.5),
            )
            found.append(Problem(course.folder / FILE, 0, message))
    return found


def longest_is_right(exercise: Exercise, seeds: Sequence[int]) -> float:
    """In which part of the draws the longest option of a choice is the right one; options of one length share it."""
    total = 0.0
    for seed in seeds:
        try:
            question = Question(exercise, seed)
            lengths = {letter: _length(question.option_told(o)) for letter, o in question.lettered.items()}
            longest = [letter for letter, size in lengths.items() if size == max(lengths.values())]
            total += (question.right in longest) / len(longest)
        except ExpressionError:  # said of the exercise itself
            continue
    return total / max(1, len(seeds))


def _length(told: Sequence[str | Seen]) -> int:
    """How long an option looks; pictures are all alike."""
    return sum(len(piece) for piece in told if isinstance(piece, str))


def lint_exercise(exercise: Exercise, seeds: Sequence[int]) -> list[Problem]:
    """What is wrong with one exercise."""
    sheet = Sheet(exercise.path)
    found: dict[str, Problem] = {}
    complaints = [*_static(exercise), *_variety(exercise)]
    for number, seed in enumerate(seeds):
        complaints += _drawn(exercise, seed)
        if number < MUTATED and exercise.kind in PROGRAM_KINDS:
            complaints += _survivors(exercise, seed)
    for key, message in complaints:
        found.setdefault(f"{key} {message.text}", Problem(exercise.path, sheet.line_of(key), message))
    return sorted(found.values(), key=lambda p: p.line)


Complaint = tuple[str, T]
MUTATED = 2
"""Seeds of which the solution is changed in all ways: what survives does not depend on the numbers."""
FEWEST_CHOICES = 5
"""Courses with fewer choices are not counted."""
MOST_LONGEST = 0.4
"""The part of the choices whose longest option may be the right one."""


FEWEST_TEXTS = 30
"""So many different texts an exercise has at least, with VARIED seeds: neighbours in a classroom do not get the same one."""
VARIED = 200
SMALLEST_POOL = 8
"""So many options a choice has at least; `show` of them are shown."""


def _variety(exercise: Exercise) -> Iterator[Complaint]:
    """Whether there are enough different questions for a class, or a reason why there are not."""
    texts: set[object] = set()
    for seed in range(1, VARIED + 1):
        try:
            question = Question(exercise, seed)
            texts.add((question.text, question.program, frozenset(text for _, text in question.options)))
        except ExpressionError:  # said of the seed itself
            return
        if len(texts) >= FEWEST_TEXTS:
            break
    small = 0 < len(exercise.options) < SMALLEST_POOL
    if exercise.few_texts:
        if len(texts) >= FEWEST_TEXTS and not small:
            yield "few_texts", T("There are {least} texts and more: `few_texts` is not needed.", least=FEWEST_TEXTS)
        return
    if small:
        yield (
            "kind",
            T(
                "There are {n} options; {least} are needed, of which `show = 4` shows some, or a reason in `few_texts`.",
                n=len(exercise.options),
                least=SMALLEST_POOL,
            ),
        )
    if len(texts) < FEWEST_TEXTS:
        yield (
            "draw" if exercise.draw else "kind",
            T(
                "{seeds} seeds give {n} different texts; {least} are needed, or a reason in `few_texts`.",
                seeds=VARIED,
                n=len(texts),
                least=FEWEST_TEXTS,
            ),
        )


def _static(exercise: Exercise) -> Iterator[Complaint]:
    """What can be said without numbers."""
    if exercise.options:
        if len(exercise.options) < 2:
            yield "option", T("There is nothing to choose from.")
    elif not exercise.mistakes:
        yield "kind", T("No mistake is named: say at least one, with the answer that it gives.")
    for name, both in (
        ("question", exercise.question),
        *((f"mistake.{m.id}", m.text) for m in exercise.mistakes),
        *(("hints", h) for h in exercise.hints),
    ):
        if set(expressions_in(both.en)) != set(expressions_in(both.es)):
            yield name, T("The languages do not show the same values.")
    used = "\n".join(
        [
            exercise.program,
            exercise.solution,
            exercise.answer,
            *exercise.programs.values(),
            *exercise.where,
            str(exercise.let),
            exercise.question.en,
            *(h.en for h in exercise.hints),
            str(exercise.draw),
        ]
    )
    for name in exercise.draw:
        if len(re.findall(rf"\b{re.escape(name)}\b", used)) < 2:
            yield f"draw.{name}", T("`{name}` is drawn and not used.", name=name)
    for condition in exercise.where:
        try:
            unknown = names_in(condition) - exercise.draw.keys()
        except ExpressionError as error:
            yield "where", error.message
        else:
            if unknown:
                yield (
                    "where",
                    T("Conditions are about drawn numbers; {names} are not.", names=", ".join(sorted(unknown))),
                )


def _drawn(exercise: Exercise, seed: int) -> Iterator[Complaint]:
    """What goes wrong with the numbers of one seed."""
    try:
        question = Question(exercise, seed)
    except ExpressionError as error:
        yield "where" if exercise.where else "draw", T("Seed {seed}: {reason}", seed=seed, reason=error.message)
        return
    for key, check in (("answer", _answer), ("question", _texts), ("mistake", _mistakes)):
        try:
            yield from check(question)
        except ExpressionError as error:
            yield key, T("Seed {seed}: {reason}", seed=seed, reason=error.message)
            return


def _survivors(exercise: Exercise, seed: int) -> Iterator[Complaint]:
    """Solutions with one change that are marked right, and may not be."""
    try:
        question = Question(exercise, seed)
        right = known(question.answer)
    except ExpressionError:
        return  # said already
    free = exercise.same_as.free if exercise.same_as is not None else ()
    if ANYTHING in free or right.failed:
        return
    for mutant in mutants(question.answer):
        if is_free(free, mutant.attribute, mutant.sort, mutant.number):
            continue
        changed = known(mutant.program)
        if changed.failed or same_as(changed, right) is None or not mark(question, mutant.program).correct:
            continue
        yield (
            "same_as" if exercise.same_as is not None else "require",
            T(
                "Seed {seed}: a wrong program is marked right ({change}). `[same_as]` keeps what is not `free`.",
                seed=seed,
                change=" ".join(mutant.change.split()),
            ),
        )


def _texts(question: Question) -> Iterator[Complaint]:
    """Every text can be filled in, in both languages."""
    for name in LANGUAGES:
        use_language(name)
        texts = [question.text, question.title, *question.hints, question.why]
        texts += [text for _, text in question.options] + [
            question.message_of(m) for m in question.exercise.mistakes if not m.when
        ]
        if any(re.search(r"\{\S", text) for text in texts):
            yield "question", T("A brace is left over.")


def _answer(question: Question) -> Iterator[Complaint]:
    """The answer exists, is accepted, and is not given away."""
    exercise, seed = question.exercise, question.seed
    if exercise.options:
        right = [o.id for o in exercise.options if question.holds(o.right)]
        if exercise.show:
            if not right or len(exercise.options) - len(right) < exercise.show - 1:
                yield (
                    "option",
                    T(
                        "Seed {seed}: {n} options are shown, one of them right; there are {right} right and {wrong} wrong ones.",
                        seed=seed,
                        n=exercise.show,
                        right=len(right),
                        wrong=len(exercise.options) - len(right),
                    ),
                )
                return
        elif len(right) != 1:
            yield "option", T("Seed {seed}: {n} options are right; one has to be.", seed=seed, n=len(right))
            return
        if len({text for _, text in question.options}) < len(question.options):
            yield "option", T("Seed {seed}: two options read the same.", seed=seed)
    elif exercise.kind == "hole" and not question.solutions:
        yield "program", T("Seed {seed}: no value in the range fits.", seed=seed)
        return
    for name in LANGUAGES:
        use_language(name)
        verdict = mark(question, question.answer)
        if not verdict.correct:
            key = "solution" if exercise.kind in PROGRAM_KINDS else "answer"
            yield (
                key,
                T(
                    "Seed {seed}: the answer {answer} is not accepted: {reason}",
                    seed=seed,
                    answer=question.answer,
                    reason=verdict.message,
                ),
            )
    if exercise.kind in PROGRAM_KINDS and question.program:
        unsolved = gap(question.program) is None and mark(question, question.program).correct
        if unsolved:
            yield "program", T("Seed {seed}: nothing is wrong with the program as it is given.", seed=seed)
    yield from _shown(question)
    given_away = list(_given_away(question))
    yield from given_away or _handed_back(question)


def _handed_back(question: Question) -> Iterator[Complaint]:
    """A hint is no answer, whoever copies it."""
    if question.exercise.options or question.multiline:
        return
    for hint in question.hints:
        if mark(question, hint).correct:
            yield (
                "hints",
                T("Seed {seed}: the hint {hint} handed back is a right answer.", seed=question.seed, hint=hint),
            )


def _given_away(question: Question) -> Iterator[Complaint]:
    unasked = question.exercise.options or question.multiline or question.kind in ("hole", "matrix")
    if unasked or isinstance(question.right, tuple):
        return
    answer = written(question.right)
    if len(re.sub(r"\D", "", answer)) > 2 and any(_says(hint, answer) for hint in question.hints):
        yield "hints", T("Seed {seed}: a hint gives the answer {answer} away.", seed=question.seed, answer=answer)


def _shown(question: Question) -> Iterator[Complaint]:
    """No picture has the answer on it, where that is a size or a number of several digits."""
    if question.exercise.options or question.multiline or question.kind in ("hole", "matrix"):
        return
    answer = written(question.right)
    for piece in question.told:
        if isinstance(piece, Seen) and len(re.sub(r"\D", "", answer)) > 2 and _says(piece.text, answer):
            yield "question", T("Seed {seed}: a picture shows the answer {answer}.", seed=question.seed, answer=answer)


def _says(text: str, answer: str) -> bool:
    return re.search(rf"(?<![\d.,×]){re.escape(answer)}(?![\d.×]|,\d)", text) is not None


def _mistakes(question: Question) -> Iterator[Complaint]:
    """Every mistake leads to a wrong answer, each to another one."""
    seen: dict[Any, str] = {}
    for mistake in question.exercise.mistakes:
        key = f"mistake.{mistake.id}"
        try:
            yield from ((key, m) for m in _mistake(question, mistake, seen))
        except ExpressionError as error:
            yield key, T("Seed {seed}: {reason}", seed=question.seed, reason=error.message)


def _mistake(question: Question, mistake: Mistake, seen: dict[Any, str]) -> Iterator[T]:
    if question.multiline:
        yield from _example(question, mistake)
        return
    value = question.mistaken(mistake)
    about: dict[str, Any] = {"seed": question.seed, "id": mistake.id, "value": written(value)}
    if _is_right(question, value):
        yield T("Seed {seed}: the mistake `{id}` gives the right answer, {value}.", **about)
    other = seen.setdefault(value, mistake.id)
    if other != mistake.id:
        yield T("Seed {seed}: the mistakes `{id}` and `{other}` both give {value}.", other=other, **about)


def _is_right(question: Question, value: Any) -> bool:
    if question.kind == "hole":
        names = holes.names_of(question.program or "")
        given = value if isinstance(value, tuple) else (value,)
        return not holes.tried(question.program or "", dict(zip(names, given, strict=True))).failed
    return could_be_taken_for(value, question.right, question.exercise.digits)


def _example(question: Question, mistake: Mistake) -> Iterator[T]:
    """A mistake of a program has an example, which is wrong and shows it."""
    if not mistake.example:
        yield T("The mistake `{id}` needs an `example`, a program that has it.", id=mistake.id)
        return
    verdict = mark(question, question.fill_program(mistake.example))
    if verdict.mistake != mistake.id:
        about: dict[str, Any] = {"seed": question.seed, "id": mistake.id, "reason": verdict.message}
        yield T("Seed {seed}: the example of `{id}` is not recognised: {reason}", **about)
