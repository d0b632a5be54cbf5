"""Published figures of well-known networks, to the last parameter and multiplication.

Parameters are weights, biases, scales and shifts; MACs are multiplications of convolutions and dense layers for one
image, without biases. Keras adds the running statistics of batch normalisation (`buffers` here) to its totals.
"""

from __future__ import annotations

import pytest

import convdsl
from convdsl.diagnostics import ProgramError
from convdsl.network.outline import dotted
from tests.nets import (
    EXAMPLES,
    Costs,
    Window,
    example,
    params_by_layer,
    part,
    text_of,
    total,
    variant,
    window_of,
    without_exits,
)

PUBLISHED = {
    "lenet5": (61_706, 416_520),
    "lenet5_mnist": (61_706, 416_520),
    "lenet_caffe": (431_080, 2_293_000),
    "alexnet": (60_965_224, 724_406_816),
    "alexnet_nogroups": (62_378_344, 1_135_256_096),
    "alexnet_224": (61_100_840, 714_188_480),
    "vgg11": (132_863_336, 7_609_090_048),
    "vgg13": (133_047_848, 11_308_466_176),
    "vgg16": (138_357_544, 15_470_264_320),
    "vgg19": (143_667_240, 19_632_062_464),
    "vgg16_bn": (138_365_992, 15_470_264_320),
    "vgg16_notop": (14_714_688, 15_346_630_656),
    "googlenet": (13_378_280, 1_591_044_096),
    "googlenet_bn": (13_004_888, 1_506_748_416),
    "resnet18": (11_689_512, 1_814_073_344),
    "resnet34": (21_797_672, 3_663_761_408),
    "resnet50": (25_557_032, 4_089_184_256),
    "resnet101": (44_549_160, 7_801_405_440),
    "resnet152": (60_192_808, 11_513_626_624),
    "resnet50_paper": (25_557_032, 3_857_973_248),
    "resnet101_paper": (44_549_160, 7_570_194_432),
    "resnet152_paper": (60_192_808, 11_282_415_616),
    "resnext50": (25_028_904, 4_230_479_872),
    "se_resnet50": (28_088_024, 3_860_488_192),
    "mobilenet": (4_231_976, 568_740_352),
    "mobilenet_v2": (3_504_872, 300_774_272),
    "efficientnet_lite0": (4_652_014, 385_187_552),
    "densenet121": (7_978_856, 2_834_161_664),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_parameters_and_macs(name: str) -> None:
    assert total(example(name)) == PUBLISHED[name]


@pytest.mark.parametrize(
    ("name", "changes", "params", "macs"),
    [
        ("vgg11", [("p1 relu", "p1 -> bn relu")], 132_868_840, 7_609_090_048),
        ("vgg13", [("p1 relu", "p1 -> bn relu")], 133_053_736, 11_308_466_176),
        ("vgg19", [("p1 relu", "p1 -> bn relu")], 143_678_248, 19_632_062_464),
        ("vgg16_notop", [("(256, 3)", "(256, 4)"), ("(512, 3)", "(512, 4)")], 20_024_384, 19_508_428_800),
        ("resnext50", [("2*C", "4*C"), ("(256, 2, 6)", "(256, 2, 23)")], 88_791_336, 16_414_015_488),
        ("resnext50", [("2*C", "4*C"), ("g32", "g64"), ("(256, 2, 6)", "(256, 2, 23)")], 83_455_272, 15_460_270_080),
        (
            "se_resnet50",
            [("k1 sS nobias -> bn relu\n  conv C k3 p1", "k1 nobias -> bn relu\n  conv C k3 sS p1")],
            28_088_024,
            4_091_699_200,
        ),
    ],
    ids=["vgg11_bn", "vgg13_bn", "vgg19_bn", "vgg19_notop", "resnext101_32x8d", "resnext101_64x4d", "se_resnet50_v1.5"],
)
def test_relatives_of_the_examples(name: str, changes: list[tuple[str, str]], params: int, macs: int) -> None:
    assert total(variant(name, *changes)) == Costs(params, macs)


@pytest.mark.parametrize(
    ("name", "gigamacs"),
    [
        ("alexnet_224", "0.714"),
        ("vgg11", "7.609"),
        ("vgg13", "11.308"),
        ("vgg16", "15.470"),
        ("vgg19", "19.632"),
        ("resnet18", "1.814"),
        ("resnet34", "3.664"),
        ("resnet50", "4.089"),
        ("resnet101", "7.801"),
        ("resnet152", "11.514"),
        ("resnext50", "4.230"),
        ("densenet121", "2.834"),
    ],
)
def test_torchvision_rounds_the_same_macs(name: str, gigamacs: str) -> None:
    assert f"{total(example(name)).macs / 1e9:.3f}" == gigamacs


@pytest.mark.parametrize(("depth", "gigamacs"), [(50, "3.8"), (101, "7.6"), (152, "11.3")])
def test_the_residual_paper_rounds_the_same_macs(depth: int, gigamacs: str) -> None:
    macs = total(example(f"resnet{depth}_paper")).macs
    assert abs(macs / 1e9 - float(gigamacs)) < 0.06


def test_resnet20_of_the_paper_has_no_weights_in_its_shortcuts() -> None:
    """Every second value is taken, and the new channels are zeros: 0.27 million parameters."""
    side = "(512/C)x(512/C)"
    shortcut = f"maxpool 1 s2 -> reshape {side}x(C/2)x1 -> pad 0x0x(C/4) -> reshape {side}xC"
    assert total(variant("resnet20", ("conv C k1 s2 nobias -> bn", shortcut))) == (269_722, 40_551_040)


# Layer by layer.


def test_alexnet_by_layer() -> None:
    net = example("alexnet")
    assert params_by_layer(net) == [34_944, 307_456, 885_120, 663_936, 442_624, 37_752_832, 16_781_312, 4_097_000]
    convolutions = sum(f.macs for n, f in net.report if n.op == "conv")
    dense = sum(f.macs for n, f in net.report if n.op == "dense")
    assert (convolutions, dense) == (665_784_864, 58_621_952)
    assert round(4 * net.report.total.params / 2**20) == 233  # MB in float32


def test_googlenet_by_module() -> None:
    net = example("googlenet")
    modules = ["inception", *(f"inception_{i}" for i in range(2, 10))]
    assert [part(net, m).macs for m in modules] == [
        128_049_152,
        304_267_264,
        73_608_192,
        87_908_352,
        99_850_240,
        118_515_712,
        169_996_288,
        51_079_168,
        70_697_984,
    ]


@pytest.mark.parametrize(
    ("name", "params", "macs"),
    [
        ("googlenet", 6_998_552, 1_582_671_872),
        ("googlenet_bn", 6_624_904, 1_498_376_192),
    ],
)
def test_googlenet_without_side_exits(name: str, params: int, macs: int) -> None:
    net = example(name)
    assert without_exits(net) == Costs(params, macs)
    assert [n.exit for n in net.nodes if n.exit] == [0.3, 0.3]


def test_squeeze_and_excitation_by_itself() -> None:
    net = example("se_resnet50")
    inside = [f for n, f in net.report if "squeeze_excite" in dotted(n.path)]
    weights = sum(f.macs for f in inside)
    assert weights == 2_514_944  # at 1×1 every weight multiplies once
    assert weights == sum(2 * n * (4 * c) ** 2 // 16 for n, c in ((3, 64), (4, 128), (6, 256), (3, 512)))
    assert sum(f.params for f in inside) - weights == 16_048
    assert round(4 * net.report.total.params / 2**20) == 107  # MB in float32


# LeNet-5 of 1998: every trainable part, and a table that says which maps each filter of C3 looks at.


def test_lenet5_of_1998() -> None:
    def layer(shape: str, text: str) -> tuple[int, int]:
        """Parameters and connections; a connection is a weight or a bias in use at one place."""
        net = convdsl.parse(f"input {shape} -> {text}")
        facts = net.report[len(net.nodes)]
        places = facts.output[0] * facts.output[1] if len(facts.output) == 3 else 1
        return facts.params, facts.macs + places * (facts.output[-1] if "bias" in facts.weights else 0)

    c1, c5, f6 = layer("32x32x1", "conv 6 k5"), layer("5x5x16", "conv 120 k5"), layer("120", "dense 84")
    tables = {3: 6, 4: 6 + 3, 6: 1}  # so many filters look at so many of the six maps
    c3 = [layer(f"14x14x{maps}", f"conv {filters} k5") for maps, filters in tables.items()]
    c3 = sum(p for p, _ in c3), sum(c for _, c in c3)
    s2, s4 = layer("28x28x6", "avgpool 2 -> dwconv k1"), layer("10x10x16", "avgpool 2 -> dwconv k1")
    assert (c1, c3, c5, f6) == ((156, 122_304), (1516, 151_600), (48_120, 48_120), (10_164, 10_164))
    assert (s2[0], s4[0]) == (12, 32)  # a factor and a shift for each map
    sums = 14 * 14 * 6 * (4 + 1), 5 * 5 * 16 * (4 + 1)  # there a connection is each of four values and the shift
    assert sums == (5880, 2000)
    assert c1[0] + s2[0] + c3[0] + s4[0] + c5[0] + f6[0] == 60_000
    assert c1[1] + c3[1] + c5[1] + f6[1] + sum(sums) == 340_068  # the paper prints 340,908: two digits are swapped


# As Keras counts.


@pytest.mark.parametrize(
    ("name", "params", "in_keras"),
    [
        ("resnet50_paper", 25_583_592, 25_636_712),
        ("resnet101_paper", 44_601_832, 44_707_176),
        ("resnet152_paper", 60_268_520, 60_419_944),
    ],
)
def test_residual_nets_of_keras_have_biases(name: str, params: int, in_keras: int) -> None:
    net = variant(name, (" nobias", ""))
    assert total(net) == Costs(params, PUBLISHED[name][1])
    assert net.report.total.params + net.report.total.buffers == in_keras


@pytest.mark.parametrize(
    ("name", "in_keras"),
    [
        ("vgg16", 138_357_544),
        ("vgg19", 143_667_240),
        ("mobilenet", 4_253_864),
        ("densenet121", 8_062_504),
    ],
)
def test_keras_adds_running_statistics(name: str, in_keras: int) -> None:
    net = example(name)
    assert net.report.total.params + net.report.total.buffers == in_keras


# Receptive fields at the last convolution or pooling, with effective stride and padding: Araujo, Norris and Sim (2019).


SAME_POOL = [("maxpool 3 s2 p1", "maxpool 3 s2 p same")]
"""The networks measured there pad this pooling at the end alone."""


@pytest.mark.parametrize(
    ("name", "changes", "window"),
    [
        ("alexnet_224", [("s4 p2", "s4")], (195, 32, 64)),
        ("vgg11", [], (150, 32, 59)),
        ("vgg16", [], (212, 32, 90)),
        ("resnet50_paper", SAME_POOL, (483, 32, 239)),
        ("resnet101_paper", SAME_POOL, (1027, 32, 511)),
        ("resnet152_paper", SAME_POOL, (1507, 32, 751)),
    ],
)
def test_field_stride_and_padding(name: str, changes: list[tuple[str, str]], window: tuple[int, int, int]) -> None:
    assert window_of(variant(name, *changes)) == Window(*window)


@pytest.mark.parametrize(
    ("name", "size", "jump"),
    [
        ("alexnet", 195, 32),
        ("alexnet_224", 195, 32),
        ("vgg11", 150, 32),
        ("vgg16", 212, 32),
        ("vgg19", 268, 32),
        ("resnet18", 435, 32),
        ("resnet34", 899, 32),
        ("resnet50", 427, 32),
        ("resnet101", 971, 32),
        ("resnet152", 1451, 32),
        ("resnet50_paper", 483, 32),
        ("resnet101_paper", 1027, 32),
        ("resnet152_paper", 1507, 32),
    ],
)
def test_receptive_field(name: str, size: int, jump: int) -> None:
    assert window_of(example(name))[:2] == (size, jump)


def test_receptive_field_of_lenet5_after_the_second_pooling() -> None:
    facts = example("lenet5").report[4]
    assert (facts.receptive_field, facts.jump) == ((16, 16), (4, 4))


# The smallest images that get through.


@pytest.mark.parametrize(
    ("name", "smallest"),
    [
        ("alexnet_224", 63),
        ("vgg11", 32),
        ("vgg13", 32),
        ("vgg16", 32),
        ("vgg19", 32),
    ],
)
def test_smallest_input(name: str, smallest: int) -> None:
    text = text_of(name)
    convdsl.parse(text, input=(smallest, smallest, 3))
    with pytest.raises(ProgramError) as error:
        convdsl.parse(text, input=(smallest - 1, smallest - 1, 3))
    assert {d.code for d in error.value.diagnostics if d.severity == "error"} == {"E301"}


@pytest.mark.parametrize("name", PUBLISHED)
def test_an_example_states_its_published_totals(name: str) -> None:
    params, macs = PUBLISHED[name]
    text = (EXAMPLES / f"{name}.cnn").read_text("utf-8")
    assert f"\nexpect params {params:_}" in text
    assert f"\nexpect macs {macs:_}" in text
