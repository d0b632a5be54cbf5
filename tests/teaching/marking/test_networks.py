"""Networks are the same, however they are written, or differ where it is said."""

from __future__ import annotations

import pytest

from convdsl.messages import use_language
from convdsl.network import Analysis, analyse
from convdsl.source import Source
from convdsl.teaching.authoring.lint import MOST_LONGEST, longest_is_right
from convdsl.teaching.authoring.mutants import mutants
from convdsl.teaching.course import load
from convdsl.teaching.marking import mark
from convdsl.teaching.marking.networks import same_as
from convdsl.teaching.questions import ask

NET = "input 32x32x3 -> conv 8 k3 p1 relu -> maxpool 2 -> residual { conv 8 k3 p1 } -> dense 10 softmax"


def net(text: str) -> Analysis:
    analysis = analyse(Source(text, "net"))
    assert not analysis.failed, text
    return analysis


@pytest.mark.parametrize(
    "other",
    [
        NET,
        NET.replace("conv 8 k3 p1 relu", "conv 8 k3 p same -> relu"),
        NET.replace("residual { conv 8 k3 p1 }", "add { identity | conv 8 k3x3 p1 s1 }"),
        NET.replace("dense", "flatten -> dense"),
        NET.replace("maxpool 2", "maxpool 2x2 s2 -> identity"),
        NET.replace("conv 8 k3 p1 relu", "repeat 1 { conv 8 k3 p1 relu }"),
    ],
)
def test_the_same(other: str) -> None:
    assert same_as(net(other), net(NET)) is None
    assert same_as(net(NET), net(other)) is None


@pytest.mark.parametrize(
    ("old", "new", "attribute"),
    [
        ("p1 relu", "p1 tanh", "activation"),
        ("conv 8 k3 p1 relu", "conv 8 k5 p2 relu", "window"),
        ("maxpool 2", "maxpool 2 s1", "stride"),
        ("maxpool 2", "avgpool 2", "kind"),
        ("conv 8 k3 p1 relu", "conv 8 k3 p1 nobias relu", "bias"),
        ("dense 10", "dense 11", "units"),
        ("residual { conv 8 k3 p1 }", "conv 8 k3 p1", "layer"),
        ("residual { conv 8 k3 p1 }", "conv 8 k3 p1 -> add { identity | identity }", "layer"),
        ("maxpool 2", "maxpool 2 -> dropout 0.5", "layer"),
        ("conv 8 k3 p1 relu -> maxpool 2", "maxpool 2 -> conv 8 k3 p1 relu", "layer"),
        ("conv 8 k3 p1 relu", "freeze { conv 8 k3 p1 relu }", "frozen"),
    ],
)
def test_another(old: str, new: str, attribute: str) -> None:
    other = net(NET.replace(old, new, 1))
    difference = same_as(other, net(NET))
    assert difference is not None and difference.attribute == attribute
    assert str(difference.message)
    assert same_as(other, net(NET), ("everything",)) is None


def test_what_is_free() -> None:
    other = net(NET.replace("maxpool 2", "avgpool 2"))
    assert same_as(other, net(NET), ("pool.kind",)) is None
    assert same_as(other, net(NET), ("pool.1.kind",)) is None
    assert same_as(other, net(NET), ("pool.2.kind",)) is not None
    assert same_as(net(NET.replace("maxpool 2 -> ", "")), net(NET), ("pool.layer",)) is None


def test_no_mutant_of_a_shipped_solution_survives() -> None:
    """Where nothing else is free, every change of the solution is wrong."""
    for exercise in load().exercises:
        if exercise.same_as is None or exercise.same_as.free:
            continue
        question = ask(exercise, 5)
        changed = mutants(question.answer)
        assert len(changed) > 40
        for mutant in changed:
            analysis = analyse(Source(mutant.program, "mutant"))
            if not analysis.failed and same_as(analysis, net(question.answer)) is not None:
                assert not mark(question, mutant.program).correct, mutant.change


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_longest_option_is_seldom_the_right_one(language: str) -> None:
    use_language(language)
    choices = [e for e in load().exercises if e.options]
    assert sum(longest_is_right(e, range(1, 6)) for e in choices) <= MOST_LONGEST * len(choices)
