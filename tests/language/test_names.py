"""Names with a size in them, as people write them: `conv3x3`. The x of a size still parts what it joins."""

from __future__ import annotations

import pytest

import convdsl
from convdsl.network.outline import dotted


@pytest.mark.parametrize("name", ["conv3x3", "conv_3x3", "conv1x1_bn", "two_3x3_relu"])
def test_a_block_keeps_its_name_together(name: str) -> None:
    net = convdsl.parse(f"input 8x8x3\nblock {name}(C) {{ conv C k3 p1 }}\n{name}(4) -> {name}(2)")
    assert [dotted(node.path) for node in net.nodes] == [name, f"{name}_2"]


@pytest.mark.parametrize("name", ["lenet28x28", "two_3x3", "lenet_28x28x1"])
def test_a_net_keeps_its_name_together(name: str) -> None:
    assert convdsl.parse(f"net {name}\ninput 8x8x3 -> conv 4 k3").name == name


@pytest.mark.parametrize("options", ["k3x5 s1x2 p0x1", "k 3x5 s 1x2 p 0x1", "k=3x5 s=1x2 p=0x1", "k3x(5) s1xA p0x(1)"])
def test_sizes_in_options_are_still_sizes(options: str) -> None:
    net = convdsl.parse(f"input 9x9x1\nlet A = 2\nconv 1 {options}")
    assert net.report[1].output == (7, 4, 1)
