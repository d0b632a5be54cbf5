"""A class's answers: every student gets a row and his own numbers, and one slip costs one answer at most."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from convdsl.messages import use_language
from convdsl.teaching.classes.forms import read_form
from convdsl.teaching.course import Course
from convdsl.teaching.reading.html import text_of_html
from convdsl.teaching.sheets.roster import Roster
from convdsl.teaching.sheets.sheet import Sheet
from tests.teaching.classes.conftest import IDS, Marks, filled, students


def wrong(sheet: Sheet, id: str) -> str:
    """A form with answers that nobody's numbers give."""
    lines = [f"sheet: {sheet.id}", f"id: {id}"]
    for question in sheet.questions(id):
        right = question.right if not question.multiline and question.kind != "hole" else None
        if question.exercise.options:
            text = next(letter for letter in question.lettered if letter != right)
        elif question.multiline:
            text = "input 3x3x3\nconv 1 k1"
        elif question.kind == "hole":
            text = "p = 77"
        elif isinstance(right, tuple):
            text = "x".join("9999999" for _ in right) if not isinstance(right[0], tuple) else "9 9; 9 9"
        else:
            text = "987654321"
        lines += [f"[{question.exercise.id}]", text]
    return "\n".join(lines)


def test_everybody_has_a_row(marks: Marks, sheet: Sheet) -> None:
    found = marks({"a.txt": filled(sheet, "101"), "b.pdf": b"%PDF-1", "102.pdf": b"%PDF-1", "x.txt": "hello"})
    assert {id: r.statuses for id, r in found.items()} == {
        "101": ("marked",),
        "102": ("unreadable",),
        "103": ("absent",),
        "104": ("absent",),
        "b.pdf": ("unknown",),
        "x.txt": ("unknown",),
    }
    assert (found["101"].points, found["101"].of) == (10, 10)
    assert [found[i].marked for i in ("101", "102", "103")] == [True, False, False]
    assert "PDF" in found["102"].notes[0]


def test_a_roster_sorts_as_people_do(marks: Marks, sheet: Sheet) -> None:
    assert list(marks({"a.txt": filled(sheet, "101")})) == ["101", "102", "103", "104"]  # Ana, Luis, Óscar, Zoe


# What teachers met: a file, and the points it has to get.


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_encodings(marks: Marks, sheet: Sheet, encoding: str, ends: str) -> None:
    text = "# Añada aquí sus respuestas\n" + filled(sheet, "101", size_valid="0")
    text = text.replace("×", "x").replace("≈", "").replace("−", "-").replace("→", "->")
    found = marks({"a.txt": text.replace("\n", ends).encode(encoding)})["101"]
    assert (found.points, found.statuses[0]) == (9, "marked"), [a for a in found.answers if a.status != "right"]


FOLDER = "Ana Ruiz_10001_assignsubmission_file_"


@pytest.mark.parametrize(
    "place",
    [
        f"{FOLDER}/answers.txt",
        f"{FOLDER}answers.txt",
        f"{FOLDER}/inner/answers.txt",
        "Ruiz, Ana_10001_assignsubmission_file_/answers.txt",
        "101/answers.txt",
        "Ana Ruiz/answers.txt",
        "101.txt",
        "ana@x.es.txt",
        "Ana Ruiz.txt",
    ],
)
def test_whose_a_file_is(marks: Marks, sheet: Sheet, place: str) -> None:
    found = marks({place: filled(sheet, "101", head=False)})
    assert found["101"].points == 10 and found["101"].statuses == ("marked",)


def test_text_typed_into_moodle(marks: Marks, sheet: Sheet) -> None:
    text = filled(sheet, "102").replace("&", "&amp;").replace("<", "&lt;")
    for before, between, after in [("<p>", "</p>\n<p>", "</p>"), ("", "<br />", ""), ("<pre>", "\n", "</pre>")]:
        page = before + text.replace("\n", between) + after
        found = marks({"Luis Gil_10002_assignsubmission_onlinetext_/onlinetext.html": page})["102"]
        assert found.points == 10, [a for a in found.answers if a.status != "right"]


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("<ol><li>5</li><li>0,5&nbsp;</li></ol>", "1. 5\n2. 0,5\n"),
        ('<ol start="3"><li>x</li></ol>', "3. x\n"),
        ("<table><tr><td>1</td><td>2</td></tr><tr><td>3</td><td>4</td></tr></table>", "1 2\n3 4\n"),
        ("2·10<sup>7</sup>", "2·10^7\n"),
        ("a<script>alert('[x]')</script>b<!-- [y] -->c", "abc\n"),
        ("3 < 4 y 5 > 2", "3 < 4 y 5 > 2\n"),
        ("&lt;p&gt;", "<p>\n"),
        ("<" * 150_000, "<" * 150_000 + "\n"),
        ("<a" * 70_000, "<a" * 70_000 + "\n"),
        ("<!--" * 40_000, "\n"),
    ],
    ids=range(10),
)
def test_html(page: str, text: str) -> None:
    lines = [" ".join(line.split()) for line in text_of_html(page).splitlines()]
    assert [line for line in lines if line] == [line for line in text.splitlines() if line]


