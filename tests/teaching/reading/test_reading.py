"""What students type is understood, or refused with a word about why."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from convdsl.messages import use_language
from convdsl.teaching.course import load
from convdsl.teaching.marking import mark
from convdsl.teaching.questions import ask
from convdsl.teaching.reading.holes import read_holes
from convdsl.teaching.reading.letters import read_letter
from convdsl.teaching.reading.text import Unclear
from convdsl.teaching.reading.values import read_answer
from convdsl.teaching.reading.wanted import Wanted

NUMBER = Wanted("number", True)
PART = Wanted("number", False)
SIZE = Wanted("size", True, (3,))
MATRIX = Wanted("matrix", True, (2, 2))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("456", 456),
        (" 456. ", 456),
        ("456 parámetros", 456),
        ("son 456 pesos", 456),
        ("O = 28", 28),
        ("−5", -5),
        ("+7", 7),
        ("(32-5)/1+1 = 28", 28),
        ("1,792", 1792),
        ("1 792", 1792),
        ("1\u202f792", 1792),
        ("1'792", 1792),
        ("1.234.567", 1234567),
        ("1,234,567", 1234567),
        ("1.2M", 1_200_000),
        ("1,2 M", 1_200_000),
        ("1.2 millones", 1_200_000),
        ("3 mil", 3000),
        ("15.5 G", 15_500_000_000),
        ("120,4 M", 120_400_000),
        ("456 K", 456_000),
        ("12 MACs", 12),
        ("2.33", Fraction(233, 100)),
        ("2,33", Fraction(233, 100)),
        ("7/3", Fraction(7, 3)),
        ("(3*3*3+1)*64", 1792),
        ("3·3·3+1", 28),
        ("3x3x3", 27),
        ("5x5", 25),
        ("２８", 28),
        ("“28”", 28),
        ("`28`", 28),
    ],
)
def test_a_number(text: str, value: Any) -> None:
    assert read_answer(text, NUMBER)[0].value == value


@pytest.mark.parametrize(
    "text", ["", "  ", "hola", "28 28", "28, 28, 6", "1.2.3.4", "1,23,456", "9" * 41, "7/0", "setenta"]
)
def test_no_number(text: str) -> None:
    with pytest.raises(Unclear) as caught:
        read_answer(text, NUMBER)
    assert str(caught.value)


def test_a_separator_of_another_language_is_the_second_way() -> None:
    first, second = read_answer("1.792", NUMBER)
    assert (first.value, second.value) == (Fraction(1792, 1000), 1792)
    assert first.rank < second.rank


@pytest.mark.parametrize(
    ("language", "text", "first"),
    [
        ("en", "2.333", Fraction(2333, 1000)),
        ("es", "2,333", Fraction(2333, 1000)),
        ("en", "2,333", 2333),
        ("es", "2.333", Fraction(2333, 1000)),
    ],
)
def test_a_separator_is_read_as_the_language_does(language: str, text: str, first: Any) -> None:
    use_language(language)
    assert read_answer(text, PART)[0].value == first


@pytest.mark.parametrize(
    "text",
    [
        "28x28x6",
        "28 x 28 x 6",
        "28×28×6",
        "28,28,6",
        "28, 28, 6",
        "(28, 28, 6)",
        "[28 28 6]",
        "28 por 28 por 6",
        "28*28*6",
        "H=28, W=28, C=6",
        "size = 28x28x6",
        "28x28x6 = 4704",
        "la salida es 28x28x6.",
    ],
)
def test_a_size(text: str) -> None:
    assert read_answer(text, SIZE)[0].value == (28, 28, 6)


def test_a_partial_size_is_kept_as_it_is() -> None:
    assert read_answer("28x28", SIZE)[0].value == (28, 28)
    assert [r.value for r in read_answer("28", SIZE)] == [(28,)]


@pytest.mark.parametrize(
    "text", ["1 2; 3 4", "1 2 / 3 4", "1 2\n3 4", "[[1, 2], [3, 4]]", "1,2;3,4", r"1 & 2 \\ 3 & 4"]
)
def test_a_matrix(text: str) -> None:
    assert read_answer(text, MATRIX)[0].value == ((1, 2), (3, 4))


def holes(names: tuple[str, ...]) -> Wanted:
    return Wanted("holes", True, names=tuple((n, n.upper()) for n in names))


def lines(names: tuple[str, ...]) -> tuple[str, ...]:
    return ("conv 6 " + " ".join(f"{n}?{n}?" for n in names), "conv ?conv?")


@pytest.mark.parametrize(
    ("text", "names", "values"),
    [
        ("5", ("k",), {"k": 5}),
        ("k=5", ("k",), {"k": 5}),
        ("k5", ("k",), {"k": 5}),
        ("conv 6 k5", ("k",), {"k": 5}),
        ("K = 5", ("k",), {"k": 5}),
        ("p: 2", ("p",), {"p": 2}),
        ("same", ("p",), {"p": "same"}),
        ("p same", ("p",), {"p": "same"}),
        ("k=3, s=2", ("k", "s"), {"k": 3, "s": 2}),
        ("s2 k3", ("k", "s"), {"k": 3, "s": 2}),
        ("3 2", ("k", "s"), {"k": 3, "s": 2}),
        ("conv 6", ("conv",), {"conv": 6}),
        ("conv = 1, conv_2 = 4", ("conv", "conv_2"), {"conv": 1, "conv_2": 4}),
    ],
)
def test_holes(text: str, names: tuple[str, ...], values: dict[str, Any]) -> None:
    assert [f.values for f in read_holes(text, holes(names), lines(names))] == [values]


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("35", True),
        ("35 or 36", True),
        ("N = 35 o N = 36", True),
        ("N = 35 o N = 37", False),
        ("37 or 36", False),
        ("N=36 …", True),
    ],
)
def test_several_values_are_right_if_each_is(text: str, right: bool) -> None:
    question = ask(load().by_id["what-went-in"], 1)
    question.names.update(F=3, S=2, O=17)
    assert mark(question, text).correct == right


@pytest.mark.parametrize("text", ["", "x", "3", "1 2 3", "k=3"])
def test_holes_that_are_not_filled(text: str) -> None:
    with pytest.raises(Unclear):
        read_holes(text, holes(("k", "s")))


@pytest.mark.parametrize("text", ["b", "B", "b)", "(b)", "la b", "option b", "b) two", "Two", " two. "])
def test_a_letter(text: str) -> None:
    assert read_letter(text, [("a", "one"), ("b", "two")]) == ("b", "two")


@pytest.mark.parametrize("text", ["", "c", "ab", "three"])
def test_no_letter(text: str) -> None:
    with pytest.raises(Unclear):
        read_letter(text, [("a", "one"), ("b", "two")])


@pytest.mark.parametrize(
    ("text", "shown"), [("66/255", "66/255 ≈ 0.2588"), ("3*4", "3 × 4 = 12"), ("6*5/2", "6 × 5/2 = 15")]
)
def test_arithmetic_is_shown_with_its_worth(text: str, shown: str) -> None:
    assert read_answer(text, PART)[0].shown == shown
