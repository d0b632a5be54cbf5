"""Receptive fields against a count of what each output really depends on."""

from __future__ import annotations

from pathlib import Path

import pytest

from convdsl.layers.convolution import TransposedConv
from convdsl.layers.shaping import Crop, Pad, Upsample
from convdsl.layers.window import Windowed
from convdsl.network import Report, analyse
from convdsl.source import Source

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
Places = list[set[int]]


def seen(report: Report, length: int) -> Places:
    """For each place of the last layer, the inputs it depends on, found by following every layer of a sequence; places in
    the padding count, by numbers below 0 and from `length` on."""
    values: dict[int, Places] = {0: [{i} for i in range(length)]}
    for node, facts in report:
        assert facts.output is not None and node.layer is not None
        inputs = [values[i] for i in node.inputs]
        values[node.index] = [_sources(node.layer, inputs, facts.inputs, place) for place in range(facts.output[0])]
    return values[report.network.output]


def _sources(layer: object, inputs: list[Places], shapes: tuple[tuple[int, ...], ...], place: int) -> set[int]:
    x = inputs[0]
    if isinstance(layer, TransposedConv):
        (axis,) = layer.geometry(shapes[0])
        taps = [(place + axis.before - t * axis.d) for t in range(axis.k)]
        return set().union(*(x[t // axis.s] for t in taps if t % axis.s == 0 and 0 <= t // axis.s < len(x)))
    if isinstance(layer, Windowed):
        (axis,) = layer.geometry(shapes[0])
        taps = [place * axis.s - axis.before + t * axis.d for t in range(axis.k)]
        return set().union(*(x[t] for t in taps if 0 <= t < len(x)))
    if isinstance(layer, Upsample):
        return x[place // layer.k[0]]
    if isinstance(layer, Pad):
        return x[place - layer.p[0]] if 0 <= place - layer.p[0] < len(x) else set()
    if isinstance(layer, Crop):
        return x[place + layer.p[0]]
    return set().union(*(i[place] for i in inputs))


@pytest.mark.parametrize(
    "text",
    [
        "conv 1 k3",
        "conv 1 k3 d2 -> conv 1 k3 s2 -> conv 1 k5",
        "maxpool 3 s2 p1 -> conv 1 k7 p3",
        "conv 1 k3 p same -> maxpool 2 -> conv 1 k3 p same -> maxpool 2 -> conv 1 k3 p same",
        "add { conv 1 k5 p2 | conv 1 k3 p1 | identity } -> conv 1 k3",
        "residual { conv 1 k3 p1 -> conv 1 k3 p1 } -> maxpool 2",
        "concat { conv 1 k1 | conv 1 k3 p1 -> conv 1 k3 p1 } -> avgpool 2 -> conv 2 k3",
        "upsample 2 -> conv 1 k3",
        "maxpool 4 -> upsample 2 -> conv 1 k5",
        "pad 2 -> conv 1 k5 -> crop 1 -> conv 1 k3",
        "tconv 1 k3 s2 -> conv 1 k3",
        "tconv 1 k2 s2",
        "tconv 1 k4 s2 p1",
        "dwconv k3 -> conv 1 k1 -> dwconv k3 s2",
    ],
)
def test_size_is_what_an_output_in_the_middle_sees(text: str) -> None:
    length = 96
    report = analyse(Source(f"input {length}x1 -> {text}")).report
    fields = seen(report, length)
    middle = fields[len(fields) // 4 : -len(fields) // 4]
    widest = max(max(f) - min(f) + 1 for f in middle)
    (field,) = report[report.network.output].receptive_field
    assert field == widest


def test_start_is_minus_the_padding_that_is_seen() -> None:
    report = analyse(Source("input 28x28x1 -> conv 1 k3 p1 -> maxpool 2 -> conv 1 k5 p2")).report
    assert [f.low for f in report[3].field] == [-1 - 2 * 2, -1 - 2 * 2]


def test_a_dense_layer_sees_everything() -> None:
    report = analyse(Source("input 12x9x1 -> conv 2 k3 -> flatten -> dense 4")).report
    assert report[3].receptive_field == (12, 9)


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("conv 8 k3 -> flatten positions -> conv 8 k1 relu", (3, 3)),
        ("conv 8 k3 -> reshape 840x8 -> ln channels -> conv 8 k1 -> reshape 30x28x8 -> conv 8 k3", (5, 5)),
        ("conv 8 k3 -> flatten positions -> conv 8 k3", (32, 30)),
        ("conv 8 k3 -> reshape 30x28x2x4 -> conv 4 k1x1x2", (3, 3)),
        ("conv 8 k3 -> flatten positions -> transpose", (32, 30)),
        ("conv 8 k3x1 -> transpose -> conv 8 k5x1", (3, 5)),
        ("conv 8 k3x1 -> transpose -> conv 8 k5x1 -> transpose -> conv 8 k1x2", (3, 6)),
        ("conv 4 k3 -> pixelshuffle 2 -> conv 8 k3", (4, 4)),
        ("pixelunshuffle 2 -> conv 8 k3", (6, 6)),
        ("conv 8 k3 -> mul { identity | gap channels -> conv 1 k5 p2 sigmoid }", (7, 7)),
        ("keep a -> conv 3 k3 p1 -> conv 3 k5 p2 -> concat { from a | identity } -> slice 3", (7, 7)),
    ],
)
def test_what_only_moves_values_keeps_what_they_see(text: str, field: tuple[int, int]) -> None:
    report = analyse(Source(f"input 32x30x3 -> {text}")).report
    assert report[report.network.output].receptive_field == field


def test_a_field_whose_formula_grows_too_long_is_left_out() -> None:
    """Also where each end of it could still be said."""
    text = (EXAMPLES / "efficientnet_lite0.cnn").read_text(encoding="utf-8")
    report = analyse(Source(text.replace("depthwise(K, S) {", "depthwise(K, S5) {"))).report
    fields = [facts.receptive_field for _, facts in report]
    assert any(fields) and not all(fields)
