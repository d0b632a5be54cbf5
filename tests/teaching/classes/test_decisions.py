"""The lecturer's rulings on unclear answers: written down once, applied ever after, and never to another answer."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from convdsl.teaching.classes.decisions import Decisions, Key, key_of
from convdsl.teaching.classes.results import Answer, Result
from convdsl.teaching.sheets.tables import TableError
from tests.conftest import Convdsl

HEAD = "exercise,seed,answer,why it is unclear,verdict\n"


def answer(text: str, status: str = "unclear", exercise: str = "conv-params") -> Answer:
    return Answer(exercise, status, 0.0, 2.0, written=text, message="not understood")


def result(*answers: Answer, seed: int = 7) -> Result:
    return Result("1", "Ana", ("unclear",), answers, seed=seed)


def test_unclear_answers_are_written_down_once() -> None:
    results = [result(answer("4736 plátanos"), answer("-3 o 4")), result(answer("4736  plátanos"))]
    table = Decisions().with_open(results).table()
    assert table.splitlines()[1:] == [
        f"conv-params,7,4736 plátanos,not understood,{Key('conv-params', 7, '4736 plátanos').code},",
        f"conv-params,7,'-3 o 4,not understood,{Key('conv-params', 7, '-3 o 4').code},",
    ]
    again = Decisions.read(table.encode())
    assert list(again.rows) == [Key("conv-params", 7, "4736 plátanos").code, Key("conv-params", 7, "-3 o 4").code]
    assert again.with_open(results).table() == table
    assert again.applied(results[0]) == results[0]


@pytest.mark.parametrize(
    ("word", "status", "points"),
    [
        ("right", "right", 2),
        ("BIEN", "right", 2),
        ("sí", "right", 2),
        ("wrong", "wrong", 0),
        ("mal", "wrong", 0),
        ("no", "wrong", 0),
        ("0.5", "wrong", 1),
        ("0,5", "wrong", 1),
        ("1/4", "wrong", 0.5),
        ("1", "right", 2),
        ("0", "wrong", 0),
    ],
)
def test_a_ruling_is_applied(word: str, status: str, points: float) -> None:
    decisions = Decisions.read(f'{HEAD}conv-params,7,4736 plátanos,,"{word}"\n'.encode())
    found = decisions.applied(result(answer("4736 plátanos"), answer("x")))
    assert (found.answers[0].status, found.answers[0].points) == (status, points)
    assert found.answers[1].status == "unclear" and "unclear" in found.statuses
    alone = decisions.applied(result(answer("4736 plátanos")))
    assert alone.statuses == ("marked",) and alone.points == points


def test_a_ruling_is_for_these_numbers_and_this_text_alone() -> None:
    decisions = Decisions.read(f"{HEAD}conv-params,7,4736 plátanos,,right\n".encode())
    others = [
        result(answer("4736 plátanos"), seed=8),
        result(answer("4737 plátanos")),
        result(answer("4736 plátanos", exercise="dense-params")),
    ]
    assert [decisions.applied(r) for r in others] == others


@pytest.mark.parametrize("seed", ["9.05525E+18", "9,05525E+18", "9055245056862680000"])
def test_a_ruling_survives_a_spreadsheet(seed: str) -> None:
    results = [result(answer("3/4 ó 5"), seed=9055245056862682589)]
    saved = (
        Decisions().with_open(results).table().replace("9055245056862682589", f'"{seed}"').replace("3/4 ó 5", "03-abr")
    )
    saved = saved.rstrip() + "bien\r\n"
    again = Decisions.read(saved.encode())
    assert again.applied(results[0]).answers[0].points == 2
    assert len(again.with_open(results).rows) == 1
    assert again.applied(result(answer("03-abr"), seed=9055245056862682589)).answers[0].points == 0


def test_a_ruling_wins_over_a_verdict() -> None:
    decisions = Decisions.read(f"{HEAD}conv-params,7,9999,,right\n".encode())
    assert decisions.applied(result(answer("9999", "wrong"))).answers[0].points == 2
    assert decisions.of(answer("9999"), 7) == Fraction(1) and key_of(answer(" 9999 "), 7).text == "9999"


@pytest.mark.parametrize(
    "text",
    [
        "id,name\n1,Ana\n",
        f"{HEAD}conv-params,7,x,,maybe\n",
        f"{HEAD}conv-params,7,x,,2\n",
        f"{HEAD}conv-params,7,x,,1/0\n",
        f"{HEAD}conv-params,seven,x,,right\n",
        f"{HEAD}conv-params,7,x,,right\nconv-params,7,x,,wrong\n",
        "",
    ],
)
def test_what_is_no_table_of_decisions(text: str) -> None:
    with pytest.raises(TableError):
        Decisions.read(text.encode())


def test_by_command_line(convdsl: Convdsl, tmp_path: Path) -> None:
    folder = tmp_path / "handed"
    folder.mkdir()
    (folder / "a.txt").write_text("seed: 7\n[conv-params]\n4736 plátanos\n[size-valid]\n4 mapas de 26x26\n", "utf-8")
    table = tmp_path / "rulings.csv"
    done = convdsl("grade", str(folder), "--decisions", str(table), "--lang", "es")
    assert done.returncode == 0 and "1/2" in done.stdout and "rulings.csv" in done.stderr
    written = table.read_text("utf-8-sig")
    assert written.startswith("ejercicio,semilla,") and "plátanos" in written
    table.write_text(written.rstrip("\n") + "bien\n", "utf-8-sig")
    done = convdsl("grade", str(folder), "--decisions", str(table), "--lang", "es")
    assert "2/2" in done.stdout and done.stderr == ""
    table.write_text("something else\n1\n", "utf-8")
    done = convdsl("grade", str(folder), "--decisions", str(table))
    assert done.returncode == 2 and "no table of decisions" in done.stderr
    assert table.read_text("utf-8") == "something else\n1\n"
