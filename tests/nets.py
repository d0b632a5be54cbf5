"""Nets for the tests of figures: the examples, variants of them, and sums over a part of a net."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import convdsl
from convdsl.net import Net
from convdsl.network.outline import dotted

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


def text_of(name: str) -> str:
    """The text of an example, without its expectations."""
    text = (EXAMPLES / f"{name}.cnn").read_text("utf-8")
    return re.sub(r"^\s*expect .*\n", "", text, flags=re.MULTILINE)


def example(name: str) -> Net:
    """An example; its expectations hold, or this raises ProgramError."""
    return convdsl.load(EXAMPLES / f"{name}.cnn")


def variant(name: str, *changes: tuple[str, str]) -> Net:
    """An example with parts of its text replaced, everywhere they stand, and without its expectations."""
    text = text_of(name)
    for old, new in changes:
        assert old in text, f"{name}.cnn has no {old!r}"
        text = text.replace(old, new)
    return convdsl.parse(text, name)


class Costs(NamedTuple):
    params: int
    macs: int


def total(net: Net) -> Costs:
    """Everything, side exits included."""
    return Costs(net.report.total.params, net.report.total.macs)


def part(net: Net, *path: str) -> Costs:
    """The nodes that stand in the blocks and braces of `path`: `part(net, "stage_2", "repeat")`."""
    start = ".".join(path)
    inside = [f for n, f in net.report if f"{dotted(n.path)}.".startswith(f"{start}.")]
    assert inside, f"nothing stands in {start}"
    return Costs(sum(f.params for f in inside), sum(f.macs for f in inside))


def without_exits(net: Net) -> Costs:
    """The way from the input to the output: what stands in `aux` is left out."""
    inside = [f for n, f in net.report if not dotted(n.path).startswith("aux")]
    return Costs(sum(f.params for f in inside), sum(f.macs for f in inside))


def params_by_layer(net: Net) -> list[int]:
    """Parameters of the layers that have any, in order."""
    return [f.params for _, f in net.report if f.params]


class Window(NamedTuple):
    size: int
    stride: int
    padding: int


def window_of(net: Net) -> Window:
    """Receptive field, effective stride and effective padding at the last convolution or pooling."""
    windows = ("conv", "dwconv", "maxpool", "avgpool")
    facts = next(f for n, f in reversed(list(net.report)) if n.op in windows and f.output[:-1] != (1, 1))
    field = facts.field[0]
    assert facts.receptive_field[0] == facts.receptive_field[1]
    return Window(facts.receptive_field[0], field.jump, -field.low)
