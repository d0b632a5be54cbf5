"""Words of other frameworks that nothing here means: an honest answer, whose examples are right."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from convdsl.language.not_here import NOT_HERE, not_here
from convdsl.language.options import fold
from convdsl.layers import BY_NAME, ELSEWHERE
from convdsl.messages import use_language
from convdsl.network import analyse
from convdsl.source import Source


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    use_language("en")
    yield
    use_language(None)


def test_what_is_offered_instead_is_right() -> None:
    for word in NOT_HERE:
        _is_answered(word)


def _is_answered(word: str) -> None:
    assert word in (fold(word), word.lower()) and word not in BY_NAME and word not in {fold(name) for name in ELSEWHERE}
    (found,) = analyse(Source(f"input 32x32x16 -> {word} 2")).diagnostics
    assert found.code == "E201" and found.help is not None
    assert str(found.help) == str(NOT_HERE[word])
    for example in re.findall(r"`([^`]+)`", str(found.help)):
        if not re.search(r"A \||…|train|^[0-9a-z]+$|unit|reshape|^->$", example):
            size = "32x16" if "causal" in example else "32x32x16"
            assert not analyse(Source(f"input {size} -> {example}")).failed, example


@pytest.mark.parametrize(
    ("written", "offered"),
    [
        ("pixel_shuffle 2", "pixelshuffle 2"),
        ("PixelShuffle(2)", "pixelshuffle 2"),
        ("space_to_depth 2", "pixelunshuffle 2"),
        ("drop_path 0.1", "droppath 0.1"),
        ("stochastic_depth 0.1", "droppath 0.1"),
        ("narrow 3", "slice 3"),
        ("average { relu | tanh }", "mean { conv 4 k3 p1 | identity } relu"),
        ("for 3 { relu }", "repeat 3 { relu }"),
        ("guardar a", "keep a"),
        ("chunk 2", "split { identity | conv 8 k3 p1 }"),
        ("splitt { relu | tanh }", "split"),
        ("upsampling 2", "upsample 2"),
        ("resizing 17x17", "resize 17x17"),
    ],
)
def test_what_means_the_same_is_offered(written: str, offered: str) -> None:
    (found,) = analyse(Source(f"input 32x32x16 -> {written}")).diagnostics
    assert f"`{offered}`" in str(found.help)


_WORDS = [
    line.split("  =>  ")
    for line in (Path(__file__).parent / "words_of_others.txt").read_text("utf-8").splitlines()
    if not line.startswith("#")
]
"""What people bring from PyTorch, Keras, ONNX, Flax and Haiku, and the answer: the line here, `-` where it does not exist, or
the diagnostic in full."""


def test_words_of_other_frameworks_get_the_line_that_means_the_same_or_an_honest_answer() -> None:
    assert len(_WORDS) > 500
    for written, answer in _WORDS:
        found = analyse(Source(f"input 32x32x3 -> {written}")).diagnostics
        assert len(found) == 1, (written, found)
        help = str(found[0].help)
        name = re.match(r"(?:[A-Za-z_]\w*\.)*([A-Za-z_]\w*)", written)
        assert name is not None
        if answer == "-":
            assert (found[0].code, help) == ("E201", str(not_here(name[1]))), written
        elif re.match("E[0-9]{3} ", answer):
            assert f"{found[0].code} {help}" == answer, written
        else:
            assert help in (f"Here it is written `{answer}`.", f"Write `{answer}`."), written


def test_the_lines_that_are_offered_are_right() -> None:
    """By themselves: sizes that do not fit 32x32x3 are another matter."""
    for written, answer in _WORDS:
        if answer != "-" and not re.match("E[0-9]{3} ", answer):
            line = f"{answer} -> relu" if answer.startswith("input") else f"input 32x32x3 -> {answer}"
            codes = [d.code for d in analyse(Source(line)).diagnostics if d.severity == "error"]
            assert not [code for code in codes if not code.startswith("E3")], (written, answer, codes)


@pytest.mark.parametrize(
    ("name", "block"),
    [("fire", "block fire(S, E) { conv S k1 }"), ("inception", "block inception(A, B) { conv A k1 }")],
)
def test_blocks_of_a_program_are_no_strangers(name: str, block: str) -> None:
    program = f"input 32x32x3\n{name}(16, 64\n{block}"
    assert all(d.code != "E201" for d in analyse(Source(program)).diagnostics)
    assert not analyse(Source(f"input 32x32x3\n{name}(16, 64)\n{block}")).failed


def test_a_name_that_python_reads_in_another_form_is_a_name() -> None:
    found = analyse(Source("input 6\nǆsame0()\nﬁlter2(3)\n", "t.cnn")).diagnostics
    assert found and found[0].severity == "error"