def test_a_copied_file_is_marked_with_ones_own_numbers(marks: Marks, sheet: Sheet) -> None:
    found = marks({f"{FOLDER}/a.txt": filled(sheet, "102") + "\nseed: 12\n", "102.txt": filled(sheet, "102")})
    assert found["102"].points == 10
    assert found["101"].points <= 4  # what happens to be the same for both
    assert "form is that of 102" in found["101"].notes[0]
    wrong_ones = [a for a in found["101"].answers if a.status == "wrong"]
    assert len(wrong_ones) >= 5 and all(a.near == ("102",) for a in wrong_ones)
    assert not any(a.near for a in found["102"].answers)


def test_one_answer_of_a_neighbour_is_flagged(marks: Marks, sheet: Sheet) -> None:
    other = {q.exercise.id: q for q in sheet.questions("103")}["size-padded"]
    found = marks({"101.txt": filled(sheet, "101", size_padded=other.answer)})["101"]
    assert [a.near for a in found.answers if a.status == "wrong"] == [("103",)]
    assert found.points == 9


def test_slips_in_a_form(marks: Marks, sheet: Sheet) -> None:
    good = filled(sheet, "101")
    for slip in ("[keep-the-sise]", "keep-the-sise:", "[Keep-the-siz]"):
        found = marks({"101.txt": good.replace("[keep-the-size]", slip)})["101"]
        assert found.points == 9
        (open_one,) = [a for a in found.answers if a.status != "right"]
        assert (open_one.exercise, open_one.status) == ("keep-the-size", "unclear")
        assert "[keep-the-size] is meant?" in open_one.message and open_one.written
        assert "unclear" in found.statuses
    found = marks({"101.txt": good + "\n[extra-thing]\n3"})["101"]
    assert found.points == 10 and "extra-thing" in found.notes[0]
    found = marks({"101.txt": good + "\n[softmax]\n17"})["101"]
    assert found.points == 9 and [a.status for a in found.answers if a.status != "right"] == ["unclear"]
    found = marks({"101.txt": good + "\n[softmax]\n\n[size-valid]\n"})["101"]
    assert found.points == 10


def test_numbered_answers_of_the_printed_sheet(marks: Marks, sheet: Sheet) -> None:
    questions = sheet.questions("101")
    for style in (
        "{n}. {a}",
        "{n}) {a}",
        "{n}.- {a}",
        "Ejercicio {n}: {a}",
        "Question {n}\n{a}",
        "{n}.\n{a}",
        "{n}º {a}",
        "[{n}] {a}",
    ):
        text = "\n".join(style.format(n=n, a=q.answer) for n, q in enumerate(questions, 1))
        found = marks({"101.txt": text})["101"]
        assert found.points == 10, (style, [a for a in found.answers if a.status != "right"])


@pytest.mark.parametrize(
    "text",
    [
        "## [size-valid]\n5x5\n## [softmax]\n0.5",
        "size valid: 5x5\nsoftmax: 0.5",
        "**size-valid:** 5x5\n**softmax**: 0.5",
        "> [size-valid]\n> 5x5\n> [softmax]\n> 0.5",
        "［size-valid］ 5x5\n【softmax】 0.5",
        "[softmax]\r0.5\r[size-valid]\r5x5",
        "**1.** 5x5\n**4.** 0.5",
        "1. Filtros sobre una imagen: 5x5\n4) Softmax, with the exponentials given – 0.5",
        "1.\t5x5\n\n4.\t0.5",
        "[size-valid]: 5x5\n[size-valid]\n[softmax] = 0.5",
    ],
)
def test_ways_to_fill_in_a_form(sheet: Sheet, text: str) -> None:
    assert read_form(text, sheet.exercises).answers == {"size-valid": "5x5", "softmax": "0.5"}


