"""Words of other frameworks that nothing here means: an honest answer, whose examples are right."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from convdsl.language.options import fold
from convdsl.layers import BY_NAME, ELSEWHERE
from convdsl.messages import use_language
from convdsl.network import analyse
from convdsl.network.not_here import NOT_HERE
from convdsl.source import Source


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    use_language("en")
    yield
    use_language(None)


@pytest.mark.parametrize("word", NOT_HERE)
def test_what_is_offered_instead_is_right(word: str) -> None:
    assert word == fold(word) and word not in BY_NAME and word not in {fold(name) for name in ELSEWHERE}
    (found,) = analyse(Source(f"input 32x32x16 -> {word} 2")).diagnostics
    assert found.code == "E201" and found.help is not None
    assert str(found.help) == str(NOT_HERE[word])
    for example in re.findall(r"`([^`]+)`", str(found.help)):
        if "{" in example and not re.search(r"A \||…|train", example):
            assert not analyse(Source(f"input 32x32x16 -> {example}")).failed, example


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
