"""How a class did, question by question: difficulty, discrimination, which mistakes, and the wrong values that no
mistake of the course explains.

Difficulty is the mean share of the points (1: everybody, 0: nobody), discrimination the point-biserial correlation with
the points of the other questions (Lord and Novick, Statistical Theories of Mental Test Scores, 1968).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from convdsl.messages import T, decimals, language, use_language
from convdsl.teaching.classes.formulas import FEWEST, Case, constants_in, explain, fits_case
from convdsl.teaching.classes.results import Answer, Result, unpack
from convdsl.teaching.course.exercise import Exercise
from convdsl.teaching.course.expressions import ExpressionError
from convdsl.teaching.course.written import written
from convdsl.teaching.questions import Question, ask

MOST_PATTERNS = 3


class Pattern(NamedTuple):
    """Wrong values that no mistake of the course explains: of so many students, as a formula of the drawn numbers.
    `expression` is empty where only the value is the same."""

    students: int
    expression: str
    shown: str
    note: T | None = None


class Item(NamedTuple):
    """One question of the class. Unclear answers count for nothing until somebody has looked at them."""

    exercise: Exercise
    answers: int
    difficulty: float | None
    discrimination: float | None
    unclear: int
    missing: int
    mistakes: Counter[str]
    patterns: tuple[Pattern, ...]


def items(exercises: Sequence[Exercise], results: Sequence[Result]) -> list[Item]:
    """The questions, the one that went worst first."""
    marked = [r for r in results if r.marked and r.answers]
    found = [_item(e, marked) for e in exercises]
    return sorted(found, key=lambda i: 2.0 if i.difficulty is None else i.difficulty)


def _item(exercise: Exercise, results: Sequence[Result]) -> Item:
    pairs = [(r, a) for r in results for a in r.answers if a.exercise == exercise.id]
    judged = [(r, a) for r, a in pairs if a.status != "unclear"]
    shares = [a.share for _, a in judged]
    rest = [math.fsum(b.points for b in r.answers if b is not a) for r, a in judged]
    return Item(
        exercise=exercise,
        answers=sum(a.status != "missing" for _, a in pairs),
        difficulty=math.fsum(shares) / len(shares) if shares else None,
        discrimination=correlation(shares, rest),
        unclear=len(pairs) - len(judged),
        missing=sum(a.status == "missing" for _, a in pairs),
        mistakes=Counter(a.mistake for _, a in pairs if a.mistake),
        patterns=tuple(_patterns(exercise, [(r, a) for r, a in pairs if a.status == "wrong" and not a.mistake])),
    )


def correlation(xs: Sequence[float], ys: Sequence[float]) -> float | None:
    """Pearson's, which is the point-biserial one where the first are 0 and 1. None where one of them does not vary."""
    n = len(xs)
    if n < 2:
        return None
    x, y = math.fsum(xs) / n, math.fsum(ys) / n
    above = math.fsum((a - x) * (b - y) for a, b in zip(xs, ys, strict=True))
    below = math.sqrt(math.fsum((a - x) ** 2 for a in xs) * math.fsum((b - y) ** 2 for b in ys))
    return above / below if below > 1e-12 else None


# Wrong values that nothing explains.


class _Wrong(NamedTuple):
    question: Question
    value: Any


def _patterns(exercise: Exercise, pairs: Sequence[tuple[Result, Answer]]) -> list[Pattern]:
    left = [w for r, a in pairs if (w := _wrong(exercise, r, a)) is not None]
    found: list[Pattern] = []
    while len(left) >= FEWEST and len(found) < MOST_PATTERNS:
        pattern, rest = _commonest(exercise, left)
        if pattern is None:
            break
        found.append(pattern)
        left = rest
    return [*found, *_same_values(left)]


def _wrong(exercise: Exercise, result: Result, answer: Answer) -> _Wrong | None:
    value = unpack(answer.value)
    if exercise.options or result.seed is None or value is None or isinstance(value, str):
        return None
    if isinstance(value, tuple) and any(isinstance(v, tuple) for v in value):
        return None
    try:
        question: Question = ask(exercise, result.seed)
        return _Wrong(question, value) if _same_kind(question.right, value) else None
    except ExpressionError:
        return None


