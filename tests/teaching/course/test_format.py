"""A course with errors is refused, with the file and the line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from convdsl.teaching.authoring.lint import lint
from convdsl.teaching.course import CourseError, ExpressionError, load
from convdsl.teaching.course.course import read_course
from convdsl.teaching.course.draw import Dice, draw, pick
from convdsl.teaching.course.expressions import evaluate
from convdsl.teaching.questions import ask
from tests.teaching.course.conftest import COURSE, EXERCISE

Write = Callable[..., Path]


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ('kind = "predict"', 'kind = "guess"', 2, "no kind `guess`"),
        ('kind = "predict"', "kind = predict", 2, "not TOML"),
        ('concept = "one"\n', "", 1, "`concept` is missing"),
        ('concept = "one"', 'concept = "two"', 1, "no concept `two`"),
        ('title.es = "T"', 'titel.es = "T"', 4, "no key `titel`"),
        ('title.es = "T"', "", 3, "`title.es` is missing"),
        ('question.es = "¿De {N}?"', 'question.es = ""', 8, "`question.es` is missing"),
        ('hints.es = ["a", "b", "c"]', 'hints.es = ["a", "b"]', 11, "three texts"),
        ('answer = "net.out[0]"\n', "", 2, "needs `answer`"),
        ('kind = "predict"', 'kind = "predict"\nafter = ["nowhere"]', 3, "no exercise `nowhere`"),
        ('kind = "predict"', 'kind = "predict"\nafter = ["first"]', 3, "comes after itself"),
        ('kind = "predict"', 'kind = "build"', 2, "needs `solution`"),
        ('answer = "N"\nen = "no"\nes = "no"', 'answer = "N"', 12, "has no text"),
        ('answer = "N"\n', 'answer = "N"\nprogram = "x"\n', 12, "one of"),
        ('answer = "N"\n', 'anser = "N"\n', 12, "A mistake is"),
        ('draw.N = "20..60"', 'draw.N = "20..40"\nlet.N = "3"', 6, "both drawn and set"),
    ],
)
def test_a_wrong_form(written: Write, old: str, new: str, line: int, words: str) -> None:
    assert old in EXERCISE
    folder = written(EXERCISE.replace(old, new))
    with pytest.raises(CourseError) as caught:
        load(folder)
    problem = caught.value.problems[0]
    assert (problem.path.name, problem.line) == ("first.toml", line)
    assert words in str(problem)


def test_courses_that_are_none(tmp_path: Path, written: Write) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(CourseError, match="no course"):
            load(folder)
    folder = written()
    (folder / "first.toml").write_bytes(b"\xff\xfe\xfa concept")
    with pytest.raises(CourseError, match=r"first\.toml"):
        load(folder)
    (folder / "first.toml").write_bytes(b"concept = '\xe9'")
    with pytest.raises(CourseError, match="not text"):
        load(folder)


def test_two_exercises_of_one_name_and_a_circle(written: Write) -> None:
    folder = written(
        EXERCISE.replace("kind =", 'after = ["second"]\nkind ='),
        second=EXERCISE.replace("kind =", 'after = ["first"]\nkind ='),
    )
    with pytest.raises(CourseError, match="comes after itself"):
        load(folder)
    (folder / "more").mkdir()
    (folder / "more" / "first.toml").write_text(EXERCISE)
    with pytest.raises(CourseError, match="another exercise"):
        load(folder)


def test_concepts_in_a_circle(written: Write) -> None:
    circle = COURSE.replace("[concept.one]", '[concept.one]\nafter = ["one"]')
    with pytest.raises(CourseError, match=r"course.toml:3.*comes after itself"):
        load(written(course=circle))


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ('answer = "net.out[0]"', 'answer = "net.out[9]"', 7, "has no value"),
        ('answer = "net.out[0]"', 'answer = "nett.out"', 7, "no `nett`"),
        ('answer = "net.out[0]"', 'answer = "net.wide"', 7, "does not exist"),
        ('answer = "net.out[0]"', 'answer = "open(1)"', 7, "no function `open`"),
        ("conv 8 k3", "conv 8 k99", 7, "line 1"),
        ('"From {N}?"', '"From {N} and {M}?"', 8, "same values"),
        ('draw.N = "20..60"', 'draw.N = "20..40"\ndraw.M = [1, 2]', 6, "not used"),
        ('draw.N = "20..60"', 'draw.N = "40..20"', 5, "empty"),
        ('draw.N = "20..60"', 'draw.N = "20..40"\nwhere = ["N > 99"]', 6, "No numbers"),
        ('answer = "N"', 'answer = "N - 2"', 12, "gives the right answer"),
        ('answer = "N"', 'answer = "N/0"', 12, "divides by zero"),
        ('hints.en = ["a",', 'hints.en = ["{100*(N - 2)}",', 10, "same values"),
        ('es = "no"', 'es = "no"\n[mistake.other]\nanswer = "N"\nen = "x"\nes = "x"', 16, "both give"),
    ],
)
def test_lint(written: Write, old: str, new: str, line: int, words: str) -> None:
    assert old in EXERCISE
    problems = lint(load(written(EXERCISE.replace(old, new, 1))), range(1, 4))
    assert problems
    assert words in " ".join(map(str, problems))
    assert line in [p.line for p in problems]


def test_lint_sees_an_answer_in_a_hint(written: Write) -> None:
    text = EXERCISE.replace('"net.out[0]"', '"net.params"').replace('["a",', '["It is 80, or {10*8 + 100*0}",')
    assert lint(load(written(text)), [1]) == []
    text = EXERCISE.replace('"net.out[0]"', '"net.params*10"').replace('["a",', '["It is {800}",')
    assert "gives the answer 800 away" in str(lint(load(written(text)), [1])[0])


@pytest.mark.parametrize(
    "hostile",
    [
        "().__class__",
        "__import__('os')",
        "9**9**9",
        "10**30*10",
        "'a'*10**9",
        "[1]*10**9",
        "(lambda: 1)()",
        "[x for x in (1,)]",
        "N.__class__",
        "net.analysis",
        "f'{N}'",
        "N if",
        "1 +",
        "1e400",
        "max",
        "N(1)",
        "print(1)",
        "'x'.join(('a',))",
        "-" * 5000,
        "(" * 500 + "1" + ")" * 500,
        "10 % 0",
        "at(((1,),), 5, 5)",
        "maxpool(((1,),), 3)",
        "(1, 2)[True + 7]",
        "N := 3",
        "...",
    ],
)
def test_expressions_reach_nothing_else(hostile: str) -> None:
    with pytest.raises(ExpressionError):
        evaluate(hostile, {"N": 3})


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("(N + 2*P - F) // 2 + 1", 4),
        ("N / 2", 3.5),
        ("7 if N > F else 0", 7),
        ("N in (1, 7)", True),
        ("3 < F <= N", False),
        ("not N == 7 or F != 3", False),
        ("sum(((1, 2), (3, 4)))", 10),
        ("at(((1, 2), (3, 4)), 2, 1)", 3),
        ("0.1 + 0.2 == 0.3", True),
        ("correlate(((1, 2), (3, 4)), ((1, 0), (0, 1)))", ((5,),)),
        ("round(5/2)", 3),
        ("round(0 - 5/2)", -3),
        ("2**10", 1024),
    ],
)
def test_expressions(expression: str, value: object) -> None:
    assert evaluate(expression, {"N": 7, "F": 3, "P": 1}) == value


def test_drawing() -> None:
    for seed in range(50):
        dice = Dice(seed, "x")
        names = draw({"N": "8..20 by 4", "F": [3, 5], "P": "0..F-1", "A": "2x3 of -1..1"}, ["P != 1"], dice)
        assert (
            names["N"] in (8, 12, 16, 20) and names["F"] in (3, 5) and 0 <= names["P"] < names["F"] and names["P"] != 1
        )
        assert len(names["A"]) == 2 and {v for row in names["A"] for v in row} <= {-1, 0, 1}
    first = draw({"N": "1..1000"}, [], Dice(7, "size-valid"))
    assert first == draw({"N": "1..1000"}, [], Dice(7, "size-valid")) == {"N": 475}
    for source in ("", "3", "9..3", "1..10 by 0", "1..9999999", "a..b"):
        with pytest.raises(ExpressionError):
            pick(source, {}, Dice(1, "x"))


@pytest.mark.parametrize(
    "expression",
    [
        "round(7, 999999999)",
        "9**9**9",
        "mean(99999)",
        "maxpool(((1, 2), (3, 4)), 10**9)",
        "avgpool(((1,),), 1, p=10**6)",
    ],
)
def test_expressions_are_bounded(expression: str) -> None:
    with pytest.raises(ExpressionError):
        evaluate(expression, {})


POOL = """\
concept = "one"
kind = "choice"
show = 4
title.en = "T"
title.es = "T"
question.en = "Which?"
question.es = "¿Cuál?"
hints.en = ["a", "b", "c"]
hints.es = ["a", "b", "c"]
""" + "".join(
    f'[option.o{n}]\nright = {str(n < 2).lower()}\nen = "en {n}"\nes = "es {n}"\nwhy.en = "w {n}"\nwhy.es = "w {n}"\n'
    for n in range(8)
)


def test_options_are_drawn_from_a_pool(written: Write) -> None:
    (exercise,) = load(written(POOL)).exercises
    seen = set()
    for seed in range(1, 100):
        question = ask(exercise, seed)
        assert list(question.lettered) == ["a", "b", "c", "d"]
        assert [o.id for o in question.lettered.values() if o.right] == [question.lettered[question.right].id]
        seen.add(frozenset(o.id for o in question.lettered.values()))
    assert len(seen) > 30
    assert {i for s in seen for i in s} == {f"o{n}" for n in range(8)}
    assert lint(load(written(POOL)), range(1, 9)) == []


def test_lint_sees_too_few_texts_and_a_needless_excuse(written: Write) -> None:
    few = EXERCISE.replace('"20..60"', '"20..30"')
    (problem,) = lint(load(written(few)), [1])
    assert "11 different texts" in str(problem) and problem.line == 5
    assert lint(load(written('few_texts = "eleven sizes"\n' + few)), [1]) == []
    (problem,) = lint(load(written('few_texts = "none"\n' + EXERCISE)), [1])
    assert "few_texts" in str(problem) and problem.line == 1


def test_lint_sees_too_few_options(written: Write) -> None:
    seven = POOL[: POOL.rindex("[option.")]
    (problem,) = lint(load(written('draw.N = "1..99"\n' + seven.replace("?", " {N}?"))), [1])
    assert "7 options" in str(problem)
    assert not lint(load(written('few_texts = "seven deadly sins"\n' + seven)), [1])


def test_a_pool_has_to_be_large_enough(written: Write) -> None:
    problems = read_course(written(POOL.replace("show = 4", "show = 9")))[1]
    assert "`show` is a number from 2 to 8" in str(problems[0])
    alone = POOL.replace("right = false", "right = true")
    assert "4 options are shown" in str(lint(load(written(alone)), [1])[0])
