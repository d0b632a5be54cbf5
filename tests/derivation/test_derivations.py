"""What `explain` shows is what `check` counts: the shown arithmetic is worked out again and held against the report."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convdsl.algebra.board import OnBoard
from convdsl.derivation import Derivation, LayerDerivation, derive
from convdsl.layers import LAYERS, Layer
from convdsl.network import Analysis, Facts, analyse
from convdsl.report.formulas import as_sympy
from convdsl.source import Source
from tests.engine.programs import REARRANGED
from tests.nets import EXAMPLES

FUNCTIONS: dict[str, Any] = {
    "floor": math.floor,
    "ceiling": math.ceil,
    "Max": max,
    "Min": min,
    "gcd": math.gcd,
    "R": Fraction,
}


def worked_out(step: Any, letters: dict[str, Any]) -> Any:
    """The value of a step, found by Python from the text that is shown."""
    if isinstance(step, tuple) and not isinstance(step, OnBoard):
        return step
    return eval(as_sympy(step), {**FUNCTIONS, **letters})


def expected(derivation: Derivation, facts: Facts) -> list[Any]:
    """What the report says about the quantity, for every axis that the derivation is about."""
    assert facts.output is not None
    match derivation.quantity:
        case "size":
            return [facts.output[a] for a in derivation.axes] or [facts.output, *facts.output[: len(facts.output) == 1]]
        case "channels":
            return [facts.output[-1]]
        case "field":
            return [facts.receptive_field[a] for a in derivation.axes] or [facts.receptive_field]
        case "jump":
            return [facts.jump[a] for a in derivation.axes]
        case "zeros":
            return []
    return [getattr(facts, derivation.quantity)]


def verify(layer: LayerDerivation) -> None:
    """Every step of every derivation has the value that the report gives."""
    for derivation in layer.derivations:
        letters = {letter.name: letter.value for letter in derivation.letters}
        for step in derivation.steps:
            value = worked_out(step, letters)
            if isinstance(value, float):
                value = Fraction(value).limit_denominator(10**6)
            assert value == derivation.value, (layer.node.text, str(derivation.title), as_sympy(step))
        found = expected(derivation, layer.facts)
        if len(found) and derivation.quantity == "size" and not derivation.axes:
            assert derivation.value in found
        else:
            assert all(derivation.value == v for v in found), (layer.node.text, derivation.quantity, found)


def verified(program: str) -> Analysis:
    analysis = analyse(Source(program))
    assert not analysis.failed, [str(d.message) for d in analysis.diagnostics]
    for layer in derive(analysis).layers:
        verify(layer)
    return analysis


@pytest.mark.parametrize("layer", LAYERS, ids=[layer.name for layer in LAYERS])
def test_the_shown_arithmetic_of_every_layer_is_the_report(layer: type[Layer]) -> None:
    analysis = verified(
        f"input {'8x8x4' if layer.name in ('reshape', 'pixelunshuffle') else '9x12x4'} -> {layer.example}"
    )
    told: set[tuple[str, object]] = set()
    for derived in derive(analysis).layers:
        quantities = {d.quantity for d in derived.derivations}
        facts = derived.facts
        if (derived.node.text, facts.inputs) in told:  # a layer that comes again is told once
            continue
        told.add((derived.node.text, facts.inputs))
        assert {"size", "field"} <= quantities or (derived.node.op == "concat" and {"channels", "field"} <= quantities)
        assert {q for q in ("params", "macs", "flops") if getattr(facts, q)} <= quantities
        for derivation in derived.derivations:
            needs_none = derivation.title == derived.derivations[0].title or str(derivation.title).startswith(
                "zeros after"
            )
            assert derivation.reason is not None or needs_none or derivation.quantity == "flops", derivation


@pytest.mark.parametrize("program", REARRANGED)
def test_layers_that_move_values_are_explained(program: str) -> None:
    verified(program)


@pytest.mark.parametrize(
    "program",
    [
        "reshape 3x3\nelu",
        "input 6x2x1\nreshape 6x2\nlocal 6 k1",
        "input 9x9x4\nreshape 3x3x3x12\nconv 2 k2 -> conv 2 k2",
    ],
)
def test_the_field_behind_other_axes(program: str) -> None:
    """What a `reshape` makes of the axes has no jump of its own."""
    for derived in derive(analyse(Source(program))).layers:
        assert {"field"} <= {d.quantity for d in derived.derivations}


@pytest.mark.parametrize(
    "name",
    [
        "lenet5",
        "resnet50",
        "googlenet",
        "unet",
        "mobilenet",
        "resnext50",
        "se_resnet50",
        "densenet121",
        "alexnet",
        "locally_connected",
    ],
)
def test_examples(name: str) -> None:
    analysis = verified((EXAMPLES / f"{name}.cnn").read_text("utf-8"))
    totals = {d.quantity: d for d in derive(analysis).totals}
    for quantity in ("params", "macs", "flops"):
        assert totals[quantity].value == getattr(analysis.report.total, quantity)
        for step in totals[quantity].steps:
            letters = {letter.name: letter.value for letter in totals[quantity].letters}
            assert worked_out(step, letters) == totals[quantity].value


@settings(max_examples=150, deadline=None)
@given(
    size=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    channels=st.sampled_from([1, 2, 4, 6]),
    k=st.tuples(st.integers(1, 6), st.integers(1, 6)),
    s=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    p=st.one_of(st.just("same"), st.integers(0, 3)),
    d=st.integers(1, 3),
    bias=st.sampled_from(["", " nobias"]),
    activation=st.sampled_from(["", " relu", " prelu", " softmax"]),
    kind=st.sampled_from(
        ["conv 4", "conv 4 g2", "dwconv", "dwconv m2", "tconv 4", "tconv 4 g2", "local 2", "maxpool", "avgpool ceil"]
    ),
)
def test_random_windows(
    size: tuple[int, int],
    channels: int,
    k: tuple[int, int],
    s: tuple[int, int],
    p: int | str,
    d: int,
    bias: str,
    activation: str,
    kind: str,
) -> None:
    if "g2" in kind:
        channels *= 2
    word, *options = kind.split()
    pooling = "pool" in word
    window = f"{'' if pooling else 'k'}{k[0]}x{k[1]} s{s[0]}x{s[1]} p {p} " + (f"d{d}" if word != "local" else "")
    ends = "" if pooling else bias + activation
    program = (
        f"input {size[0]}x{size[1]}x{channels}\nconv {channels} k3 s1x2 p1\n{word} {' '.join(options)} {window}{ends}"
    )
    analysis = analyse(Source(program))
    for layer in derive(analysis).layers:
        if layer.facts.output is not None:
            verify(layer)


def step_texts(program: str, layer: int, quantity: str) -> list[str]:
    from convdsl.report.formulas import as_text

    derivations = derive(analyse(Source(program))).layers[layer - 1].derivations
    return [as_text(step) for step in next(d for d in derivations if d.quantity == quantity).steps]


def test_why_28_and_why_1792() -> None:
    assert step_texts("input 32x32x3 -> conv 6 k5", 1, "size") == [
        "⌊(N + 2P − F)/S⌋ + 1",
        "⌊(32 + 2·0 − 5)/1⌋ + 1",
        "⌊27/1⌋ + 1",
        "27 + 1",
        "28",
    ]
    assert step_texts("input 32x32x3 -> conv 64 k3", 1, "params") == [
        "(F·F·C + 1)·K",
        "(3·3·3 + 1)·64",
        "(27 + 1)·64",
        "28·64",
        "1,792",
    ]


def test_233_is_explained() -> None:
    derived = derive(analyse(Source("input 7x7x1 -> conv 1 k3 s3"))).layers[0]
    assert step_texts("input 7x7x1 -> conv 1 k3 s3", 1, "size")[-3:] == ["⌊1.33⌋ + 1", "1 + 1", "2"]
    assert "frameworks round down" in str(derived.derivations[0].reason)
    assert [d.code for d in derived.remarks] == ["W501"]
    assert "2.33" in str(derived.remarks[0].message)


def test_sentences_name_the_numbers() -> None:
    reasons = {
        d.quantity: str(d.reason) for d in derive(analyse(Source("input 32x32x6 -> conv 3 k5"))).layers[0].derivations
    }
    assert reasons["params"] == "3 filters of 5×5 look at all 6 channels, plus one bias each."
    grouped = {
        d.quantity: str(d.reason) for d in derive(analyse(Source("input 8x8x6 -> conv 3 k5 g3"))).layers[0].derivations
    }
    assert grouped["params"] == "3 filters of 5×5 look at the channels of their group only, 2 of 6, plus one bias each."


def test_symbols_stay_symbols() -> None:
    assert step_texts("input NxNx3 -> conv C kF s2 p1", 1, "size") == [
        "⌊(N + 2P − F)/S⌋ + 1",
        "⌊(N + 2·1 − F)/2⌋ + 1",
        "⌊(N − F)/2⌋ + 2",
    ]
    assert step_texts("input NxNx3 -> conv C k3", 1, "params")[-1] == "28·C"


@pytest.mark.parametrize(
    "program",
    [
        "conv 64 k3 s2 p1 -> bn relu -> maxpool 3 s2 p1 ceil -> dense 10",
        "tconv C k2 s2 -> gap",
        "input NxN -> conv 4 k3 p same",
        "concat { conv A k1 | conv B k3 p1 } -> upsample 2",
    ],
)
def test_symbolic_results_are_the_report(program: str) -> None:
    from convdsl import algebra

    for layer in derive(analyse(Source(program))).layers:
        for derivation in layer.derivations:
            for value in expected(derivation, layer.facts):
                if not isinstance(value, tuple):
                    assert algebra.equal(derivation.value, value) is True, (derivation, value)


def test_repeated_layers_are_told_once() -> None:
    layers = derive(analyse(Source("input 8x8x4 -> repeat 3 { relu -> conv 4 k1 }"))).layers
    assert [layer.as_before for layer in layers] == [None, None, 1, 2, 1, 2]


def test_frozen_layers_and_running_statistics_are_noted() -> None:
    program = "input 8x8x4 -> freeze { bn }"
    params = next(d for d in derive(analyse(Source(program))).layers[0].derivations if d.quantity == "params")
    assert [str(n) for n in params.notes] == [
        "These weights are frozen: they are counted, but not trained.",
        "Running statistics, 8 values, are kept besides. Frozen, they stand still, and the layer normalises with them in "
        "training too.",
    ]