def _same_kind(right: Any, value: Any) -> bool:
    if isinstance(right, tuple):
        return isinstance(value, tuple) and len(value) == len(right)
    return not isinstance(value, tuple)


def _commonest(exercise: Exercise, wrong: Sequence[_Wrong]) -> tuple[Pattern | None, list[_Wrong]]:
    """The formula behind most of the values, and the values that it leaves."""
    if not isinstance(wrong[0].question.right, tuple):
        right = f"({exercise.answer})"
        found = _formula([_case(w, None) for w in wrong], [w.question.right for w in wrong], right, exercise)
        if found is None:
            return None, []
        return found.pattern, [w for i, w in enumerate(wrong) if i not in found.fits]
    groups = Counter(_places(w) for w in wrong)
    for places, n in groups.most_common():
        if n < FEWEST:
            break
        group = [w for w in wrong if _places(w) == places]
        pattern, fits = _of_size(exercise, group, places)
        if pattern is not None:
            fitting = {id(group[i]) for i in fits}
            return pattern, [w for w in wrong if id(w) not in fitting]
    return None, []


def _places(wrong: _Wrong) -> tuple[int, ...]:
    """Which numbers of a size are not right."""
    pairs = zip(wrong.question.right, wrong.value, strict=True)
    return tuple(i for i, (right, value) in enumerate(pairs) if right != value)


def _of_size(
    exercise: Exercise, group: Sequence[_Wrong], places: tuple[int, ...]
) -> tuple[Pattern | None, tuple[int, ...]]:
    """A formula for each number of a size that is wrong."""
    fits = set(range(len(group)))
    parts = [f"({exercise.answer})[{i}]" for i in range(len(group[0].question.right))]
    notes, shown = [], []
    for place in places:
        cases = [_case(w, place) for w in group]
        found = _formula(cases, [w.question.right[place] for w in group], parts[place], exercise)
        if found is None:
            return None, ()
        parts[place] = found.pattern.expression
        fits &= set(found.fits)
        shown.append(found.pattern.shown)
        notes.append(found.pattern.note)
    if len(fits) < FEWEST:
        return None, ()
    text = "×".join(shown[places.index(i)] if i in places else str(T("right")) for i in range(len(parts)))
    return Pattern(len(fits), f"({', '.join(parts)})", text, notes[0]), tuple(sorted(fits))


class _Formula(NamedTuple):
    pattern: Pattern
    fits: tuple[int, ...]


def _case(wrong: _Wrong, place: int | None) -> Case:
    numbers = {k: v for k, v in wrong.question.drawn.items() if isinstance(v, int | Fraction)}
    return Case(numbers, wrong.value if place is None else wrong.value[place])


def _formula(cases: Sequence[Case], rights: Sequence[Any], right: str, exercise: Exercise) -> _Formula | None:
    """The formula of the drawn numbers that fits most of the cases; if there is none, one with the right answer in it."""
    constants = constants_in(exercise.program)
    found = explain(cases, constants)
    if found is not None:
        note = _difference(found.fits, cases, rights, exercise)
        return _Formula(Pattern(len(found.fits), found.expression, found.shown, note), found.fits)
    with_right = [Case({**c.numbers, "RIGHT": r}, c.value) for c, r in zip(cases, rights, strict=True)]
    found = explain(with_right, constants)
    if found is None or "RIGHT" not in found.expression:
        return None
    shown = found.shown.replace("RIGHT", str(T("right answer")))
    return _Formula(Pattern(len(found.fits), found.expression.replace("RIGHT", right), shown), found.fits)


def _difference(fits: Sequence[int], cases: Sequence[Case], rights: Sequence[Any], exercise: Exercise) -> T | None:
    """What the values that a formula fits lack, or have too much of."""
    less = [Case(_with_biases(cases[i], exercise), rights[i] - cases[i].value) for i in fits]
    for name in ("BIASES", *(n for n in less[0].numbers if n != "BIASES"), "1", "2"):
        if name == "BIASES" and "BIASES" not in less[0].numbers:
            continue
        if all(fits_case(name, c) for c in less):
            return T("the bias is missing") if name == "BIASES" else T("{part} is missing", part=name)
        if all(fits_case(f"0 - {name}", c) for c in less):
            return T("the bias is too much") if name == "BIASES" else T("{part} is too much", part=name)
    return None


