"""What statistics say of a class whose abilities and mistakes are known."""

from __future__ import annotations

import random
from fractions import Fraction
from pathlib import Path

import pytest

from convdsl.messages import use_language
from convdsl.teaching.classes.formulas import Case, explain
from convdsl.teaching.classes.grading import How
from convdsl.teaching.classes.intake import handed_in
from convdsl.teaching.classes.marks import of_class
from convdsl.teaching.classes.statistics import Pattern, correlation, items, report, stub
from convdsl.teaching.course.format import Both, read_exercise
from convdsl.teaching.sheets.roster import Roster
from convdsl.teaching.sheets.sheet import read_sheet
from tests.teaching.classes.conftest import students
from tests.teaching.classes.simulation import play

HARD = {
    "size-valid": 0.2,
    "conv-params": 0.35,
    "softmax": 0.3,
    "shuffled-pixels": 0.4,
    "channels-add-up": 0.1,
    "size-padded": 0.6,
    "conv-macs": 0.25,
    "dense-params": 0.3,
}
FORMULAS = {"size-padded": "(N - F, N - F, K)", "dense-params": "N*M + N"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("class")


def test_a_class_whose_mistakes_are_known(folder: Path) -> None:
    exercises = "".join(f"{id} = 1\n" for id in HARD)
    (folder / "sheet.toml").write_text(f'secret = "eight or more"\n[exercises]\n{exercises}')
    sheet = read_sheet(folder / "sheet.toml")
    question = next(q for q in sheet.questions("1") if q.exercise.id == "size-padded")
    assert {"N", "F", "K"} <= question.drawn.keys()
    drawn = next(q for q in sheet.questions("1") if q.exercise.id == "dense-params").drawn
    first, second = list(drawn)[:2]
    formulas = {**FORMULAS, "dense-params": f"{first}*{second} + {first}"}
    roster = Roster(students(120))
    played = play(sheet, roster.students, HARD, formulas, random.Random(7))
    for id, form in played.forms.items():
        (folder / f"{id}.txt").write_text(form, encoding="utf-8")
    results = of_class(sheet, roster, handed_in([folder], [folder / "sheet.toml"]), How(jobs=1))
    found = {item.exercise.id: item for item in items(sheet.exercises, results)}
    for id, item in found.items():
        assert item.difficulty is not None and item.discrimination is not None
        assert abs(item.difficulty - played.right[id] / 120) <= 0.02, id
    assert sum(item.discrimination or 0 for item in found.values()) > 0.5  # the able ones are right more often
    assert next(iter(found)) == min(played.right, key=lambda id: played.right[id]) == "size-padded"
    for (id, mistake), times in played.mistakes.items():
        assert found[id].mistakes[mistake] == times, (id, mistake)
    for id, times in played.formulas.items():
        (pattern,) = [p for p in found[id].patterns if p.expression]
        assert pattern.students == times, id
    assert (
        found["size-padded"].patterns[0].shown == "N − F×N − F×right"
        or "N − F" in found["size-padded"].patterns[0].shown
    )
    text = report(sheet.exercises, results)
    assert text.index("size-padded") < text.index("channels-add-up")
    assert f"{played.formulas['dense-params']} students" in text and "[mistake.found-1]" in text


def cases(n: int, value: object, seed: int = 1, **ranges: tuple[int, int]) -> list[Case]:
    dice = random.Random(seed)
    found = []
    for _ in range(n):
        numbers = {k: dice.randint(*r) for k, r in ranges.items()}
        found.append(Case(numbers, value(**numbers)))  # type: ignore[operator]
    return found


@pytest.mark.parametrize(
    ("value", "expression"),
    [
        (lambda F, C, K: F * F * C * K, "F*F*C*K"),
        (lambda F, C, K: F * C * K, "F*C*K"),
        (lambda F, C, K: F * F * C + K, "F*F*C + K"),
        (lambda F, C, K: K - F, "K - F"),
        (lambda F, C, K: (K - F) // C + 1, "(K - F)//C + 1"),
        (lambda F, C, K: Fraction(K, C), "K/C"),
        (lambda F, C, K: round(Fraction(F, C + K), 3), "F/(C + K)"),
        (lambda F, C, K: F * F * C * C * K, "F*F*C*C*K"),
        (lambda F, C, K: 2 * (C + K), "2*(C + K)"),
    ],
)
def test_formulas_behind_wrong_values(value: object, expression: str) -> None:
    noise = cases(8, lambda **_: random.Random(5).randint(200, 900), 2, F=(2, 9), C=(2, 30), K=(40, 99))
    found = explain(cases(25, value, F=(2, 9), C=(2, 30), K=(40, 99)) + noise)
    assert found is not None
    same = cases(50, value, 9, F=(2, 9), C=(2, 30), K=(40, 99))
    again = explain([Case(c.numbers, c.value) for c in same])
    assert len(found.fits) >= 25 and again is not None
    assert expression == found.expression or set(found.fits) >= set(range(25))


@pytest.mark.parametrize("seed", range(12))
def test_nothing_is_found_in_noise(seed: int) -> None:
    dice = random.Random(seed)
    for low, high in ((1, 9), (1, 99), (100, 9999)):
        noise = [Case({"N": dice.randint(5, 40), "F": dice.choice([3, 5])}, dice.randint(low, high)) for _ in range(30)]
        assert explain(noise) is None, noise


def test_numbers_that_never_change_explain_nothing() -> None:
    assert explain([Case({"N": 5}, 12)] * 20) is None


def test_stubs_are_mistakes_of_a_course(tmp_path: Path) -> None:
    from convdsl.messages import T

    lines = stub(Pattern(47, "F*F*C*K", "F·F·C·K", T("the bias is missing")), "found-1")
    use_language("en")
    assert lines == [
        "[mistake.found-1]",
        'answer = "F*F*C*K"',
        'en = "That is F·F·C·K: the bias is missing."',
        'es = "Eso es F·F·C·K: falta el sesgo."',
    ]
    from convdsl.teaching.course import SHIPPED

    source = next(SHIPPED.rglob("conv-params.toml"))
    copy = tmp_path / "conv-params.toml"
    copy.write_text(source.read_text("utf-8") + "\n" + "\n".join(lines) + "\n", encoding="utf-8")
    shared = {id: Both("x", "x") for id in ("bias", "grey", "one-filter", "side", "channels", "no-bias")}
    exercise, _ = read_exercise(copy, shared)
    assert exercise is not None and exercise.mistakes[-1].id == "found-1"


def test_correlation() -> None:
    assert correlation([0, 1, 0, 1], [1, 2, 1, 2]) == pytest.approx(1)
    assert correlation([0, 1], [1, 0]) == pytest.approx(-1)
    assert correlation([1, 1, 1], [1, 2, 3]) is None and correlation([1], [1]) is None
    # Point-biserial by its own formula: (M1 - M0)/s·√(p·q).
    xs, ys = [0, 0, 1, 1, 1], [2.0, 4.0, 5.0, 6.0, 9.0]
    s = (sum((y - 5.2) ** 2 for y in ys) / 5) ** 0.5
    assert correlation(xs, ys) == pytest.approx((20 / 3 - 3) / s * (0.6 * 0.4) ** 0.5)


def test_no_marks() -> None:
    assert report([], []) == "There are no marks to look at."