def test_all_wrong_is_nothing(marks: Marks, sheet: Sheet) -> None:
    found = marks({"101.txt": wrong(sheet, "101")})["101"]
    assert found.points < 0.8  # part of the requirements on a program may hold
    assert [a.status for a in found.answers if a.status == "right"] == []


def test_the_newest_readable_file_counts(marks: Marks, sheet: Sheet, tmp_path: Path) -> None:
    files = {
        f"{FOLDER}/a.txt": filled(sheet, "101", softmax="17"),
        f"{FOLDER}/b.txt": filled(sheet, "101"),
        f"{FOLDER}/c.docx": b"PK\x03\x04",
    }
    marks(files)
    folder = tmp_path / "handed in" / FOLDER
    for n, name in enumerate(["b.txt", "a.txt", "c.docx"]):
        os.utime(folder / name, (1_700_000_000 + n, 1_700_000_000 + n))
    found = marks({})["101"]
    assert (found.points, found.statuses, found.places[0]) == (9, ("marked", "several"), f"{FOLDER}/a.txt")
    assert any("b.txt" in n for n in found.notes) and any("Word" in n for n in found.notes)
    found = marks({}, on=replace(sheet, attempts=1))["101"]
    assert found.points == 10 and any("One file was allowed" in n for n in found.notes)


def test_two_participants_of_one_name_are_not_one_student(marks: Marks, sheet: Sheet) -> None:
    found = marks({f"{FOLDER}/a.txt": filled(sheet, "101"), f"{FOLDER.replace('10001', '10009')}/a.txt": "[softmax] 3"})
    assert found["101"].statuses == ("absent",)
    assert all("Two participants are called Ana Ruiz" in r.notes[0] for p, r in found.items() if p.startswith("Ana"))
    assert len(found) == 4 + 2


def test_late_work_is_named_and_keeps_what_the_sheet_says(marks: Marks, sheet: Sheet) -> None:
    files: dict[str, str | bytes] = {"101.txt": filled(sheet, "101")}
    due = replace(sheet, deadline=datetime(2020, 1, 1))
    found = marks(files, on=due)["101"]
    assert (found.statuses, found.points) == (("marked", "late"), 10)
    assert marks(files, on=replace(due, late=0.5))["101"].points == 5
    assert marks(files, on=replace(sheet, deadline=datetime(2999, 1, 1)))["101"].statuses == ("marked",)


def test_a_sheet_that_changed_is_noticed(marks: Marks, sheet: Sheet) -> None:
    from convdsl.teaching.classes.grading import How

    old = filled(sheet, "101")
    new = replace(sheet, secret="another long secret")
    found = marks({"101.txt": old}, on=new)["101"]
    assert found.statuses == ("refused",) and not found.marked
    assert sheet.version in found.notes[0] and new.version in found.notes[0]
    assert marks({"101.txt": old}, How(jobs=1, changed=True), on=new)["101"].marked
    found = marks({"101.txt": old}, on=replace(sheet, id="s2"))["101"]
    assert found.statuses == ("refused",) and "another sheet, s1" in found.notes[0]
    assert replace(sheet, deadline=datetime(2020, 1, 1)).version == sheet.version
    assert replace(sheet, points=(2.0, *sheet.points[1:])).version != sheet.version


def test_points_and_part_marks(marks: Marks, sheet: Sheet, course: Course) -> None:
    matrix = next(q for q in sheet.questions("101") if q.exercise.id == "binary-map")
    rows = [list(map(str, row)) for row in matrix.right]
    rows[0][0] = "77"
    text = filled(sheet, "101", binary_map="\n".join(" ".join(r) for r in rows))
    worth = replace(sheet, points=tuple(6.0 if i == "binary-map" else 1.0 for i in IDS))
    entries = sum(map(len, rows))
    found = marks({"101.txt": text.replace(sheet.version, worth.version)}, on=worth)["101"]
    assert found.of == 15 and found.points == pytest.approx(9 + 6 * (entries - 1) / entries, abs=1e-5)
    found = marks({}, on=replace(worth, partial=False))["101"]
    assert found.points == 9


def test_the_form_that_was_not_filled_in(marks: Marks, sheet: Sheet) -> None:
    from convdsl.teaching.sheets.assign import handouts
    from convdsl.teaching.sheets.roster import Student

    (handout,) = handouts(sheet, [Student("101", "Ana Ruiz")])
    found = marks({"101.txt": handout.files["answers.txt"]})["101"]
    assert found.marked and found.points == 0 and {a.status for a in found.answers} == {"missing"}
    assert "Nothing is filled in." in found.notes


