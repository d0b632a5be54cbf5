"""Pictures in the questions of a course: on paper, in a page, in question banks and in letters; and that they give nothing
away."""

from __future__ import annotations

import base64
import re
import xml.etree.ElementTree as ElementTree
from fractions import Fraction

import pytest

from convdsl.drawing.scene import Line, Text
from convdsl.messages import use_language
from convdsl.teaching.authoring.lint import lint_exercise
from convdsl.teaching.course import Course, Exercise
from convdsl.teaching.course.expressions import ExpressionError, evaluate
from convdsl.teaching.course.facts import network
from convdsl.teaching.course.seen import GREYS, Seen
from convdsl.teaching.marking import mark
from convdsl.teaching.questions import ask
from convdsl.teaching.sheets.gift import gift
from convdsl.teaching.sheets.moodle_xml import moodle_xml
from convdsl.teaching.sheets.printing import seeded, sheet
from convdsl.teaching.sheets.quiz import banks

RESIDUAL = network("input 8x8x4 -> conv 6 k3 relu -> residual {\n conv 6 k3 p1 relu -> conv 6 k3 p1\n } -> dense 3")


def seen(expression: str, **names: object) -> Seen:
    value = evaluate(expression, names)
    assert isinstance(value, Seen)
    return value


def pictured(course: Course) -> list[Exercise]:
    """The exercises with pictures in their questions or options."""
    asked = [ask(e, 3) for e in course.exercises]
    told = [(q.exercise, [*q.told, *(p for o in q.lettered.values() for p in q.option_told(o))]) for q in asked]
    return [e for e, pieces in told if any(isinstance(p, Seen) for p in pieces)]


def test_the_course_has_pictures_and_asks_of_them(course: Course) -> None:
    found = {e.id: e.kind for e in pictured(course)}
    assert len(found) >= 10 and {"choice", "slip", "build", "predict", "complete"} <= set(found.values())
    assert {"map-to-kernel", "which-drawing", "slip-in-drawing"} <= found.keys()


@pytest.mark.parametrize("language", ["en", "es"])
def test_every_picture_is_a_clean_svg_that_says_no_more_than_its_text(course: Course, language: str) -> None:
    use_language(language)
    for exercise in pictured(course):
        question = ask(exercise, 8)
        pieces = [*question.told, *(p for o in question.lettered.values() for p in question.option_told(o))]
        for piece in (p for p in pieces if isinstance(p, Seen)):
            for page in (False, True):
                svg = piece.node(page).svg
                root = ElementTree.fromstring(svg)
                titles = [e.text for e in root.iter("{http://www.w3.org/2000/svg}title")]
                assert titles == ["the picture" if language == "en" else "la imagen"]
                assert root.findtext("{http://www.w3.org/2000/svg}desc") == piece.text
                assert svg.count("http") == 1 and "<script" not in svg and "<style" not in svg
                words = {w for e in root.iter("{http://www.w3.org/2000/svg}text") for w in (e.text or "").split()}
                axes = exercise.id == "curves"  # its words are the numbers at the axes
                assert axes or words <= set(re.split(r"\s+|@", piece.text)) | set(piece.text.split()), (
                    exercise.id,
                    words,
                )


def test_greys_are_the_values() -> None:
    for rows in (((0, 3), (9, 6)), ((-4, 0), (2, 4)), ((0, 0),), ((Fraction(1, 3), 1),), ((-2, -1),)):
        one = seen("picture(A)", A=rows)
        values = [Fraction(v) for row in rows for v in row]
        far = max(map(abs, values))
        low = -far if min(values) < 0 else Fraction(0)
        steps = [int(s.fill.partition(":")[2]) for s in one.scene.groups[0].shapes]  # type: ignore[union-attr]
        for value, step in zip(values, steps, strict=True):
            share = (value - low) / (far - low) if far else Fraction(0)
            assert abs(Fraction(step, GREYS - 1) - share) <= Fraction(1, GREYS - 1)
        assert one.text.split() == [str(v).replace("-", "−") for row in rows for v in row]


def test_a_curve_goes_through_its_values() -> None:
    for values in ((2.3, 1.1, 0.5), (0, 0), (60, 18, 7), (0.25, 2)):
        one = seen("plot(V)", V=tuple(Fraction(str(v)) for v in values))
        (points,) = (s.points for s in one.scene.groups[0].shapes if isinstance(s, Line) and s.line == "line:conv")
        assert len(points) == len(values)
        marks = [float(s.text) for s in one.scene.groups[0].shapes if isinstance(s, Text) and s.x < 36]
        assert max(marks) >= max(values)
        for (_, y), value in zip(points, values, strict=True):
            assert y == pytest.approx(10 + 110 * (1 - float(value) / max(marks)))


