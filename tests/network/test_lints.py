"""Warnings and notes: when they are given, and when they are not."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from convdsl.diagnostics import Diagnostic
from convdsl.layers import BY_NAME
from convdsl.messages import use_language
from convdsl.network import analyse
from convdsl.source import Source


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    use_language("en")
    yield
    use_language(None)


def found(code: str, program: str) -> list[Diagnostic]:
    analysis = analyse(Source(program, "t"))
    assert not analysis.failed, [str(d.message) for d in analysis.diagnostics]
    return [d for d in analysis.diagnostics if d.code == code]


FIRES = [
    ("W501", "input 7x7x3 -> conv 8 k3 s3", "s3"),
    ("W501", "input 28x28x1 -> maxpool 3", "3"),
    ("N530", "input 224x224x3 -> conv 64 k7 s2 p3", "s2"),
    ("N530", "input 56x56x8 -> conv 8 k1 s2", "s2"),
    ("N530", "input 8x8x1 -> conv 1 k3 d2 s2", "s2"),
    ("W501", "input 5x5x1 -> conv 1 k2 s4", "s4"),
    ("N530", "input 9x9x1 -> conv 1 k4 s2 p1", "s2"),
    ("W501", "input 10x8x1 -> conv 1 k3x2 s2x2", "s2x2"),
    ("W501", "input 8x8x1 -> local 1 k3 s2", "s2"),
    ("W502", "input 7x7x3 -> conv 8 k2 p same", "p same"),
    ("W502", "input 8x8x3 -> maxpool 4 s1 p same", "p same"),
    ("W502", "input 8x8x3 -> conv 8 k2 p same_lower", "p same_lower"),
    ("W503", "input 3x32x32 -> conv 8 k3", "input 3x32x32"),
    ("W503", "input 1x28x28 -> dense 10", "input 1x28x28"),
    ("W504", "input 8x8x3 -> dense 10 softmax -> softmax", "softmax"),
    ("W504", "input 8x8x3 -> dense 10 softmax -> dense 10 softmax", "dense 10 softmax"),
    ("W505", "input 8x8x3 -> dense 20 -> dense 10", "dense 20"),
    ("W505", "input 8x8x3 -> dense 20 -> dropout 0.5 -> dense 10", "dense 20"),
    ("N506", "input 32x32x3 -> conv 64 k3 relu -> dense 32 relu -> dense 10", "dense 32 relu"),
    ("N507", "input 8x8x3 -> conv 8 k7 p3 relu -> conv 8 k7 p3", "conv 8 k7 p3"),
    ("N508", "input NxNx3 -> conv 8 k3\nexpect 30x30x8", "expect 30x30x8"),
    ("W509", "input 28x28 -> conv 8 k3", "input 28x28"),
    ("W509", "input NxN -> conv 8 k3", "input NxN"),
    ("N510", "input 28x28x1 -> conv 8 k3 -> conv 8 k3 relu", "conv 8 k3"),
    ("N531", "input 8x8x4 -> repeat 3 { bn eps=0.001 momentum=0.1 relu }", "momentum=0.1"),
    ("N531", "input 8x8x4 -> bn momentum=0", "momentum=0"),
    ("N510", "input 28x28x8 -> conv 8 k3 -> conv 8 k3x1", "conv 8 k3"),
    ("W511", "input 8x8x4 -> conv 8 k3 -> keep low", "low"),
    ("W511", "input 8x8x4\nblock b() { keep a -> conv 4 k3 p1 }\nrepeat 2 { b() }", "a"),
]

SILENT = [
    ("W501", "input 7x7x3 -> conv 8 k3 s2"),
    ("W501", "input 32x32x3 -> conv 8 k3 s2 p1"),
    ("W501", "input 32x32x3 -> conv 8 k1 s2"),
    ("N530", "input 7x7x3 -> conv 8 k3 s3"),
    ("N530", "input 33x33x3 -> conv 8 k1 s2"),
    ("N530", "input 33x33x3 -> conv 8 k3 s2 p1"),
    ("W501", "input 7x7x3 -> conv 8 k3 s3 p1"),
    ("W501", "input 28x28x1 -> maxpool 3 ceil"),
    ("W501", "input 7x7x3 -> conv 8 k3 s3 p same"),
    ("W501", "input NxNx3 -> conv 8 k3 s3"),
    ("W501", "input 7x7x3 -> conv 8 k3 s?"),
    ("W501", "input 7x7x3 -> tconv 8 k3 s2"),
    ("W502", "input 8x8x3 -> conv 8 k3 p same"),
    ("W502", "input 8x8x3 -> maxpool 2 p same"),
    ("W502", "input 8x8x3 -> conv 8 k2 d2 p same"),
    ("W502", "input 8x8x3 -> conv 8 k2"),
    ("W503", "input 32x32x3 -> conv 8 k3"),
    ("W503", "input 3x3x32 -> conv 8 k3"),
    ("W503", "input 3x5x8 -> conv 8 k1"),
    ("W503", "input 3x32x32x1 -> conv 8 k3"),
    ("W503", "input CxHxW -> conv 8 k3"),
    ("W504", "input 8x8x3 -> dense 10 softmax"),
    ("W504", "input 8x8x3 -> dense 10 -> softmax"),
    ("W504", "input 8x8x3 -> dense 10 softmax -> dense 3"),
    ("W504", "input 8x8x3 -> aux 0.3 { dense 10 softmax } -> dense 10 softmax"),
    ("W505", "input 8x8x3 -> dense 20 relu -> dense 10"),
    ("W505", "input 8x8x3 -> dense 20 -> relu -> dense 10"),
    ("W505", "input 8x8x3 -> dense 20 -> bn relu -> dense 10"),
    ("N506", "input 28x28x1 -> conv 32 k5 relu -> maxpool 2 -> conv 64 k5 relu -> maxpool 2 -> dense 10 softmax"),
    ("N506", "input 32x32x3 -> dense 100 relu -> dense 10"),
    ("N506", "input 8x8x3 -> conv 8 k3 -> dense 10"),
    ("N507", "input 28x28x1 -> conv 8 k5 relu -> conv 8 k5"),
    ("N507", "input NxNx1 -> conv 8 k5 p2 relu -> conv 8 k5"),
    ("N507", "input 8x8x3 -> globalavgpool -> dense 10"),
    ("N508", "input NxNx3 -> conv 8 k3\nexpect (N-2)x(N-2)x8"),
    ("N508", "input 32x32x3 -> conv 6 k?\nexpect 28x28x6"),
    ("W509", "input 100x12 -> conv 8 k3"),
    ("W509", "input 3x3 -> dense 4"),
    ("W509", "input 28x28x1 -> conv 8 k3"),
    ("N510", "input 28x28x1 -> conv 8 k3 relu -> conv 8 k3"),
    ("N510", "input 28x28x1 -> conv 8 k3 -> bn relu -> conv 8 k3"),
    ("N510", "input 28x28x1 -> conv 8 k3 -> dwconv k3"),
    ("N510", "input 28x28x8 -> residual { conv 8 k3 p1 } -> conv 8 k3"),
    ("N510", "input 28x28x8 -> conv 8 k1x7 -> conv 8 k7x1"),
    ("N510", "input 28x28x32 -> conv 8 k1 -> conv 32 k3"),
    ("N510", "input 28x28x8 -> conv 8 k3 p1 g4 -> conv 8 k1"),
    ("N510", "input 28x28x8 -> conv 8 k3 p1 -> keep a -> conv 8 k3 p1 -> add { identity | from a }"),
    ("N507", "input 8x8x8 -> repeat 12 { conv 8 k3 p1 relu }"),
    ("N530", "input 32x32x8 -> conv 8 k3 s2 p1 relu -> repeat 12 { conv 8 k1 relu }"),
    ("W511", "input 8x8x8 -> keep a -> conv 8 k3 p1 -> add { identity | from a }"),
    ("N531", "input 8x8x4 -> bn"),
    ("N531", "input 8x8x4 -> bn momentum=0.99"),
    ("N531", "input 8x8x4 -> bn momentum=0.5"),
]


@pytest.mark.parametrize(("code", "program", "place"), FIRES)
def test_it_is_said(code: str, program: str, place: str) -> None:
    diagnostics = found(code, program)
    assert len(diagnostics) == 1
    span = diagnostics[0].span
    assert program[span.start : span.end] == place


@pytest.mark.parametrize(("code", "program"), SILENT)
def test_it_is_not_said(code: str, program: str) -> None:
    assert found(code, program) == []


def test_the_stride_that_does_not_divide_shows_the_fraction_and_what_would_fit() -> None:
    warning = found("W501", "input 7x7x3 -> conv 8 k3 s3")[0]
    assert warning.formula == "(7 + 2·0 − 3)/3 + 1 = 2.33 → 2"
    assert str(warning.help) == "What would divide: p1, s2; or an input of 6 / 9 here."
    assert str(warning.note) == "The last row or column of the input is read by no window."
    for mended in (
        "input 7x7x3 -> conv 8 k3 s3 p1",
        "input 7x7x3 -> conv 8 k3 s2",
        "input 6x6x3 -> conv 8 k3 s3",
        "input 9x9x3 -> conv 8 k3 s3",
    ):
        assert found("W501", mended) == []


def test_what_is_left_unread_is_counted() -> None:
    assert "last 2 rows" in str(found("W501", "input 8x8x3 -> conv 8 k3 s3")[0].note)
    assert "last row " in str(found("W501", "input 5x5x3 -> conv 8 k2 s4")[0].note)
    assert "no data is lost" in str(found("N530", "input 224x224x3 -> conv 64 k7 s2 p3")[0].note)
    assert "1 of every 2 rows" in str(found("N530", "input 8x8x3 -> conv 8 k1 s2")[0].note)
    assert "2 of every 3 rows" in str(found("N530", "input 8x8x3 -> conv 8 k1 s3 p0")[0].note)


@given(*(st.integers(1, n) for n in (20, 6, 7, 4)), st.integers(0, 3))
def test_lost_are_the_inputs_of_one_more_window_that_no_other_reads(n: int, k: int, s: int, d: int, p: int) -> None:
    assume(n + 2 * p > d * (k - 1))
    layer = BY_NAME["conv"](filters=1, k=(k,), s=(s,), d=(d,), p=(p,))
    (axis,) = layer.geometry((n, 1))
    read = {o * s + t * d - p for o in range(axis.output) for t in range(k)}
    more = {axis.output * s + t * d - p for t in range(k)}
    assert axis.lost == len((more - read) & set(range(n)))


def test_one_note_for_each_way_to_lose_nothing() -> None:
    down = "conv 8 k3 s2 p1 relu -> residual { conv 8 k1 } -> conv 8 k1 s2 relu\n"
    notes = found("N530", "input 224x224x3 -> conv 8 k7 s2 p3 relu\n" + down + "maxpool 3 s2 p1\nconv 8 k1 s2 relu\n")
    assert [str(n.help) for n in notes] == ["It is the same on 2 further lines.", "It is the same on one further line."]


def test_strict_has_nothing_against_the_nets_of_the_papers() -> None:
    for path in sorted((Path(__file__).parents[2] / "examples").glob("*.cnn")):
        severities = {d.severity for d in analyse(Source(path.read_text("utf-8"), path.name)).diagnostics}
        assert severities <= {"note"}, path


@pytest.mark.parametrize("n", range(4, 12))
@pytest.mark.parametrize("k", range(2, 5))
@pytest.mark.parametrize("s", range(2, 6))
@pytest.mark.parametrize("word", ["conv 2", "maxpool"])
def test_all_that_is_offered_divides(n: int, k: int, s: int, word: str) -> None:
    window = f"{word} k{k}" if word == "conv 2" else f"{word} {k}"
    for warning in found("W501", f"input {n}x{n}x1 -> {window} s{s}"):
        ways, sizes = str(warning.help).removeprefix("What would divide: ").split("; or an input of ")
        for way in ways.split(", "):
            changed = f"s{s} {way}" if way[0] == "p" else way
            assert found("W501", f"input {n}x{n}x1 -> {window} {changed}") == []
        for size in sizes.removesuffix(" here.").split(" / "):
            assert found("W501", f"input {size}x{size}x1 -> {window} s{s}") == []


def test_a_repeated_line_is_pointed_out_once() -> None:
    assert len(found("W505", "input 8x8x3 -> repeat 5 { dense 20 }")) == 1
    assert len(found("N510", "input 8x8x3 -> repeat 5 { conv 3 k3 p1 }")) == 1
    assert len(found("W501", "input 57x57x3 -> repeat 3 { conv 3 k2 s2 p1 -> conv 3 k2 p same }")) <= 3


def test_two_convolutions_in_a_row_are_one() -> None:
    assert "window of 5×5" in str(found("N510", "input 28x28x1 -> conv 8 k3 -> conv 8 k3")[0].note)
    assert "window of 7×7" in str(found("N510", "input 28x28x1 -> conv 8 k3 s2 -> conv 8 k3")[0].note)


def test_strict_programs_have_no_warnings_for_their_notes() -> None:
    analysis = analyse(Source("input 28x28x1 -> conv 8 k3 -> conv 8 k3", "t"))
    assert {d.severity for d in analysis.diagnostics} == {"note"}


def test_many_expectations_are_cheap() -> None:
    line = "conv 1 k1 relu\nexpect params >= 2\nexpect macs >= 64\nexpect 8x8x1\n"
    started = time.process_time()
    assert not analyse(Source("input 8x8x1\n" + line * 10_000, "t")).failed
    assert time.process_time() - started < 20


def test_ways_out_are_tried_on_axes_whose_sizes_are_numbers() -> None:
    (warning,) = found("W501", "input 2x8x5\navgpool Nx5\ntranspose")
    assert "8 + 2·0 − 5" in str(warning.formula)
