"""Colours and completion know every word of the registry."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convdsl.editing import blocks_of, pieces
from convdsl.language.keywords import KEYWORDS
from convdsl.layers import ACTIVATIONS, BY_NAME, COMBINATIONS
from convdsl.teaching.completion import proposals
from convdsl.teaching.session import Session


def kinds(line: str, blocks: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    return [(p.text, p.kind) for p in pieces(line, blocks) if p.text.strip()]


def completed(text: str, *lines: str) -> dict[str, str]:
    session = Session()
    for line in lines:
        session.enter(line)
    return {p.word: p.meaning for p in proposals(text, session.analysis, ["first-one"])}


def test_a_line_in_colours() -> None:
    assert kinds("conv 64 k3 p same nobias relu -> maxpool 2 # half") == [
        ("conv", "layer"),
        ("64", "number"),
        ("k3", "option"),
        ("p", "option"),
        ("same", "option"),
        ("nobias", "option"),
        ("relu", "activation"),
        ("->", "arrow"),
        ("maxpool", "layer"),
        ("2", "number"),
        ("# half", "comment"),
    ]


def test_blocks_symbols_holes_and_commands() -> None:
    assert kinds("down(C1, 2)", ("down",))[0] == ("down", "block")
    assert kinds("input NxNx3")[:2] == [("input", "keyword"), ("N", "symbol")]
    assert ("?K", "hole") in kinds("conv ?K k3")
    assert kinds("add { cnov 3 | identity }")[0] == ("add", "structure")
    assert ("cnov", "") in kinds("add { cnov 3 | identity }")
    assert kinds(":explain conv") == [(":explain", "command"), (" conv", "")]
    assert kinds("expect params <= 10K")[:2] == [("expect", "keyword"), ("params", "option")]


@given(st.text(max_size=60))
def test_the_pieces_are_the_line(line: str) -> None:
    assert "".join(p.text for p in pieces(line)) == line


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_every_layer_is_coloured_and_proposed(name: str) -> None:
    assert next(pieces(name)).kind in ("layer", "activation", "structure")
    assert name in completed("")
    assert completed("conv 3 k3 -> ")[name]


def test_options_and_activations_follow_a_layer() -> None:
    after = completed("conv 8 k3 ")
    assert {"s", "p", "d", "g", "nobias", "relu"} <= set(after)
    assert "k" not in after
    assert "filters" not in after
    assert set(ACTIVATIONS) <= set(after)
    assert "relu" not in completed("conv 8 k3 tanh ")
    assert set(completed("conv 8 k3 p ")) >= {"same", "valid"}
    assert "sobel_x" in completed("filter so")
    assert "bilinear" in completed("upsample 2 ")
    assert completed("dense 10 ")["softmax"]


def test_beginnings() -> None:
    assert set(completed("max")) == {"maxpool", "maxout"}
    assert set(KEYWORDS) <= set(completed("input 8x8x1 -> "))
    assert set(COMBINATIONS) <= set(completed("conv 3 k3\n"))
    assert "down(" in completed("do", "block down(C) { conv C k3 }")
    assert completed("conv 3 k3 # ma") == {}
    assert completed("conv 12") == {}


def test_commands() -> None:
    assert set(completed(":un")) == {":undo", ":unset"}
    assert set(completed(":lang ")) == {"es", "en"}
    assert "N=" in completed(":set ", "input NxNx1")
    assert completed(":explain ", "input 8x8x1", "conv 2 k3") == {"1": "conv 2 k3"}
    assert "first-one" in completed(":exercise f")
    assert "conv" in completed(":help co")


def test_blocks_are_found_with_their_parameters() -> None:
    session = Session()
    session.enter("block down(C, S) { conv C k3 sS }")
    assert blocks_of(session.analysis) == {"down": ("C", "S")}