def test_forms_of_programs_keep_comments(course: Course) -> None:
    exercises = [course.by_id["under-a-budget"], course.by_id["size-valid"]]
    form = read_form("[under-a-budget]\n# my net\ninput 32x32x3\ngap\n[size-valid]\n# note\n28x28x6\n", exercises)
    assert form.answers["under-a-budget"].startswith("# my net")
    assert form.answers["size-valid"] == "28x28x6"


def test_two_hundred_students_with_ten_questions(tmp_path: Path, sheet: Sheet) -> None:
    from convdsl.teaching.classes.feedback import page
    from convdsl.teaching.classes.grading import How
    from convdsl.teaching.classes.intake import handed_in
    from convdsl.teaching.classes.marks import of_class

    roster = Roster(students(200))
    (tmp_path / "in").mkdir()
    for student in roster.students:
        (tmp_path / "in" / f"{student.id}.txt").write_text(filled(sheet, student.id, softmax="17"), encoding="utf-8")
    begun = os.times()
    results = of_class(sheet, roster, handed_in([tmp_path / "in"]), How(jobs=2, explain=True))
    assert all("<code>17</code>" in page(sheet, r) for r in results) and {r.points for r in results} == {9}
    spent = os.times()
    seconds = sum(b - a for a, b in zip(begun[:4], spent[:4], strict=True))
    assert seconds < 20, "ten seconds on two cores"


def test_two_of_one_name(sheet: Sheet, tmp_path: Path) -> None:
    from convdsl.teaching.classes.grading import How
    from convdsl.teaching.classes.intake import handed_in
    from convdsl.teaching.classes.marks import of_class
    from convdsl.teaching.sheets.roster import read_roster

    twins: Roster = read_roster(b"id,name\n1001,Ana Ruiz\n1002,Ana Ruiz\n")
    place = tmp_path / "in" / FOLDER
    place.mkdir(parents=True)
    (place / "a.txt").write_text(filled(sheet, "1001"))
    results = of_class(sheet, twins, handed_in([tmp_path / "in"]), How(jobs=1))
    assert [r.statuses for r in results] == [("absent",), ("absent",), ("unknown",)]
    assert "Two students are called Ana Ruiz" in results[2].notes[0]
    assert all(r.statuses == ("absent",) and "may be his" in r.notes[0] for r in results[:2])
    results = of_class(sheet, twins, handed_in([tmp_path / "in"]), How(jobs=1), {"10001": twins.students[1]})
    assert [r.statuses[0] for r in results] == ["absent", "marked"]
    assert results[1].points < 5 and "form is that of 1001" in results[1].notes[0]
    others: Roster = read_roster(b"id,name\n1001,Ruiz Sanz Ana\n")
    results = of_class(sheet, others, handed_in([tmp_path / "in"]), How(jobs=1))
    assert [r.statuses for r in results] == [("absent",), ("unknown",)]
    assert "folder is that of Ana Ruiz, who is not on the roster; the form in it names 1001" in results[1].notes[0]


@pytest.mark.parametrize(("written", "spoken"), [("en", "es"), ("es", "en")])
def test_a_form_is_marked_in_its_own_language(marks: Marks, sheet: Sheet, written: str, spoken: str) -> None:
    """An option's text is known in the language of the sheet that the student had, whatever the lecturer speaks."""
    use_language(written)
    question = sheet.questions("101")[IDS.index("shuffled-pixels")]
    text = dict(question.options)[question.right]
    form = filled(sheet, "101", shuffled_pixels=text)
    use_language(spoken)
    found = marks({"101.txt": f"idioma: {written}\n{form}", "102.txt": filled(sheet, "102", shuffled_pixels=text)})
    assert found["101"].points == 10
    answer = found["102"].answers[IDS.index("shuffled-pixels")]
    assert (answer.status, answer.points) == ("unclear", 0)


def test_of_two_answers_both_are_shown(marks: Marks, sheet: Sheet) -> None:
    form = filled(sheet, "101", conv_params="1") + "\n[conv-params]\n2\n"
    answer = marks({"101.txt": form})["101"].answers[IDS.index("conv-params")]
    assert answer.status == "unclear"
    assert answer.written.split() == ["1", "[conv-params]", "2"]