def test_a_drawing_in_letters() -> None:
    text = seen("drawing(net, instead=((2, '?'), (4, (7, 7))))", net=RESIDUAL).text
    assert text.splitlines() == [
        "input                8×8×4",
        "conv 6 k3 relu       6×6×6",
        "residual",
        "├ ·",
        "├ conv 6 k3 p1 relu  ?",
        "│ conv 6 k3 p1       6×6×6",
        "└ add                7×7",
        "dense 3              3",
    ]
    bare = seen("drawing(net, numbers=0, show='none')", net=RESIDUAL).text
    assert re.sub(r"\d+×\d+×\d+", "", bare).split() == [
        "input",
        "conv",
        "relu",
        "residual",
        "├",
        "·",
        "├",
        "conv",
        "relu",
        "│",
        "conv",
        "└",
        "add",
        "dense",
    ]
    drawn = seen("drawing(net, numbers=0, instead=((2, '?'),))", net=RESIDUAL).node().svg
    assert ">?<" in drawn and "k3" not in drawn and "params" not in drawn


WRONG = """
drawing(3)
drawing(net, 'cubes')
drawing(net, show='weather')
drawing(net, shape='whc')
drawing(net, instead=((9, '?'),))
drawing(net, instead=3)
picture(3)
picture(((1, 'a'),))
plot((1,))
plot((1, -2))
"""


@pytest.mark.parametrize("wrong", WRONG.split("\n")[1:-1])
def test_what_cannot_be_drawn_says_so(wrong: str) -> None:
    with pytest.raises(ExpressionError):
        evaluate(wrong, {"net": RESIDUAL})


def test_a_sheet_shows_them_in_every_format(course: Course) -> None:
    questions = [ask(course.by_id[id], 5) for id in ("map-to-kernel", "kernel-to-map", "which-drawing")]
    shown = sum(
        isinstance(p, Seen)
        for q in questions
        for p in (*q.told, *(p for o in q.lettered.values() for p in q.option_told(o)))
    )
    made = {f: sheet(course, questions, seeded(course, 5), f, key=True) for f in ("markdown", "latex", "html")}
    assert made["markdown"].count("](data:image/svg+xml;base64,") == shown == 11
    assert made["latex"].count(r"\begin{tikzpicture}") == shown and made["latex"].count(r"\usepackage{tikz}") == 1
    assert made["html"].count("<svg") == shown and made["html"].count("<figure") == shown
    assert "src=" not in made["html"] and "<script" not in made["html"]
    plain = sheet(course, [ask(course.by_id["conv-params"], 5)], seeded(course, 5), "latex")
    assert "tikz" not in plain


def test_question_banks_have_them_as_files_or_in_the_text(course: Course) -> None:
    exercises = [course.by_id[id] for id in ("kernel-to-map", "slip-in-drawing")]
    xml = ElementTree.fromstring("\n".join(moodle_xml(banks(course, exercises, 2))))
    files = list(xml.iter("file"))
    assert len(files) == 2 * (1 + 4) + 2
    assert all(base64.b64decode(f.text or "").startswith(b"<svg") for f in files)
    assert "\n".join(gift(banks(course, exercises, 2))).count(r"data\:image/svg+xml;base64,") == len(files)


def test_a_picture_is_chosen_by_its_letter(course: Course) -> None:
    question = ask(course.by_id["kernel-to-map"], 5)
    assert question.answer == question.right and len(question.answer) == 1
    verdict = mark(question, f" {question.right.upper()}) ")
    assert verdict.correct and verdict.understood == question.right
    wrong = mark(question, next(letter for letter in question.lettered if letter != question.right))
    assert wrong.status == "wrong" and wrong.mistake


def test_lint_sees_a_picture_that_shows_the_answer(course: Course) -> None:
    from dataclasses import replace

    exercise = course.by_id["slip-in-drawing"]
    text = exercise.question.en.replace("((L, G),)", "((1, G),)")
    careless = replace(exercise, question=exercise.question._replace(en=text, es=text))
    assert any("picture shows the answer" in p.message.text for p in lint_exercise(careless, range(1, 4)))
    assert lint_exercise(exercise, range(1, 4)) == []
