"""Questions of every kind: any right answer is accepted, and wrong ones get a word that helps."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from convdsl.messages import use_language
from convdsl.teaching.course import Course, load
from convdsl.teaching.marking import mark
from convdsl.teaching.questions import ask


def test_every_answer_to_a_hole_is_right(course: Course) -> None:
    question = ask(course.by_id["k-and-s"], 3)
    assert len(question.solutions) > 1
    for values in question.solutions:
        assert mark(question, f"k={values['k']}, s={values['s']}").correct
    wrong = mark(question, "k=1, s=1")
    assert not wrong.correct and "k = 1, s = 1" in wrong.message


def test_a_word_fills_a_hole(course: Course) -> None:
    assert mark(ask(course.by_id["keep-the-size"], 3), "p same").correct


def test_what_is_wrong_with_a_size_is_said(course: Course) -> None:
    question = ask(course.by_id["size-valid"], 8)
    height, width, channels = question.right
    assert "order" in mark(question, f"{channels}x{height}x{width}").message
    assert "channels" in mark(question, f"{height}x{width}x77").message
    assert "3 numbers" in mark(question, f"{height}x{width}").message
    assert mark(question, "").status == "unclear"
    assert mark(question, f"{height}×{width}×{channels} ").understood == f"{height}×{width}×{channels}"


def test_roundings_are_accepted_where_the_exercise_says_so(course: Course) -> None:
    question = ask(course.by_id["bottleneck"], 1)
    millions = question.right / 10**6
    assert mark(question, f"{millions:.1f}M").correct
    assert mark(question, f"{millions:.1f} millones".replace(".", ",")).correct
    assert not mark(question, f"{round(millions, -1):.0f}M").correct
    exact = ask(course.by_id["conv-macs"], 1)
    assert (
        "rounded" in mark(exact, f"{exact.right / 1000:.1f}K" if exact.right % 100 else "0").message
        or not exact.right % 100
    )


def test_a_value_without_an_end(course: Course) -> None:
    question = ask(course.by_id["pixel-scale"], 1)
    value = float(question.right)
    for text in (f"{value:.2f}", f"{value:.3f}", f"{value:.2f}".replace(".", ","), f"{question.drawn['V']}/255"):
        assert mark(question, text).correct, text
    assert not mark(question, f"{value:.1f}").correct


def test_a_matrix_says_where_it_is_wrong(course: Course) -> None:
    question = ask(course.by_id["binary-map"], 4)
    rows = [list(r) for r in question.right]
    rows[1][2] += 1
    verdict = mark(question, "; ".join(" ".join(map(str, r)) for r in rows))
    assert "(2, 3)" in verdict.message
    assert "3 rows" in mark(question, "1 2; 3 4").message


PROGRAM = "maxpool 2 -> conv {K} k5 relu -> maxpool 2"


@pytest.mark.parametrize(
    "template",
    [
        "maxpool 2\nconv {K} k5 relu\nmaxpool 2",
        PROGRAM,
        "-> " + PROGRAM + " ->",
        "avgpool 2 -> conv {K} k5 relu -> avgpool 2",
        "input 28x28x1\nconv {H} k5 relu\n" + PROGRAM + "\nflatten\ndense {M} softmax",
        "```cnn\n" + PROGRAM + "\n```",
    ],
)
def test_any_net_that_satisfies_is_right(course: Course, template: str) -> None:
    question = ask(course.by_id["typical-net"], 6)
    names = question.drawn
    text = template.format(K=2 * names["K"], H=names["K"], M=names["M"])
    verdict = mark(question, text)
    assert verdict.correct, verdict.message


def test_the_input_of_a_program_is_kept(course: Course) -> None:
    question = ask(course.by_id["under-a-budget"], 6)
    assert "32×32×3" in mark(question, question.answer.replace("32x32x3", "16x16x3")).message


def test_errors_in_a_program_are_shown_with_their_place(course: Course) -> None:
    question = ask(course.by_id["write-the-net"], 6)
    verdict = mark(question, "conv 16 k5 relu\ncnov 3 k3")
    assert not verdict.correct
    assert "2:1" in verdict.message and "conv" in verdict.message  # the student's own second line
    use_language("es")
    assert "error" in mark(question, "cnov 3 k3").message


@pytest.mark.parametrize(
    "text", ["input NxNx3 -> conv 8 k3", "input 32x32x3 -> conv ? k3", "input 32x32x3", "# nothing"]
)
def test_programs_that_leave_something_open(course: Course, text: str) -> None:
    assert mark(ask(course.by_id["under-a-budget"], 6), text).status in ("unclear", "wrong")


def test_options_are_shuffled_by_the_seed(course: Course) -> None:
    exercise = course.by_id["shuffled-pixels"]
    orders = {tuple(o.id for o in ask(exercise, s).lettered.values()) for s in range(1, 20)}
    assert len(orders) > 3


def test_finding_an_exercise(course: Course) -> None:
    assert course.find("size-valid").id == course.find("SIZE-VALI").id == "size-valid"
    assert course.find("1") is course.exercises[0]
    for text, word in (
        ("size-valdi", "size-valid"),
        ("size", "size-strided"),
        ("999", "no exercise"),
        ("", "no exercise"),
    ):
        with pytest.raises(KeyError) as caught:
            course.find(text)
        assert word in str(caught.value.args[0])


def test_a_mistake_may_change_the_numbers_or_the_program(written: Callable[..., Path]) -> None:
    from tests.teaching.course.conftest import EXERCISE

    text = EXERCISE.replace('answer = "N"', "instead = { N = 10 }")
    question = ask(load(written(text)).exercises[0], 1)
    assert question.mistaken(question.exercise.mistakes[0]) == 8
    text = EXERCISE.replace('answer = "N"', 'program = "input {N}x{N}x1 -> conv 8 k3 p1"')
    question = ask(load(written(text)).exercises[0], 1)
    assert question.mistaken(question.exercise.mistakes[0]) == question.drawn["N"]