def _with_biases(case: Case, exercise: Exercise) -> dict[str, Any]:
    """A student's numbers, and how many biases the network of the exercise has with them."""
    from convdsl.teaching.course.facts import network
    from convdsl.teaching.course.written import fill_program

    numbers = dict(case.numbers)
    try:
        net = network(fill_program(exercise.program, numbers)) if exercise.program else None
        biases = sum(net.layer(n + 1).biases for n in range(net.layers)) if net is not None else 0
    except (ExpressionError, TypeError):
        biases = 0
    return {**numbers, "BIASES": biases} if biases else numbers


def _same_values(left: Sequence[_Wrong]) -> list[Pattern]:
    """Values that several students wrote and no formula gives."""
    counted = Counter(w.value for w in left)
    return [Pattern(n, "", written(value)) for value, n in counted.most_common(MOST_PATTERNS) if n >= FEWEST]


# The report.


def report(exercises: Sequence[Exercise], results: Sequence[Result]) -> str:
    """The statistics in plain text, and a `[mistake]` for the course's file for each formula."""
    marked = [r for r in results if r.marked and r.answers]
    if not marked:
        return str(T("There are no marks to look at."))
    found = items(exercises, results)
    shares = [r.points / r.of for r in marked if r.of]
    mean = math.fsum(shares) / len(shares)
    lines = [
        str(
            T(
                "One student, mean {mean} % of the points. The question that went worst comes first.",
                "{n} students, mean {mean} % of the points. The question that went worst comes first.",
                n=len(marked),
                mean=f"{mean * 100:.0f}",
            )
        ),
        "",
        *_table(found),
    ]
    for item in found:
        lines += _details(item)
    return "\n".join(lines)


def _table(found: Sequence[Item]) -> list[str]:
    head = ["", T("difficulty"), T("discrimination"), T("answers"), T("unclear"), T("missing")]
    rows = [[str(h) for h in head]]
    rows += [
        [i.exercise.id, _two(i.difficulty), _two(i.discrimination), str(i.answers), str(i.unclear), str(i.missing)]
        for i in found
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(c.ljust(w) if n == 0 else c.rjust(w) for n, (c, w) in enumerate(zip(r, widths, strict=True)))
        for r in rows
    ]


def _two(value: float | None) -> str:
    return "–" if value is None else decimals(f"{value:.2f}").replace("-", "−")


def _details(item: Item) -> list[str]:
    if not item.mistakes and not item.patterns:
        return []
    lines = ["", f"{item.exercise.id} · {item.exercise.title}"]
    for id, n in sorted(item.mistakes.items(), key=lambda pair: (-pair[1], pair[0])):
        lines.append(f"  {_students(n)}: {id}")
    for pattern in item.patterns:
        note = f", {pattern.note}" if pattern.note is not None else ""
        lines.append(f"  {_students(pattern.students)}: {pattern.shown}{note}")
    named = [p for p in item.patterns if p.expression]
    taken = {m.id for m in item.exercise.mistakes}
    if named:
        lines += ["", f"    # {item.exercise.path.name}"]
    for number, pattern in enumerate(named, 1):
        lines += [f"    {line}" for line in stub(pattern, _new_id(number, taken))]
    return lines


def _students(n: int) -> T:
    return T("one student", "{n} students", n=n)


def _new_id(number: int, taken: set[str]) -> str:
    id = f"found-{number}"
    while id in taken:
        id += "-b"
    return id


def stub(pattern: Pattern, id: str) -> list[str]:
    """A `[mistake]` for the file of an exercise, with a text in both languages to go on from."""
    texts = {}
    before = language()
    for name in ("en", "es"):
        use_language(name)
        said = T("That is {formula}: {note}.", formula=pattern.shown, note=pattern.note)
        texts[name] = str(said if pattern.note else T("That is {formula}.", formula=pattern.shown))
    use_language(before)
    lines = [f"[mistake.{id}]", f'answer = "{pattern.expression}"']
    return [*lines, *(f'{name} = "{text}"' for name, text in texts.items())]
