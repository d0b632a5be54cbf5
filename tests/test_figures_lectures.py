"""The figures of the five lectures that the project serves, and their slips that sizes and costs can show."""

from __future__ import annotations

from fractions import Fraction
from math import prod

import pytest

import convdsl
from convdsl.diagnostics import Diagnostic, ProgramError
from convdsl.network import analyse
from convdsl.source import Source
from tests.nets import example, params_by_layer, total, variant


def shape(text: str) -> tuple[int, ...]:
    return convdsl.parse(text).report.output


def params(text: str) -> int:
    return convdsl.parse(text).report.total.params


def finding(text: str, code: str) -> Diagnostic:
    """The one diagnostic of a program with this code."""
    (found,) = [d for d in analyse(Source(text)).diagnostics if d.code == code]
    return found


def shapes_after(name: str) -> list[tuple[int, ...]]:
    """Shapes after every layer of an example."""
    return [f.output for _, f in example(name).report]


# Toro (2022).


def test_784_pixels_join_ten_neurons() -> None:
    facts = example("mnist_dense").report[1]
    assert facts.weights == {"weight": (10, 28 * 28), "bias": (10,)}
    assert facts.macs == 7840
    assert facts.params == 7850  # the slide announces weights and biases, and counts 7840


def test_six_maps_of_28x28() -> None:
    assert shape("input 32x32x3 -> conv 6 k5") == (28, 28, 6)
    assert total(example("six_filters")) == (456, 352_800)


def test_a_filter_is_as_deep_as_its_input() -> None:
    facts = convdsl.parse("input 6x6x3 -> conv 2 k4").report[1]
    assert facts.weights["weight"] == (2, 3, 4, 4)
    assert facts.output == (3, 3, 2)


def test_small_sizes_of_the_slides() -> None:
    assert shape("input 6x6x1 -> filter prewitt_x p0") == (4, 4, 1)
    assert shape("input 4x4x1 -> flatten") == (16,)
    assert shape("input 4x4x1 -> maxpool 2") == (2, 2, 1)


@pytest.mark.parametrize("window", [1, 3, 5, 7, 9, 11])
def test_padding_keeps_the_size_only_at_half_the_window_and_stride_one(window: int) -> None:
    def side(padding: int, stride: int) -> int:
        return shape(f"input 32x32x1 -> conv 1 k{window} s{stride} p{padding}")[0]

    assert [p for p in range(8) if side(p, 1) == 32] == [(window - 1) // 2]
    assert side((window - 1) // 2, 2) == 16


@pytest.mark.parametrize(("name", "weighted"), [("vgg11", 11), ("vgg13", 13), ("vgg16", 16), ("vgg19", 19)])
def test_vgg_has_sixteen_layers_only_if_it_is_vgg16(name: str, weighted: int) -> None:
    net = example(name)
    assert len(params_by_layer(net)) == weighted
    assert {n.layer.k for n in net.nodes if n.op == "conv"} == {(3,)}


def test_vgg16_has_138_million_parameters() -> None:
    assert total(example("vgg16")).params // 10**6 == 138


# Ronchetti and Quiroga (2019).


def test_cifar10_without_pooling() -> None:
    net = example("cifar10_flat")
    assert [f.output for _, f in net.report] == [(30, 30, 64), (32,), (10,)]
    assert prod(net.report[1].output) == 57_600
    assert params_by_layer(net) == [(3 * 3 * 3 + 1) * 64, 57_600 * 32 + 32, 330] == [1792, 1_843_232, 330]
    assert total(net).params == 1_845_354


def test_cifar10_with_pooling_has_a_quarter() -> None:
    net = example("cifar10_pool")
    assert prod(net.report[2].output) == 14_400
    assert params_by_layer(net) == [1792, 460_832, 330]
    whole = Fraction(total(net).params, total(example("cifar10_flat")).params)
    dense = Fraction(net.report[3].params, example("cifar10_flat").report[2].params)
    assert (int(whole * 10**5), int(dense * 10**5)) == (25_087, 25_001)  # "a quarter": 0.25087, the dense layer 0.25001


def test_the_printed_code_has_its_last_layer_twice() -> None:
    text = "input 32x32x3 -> conv 64 k3 relu -> maxpool 2 -> dense 32 relu -> dense 10 softmax -> dense 10 softmax"
    assert params(text) == 463_064 == total(example("cifar10_pool")).params + 110
    assert finding(text, "W504").severity == "warning"


def test_deeper_cifar10() -> None:
    net = example("cifar10")
    assert params_by_layer(net) == [1792, 36_928, 524_416, 1290]
    assert shapes_after("cifar10") == [(32, 32, 64), (16, 16, 64), (16, 16, 64), (8, 8, 64), (128,), (10,)]
    assert prod(net.report[4].output) == 4096


def test_one_convolution_for_mnist() -> None:
    assert params_by_layer(example("mnist")) == [640, 26 * 26 * 64 * 10 + 10]


def test_pooling_may_overlap() -> None:
    assert {(n.layer.k, n.layer.s) for n in example("alexnet").nodes if n.op == "maxpool"} == {((3,), (2,))}


# Universidad Miguel Hernández, Práctica 6.


def test_a_window_of_5_slides_over_28() -> None:
    assert shape("input 28x28x1 -> conv 32 k5") == (24, 24, 32)
    assert prod(shape("input 28x28x1 -> conv 1 k5")) == 576


def test_weights_that_are_shared_and_weights_that_are_not() -> None:
    assert params("input 28x28x1 -> conv 1 k5 nobias") == 25
    assert params("input 28x28x1 -> conv 1 k5") == 26  # one bias for each filter
    assert params("input 28x28x1 -> local 1 k5 nobias") == 14_400
    assert total(example("locally_connected")).params == 14_976 == 14_400 + 576


def test_pooling_halves_and_learns_nothing() -> None:
    net = convdsl.parse("input 12x12x32 -> maxpool 2")
    assert net.report.output == (6, 6, 32)
    assert net.report.total.params == 0


def test_fashion_mnist() -> None:
    net = example("fashion_mnist")
    assert shapes_after("fashion_mnist") == [(24, 24, 32), (12, 12, 32), (8, 8, 64), (4, 4, 64), (10,)]
    assert prod(net.report[4].output) == 1024
    assert params_by_layer(net) == [832, 51_264, 10_250]
    assert total(net).params == 62_346
    assert total(example("fashion_mnist_dense")).params == 118_346


# Mesejo.


@pytest.mark.parametrize(("options", "side"), [("s1", 5), ("s2", 3), ("s1 p1", 7)])
def test_a_window_of_3_on_7(options: str, side: int) -> None:
    text = f"input 7x7x1 -> conv 1 k3 {options}"
    assert shape(text) == (side, side, 1)
    assert not analyse(Source(text)).diagnostics


def test_a_stride_of_3_does_not_divide() -> None:
    warning = finding("input 7x7x1 -> conv 1 k3 s3", "W501")
    assert shape("input 7x7x1 -> conv 1 k3 s3") == (2, 2, 1)
    assert "2.33" in str(warning.message) and "p1" in str(warning.help)
    assert shape("input 7x7x1 -> conv 1 k3 s3 p1") == (3, 3, 1)
    assert not analyse(Source("input 7x7x1 -> conv 1 k3 s3 p1")).diagnostics


@pytest.mark.parametrize("stride", [1, 2, 3])
def test_the_example_of_strides_holds_for_all_three(stride: int) -> None:
    text = variant("stride").text
    assert convdsl.parse(text, symbols={"S": stride}).report.output[0] == (7 - 3) // stride + 1


def test_a_border_of_one_makes_9_of_7() -> None:
    assert shape("input 7x7x1 -> pad 1") == (9, 9, 1)


def test_ten_filters_have_280_parameters_and_not_270() -> None:
    assert total(example("same_padding")) == (280, 69_120)
    with pytest.raises(ProgramError) as error:
        convdsl.parse("input 16x16x3 -> conv 10 k3 p1 -> expect params 270")
    (diagnostic,) = error.value.diagnostics
    assert diagnostic.code == "E401" and "280" in str(diagnostic.message)


def test_a_1x1_convolution_saves_nine_parts_in_ten() -> None:
    direct, reduced = example("conv_5x5"), example("conv_5x5_reduced")
    assert total(direct).macs == 120_422_400
    assert [f.macs for _, f in reduced.report] == [2_408_448, 10_035_200]
    assert total(reduced).macs == 12_443_648
    assert Fraction(total(direct).macs, total(reduced).macs) == Fraction(300, 31)  # 9.677
    assert direct.report.total.flops == 2 * 120_422_400 == 240_844_800  # "operations" on the slide: multiplications


def test_the_third_output_sees_inputs_two_to_four() -> None:
    field = convdsl.parse("input 5x1 -> conv 1 k3 p1").report[1].field[0]
    third = 2
    assert (field.low + third * field.jump + 1, field.high + third * field.jump + 1) == (2, 4)


def test_dilation_widens_the_view_at_no_cost() -> None:
    dilated, plain = example("dilated"), variant("dilated", (" d2 p2", " p1"), (" d4 p4", " p1"))
    assert [f.receptive_field[0] for _, f in dilated.report] == [3, 7, 15]
    assert [f.receptive_field[0] for _, f in plain.report] == [3, 5, 7]
    assert total(dilated) == total(plain)


# Echeverri.


@pytest.mark.parametrize(("small", "large", "weights"), [("two_3x3", 5, (18, 25)), ("three_3x3", 7, (27, 49))])
def test_small_windows_in_a_row_see_as_much_for_less(small: str, large: int, weights: tuple[int, int]) -> None:
    one = convdsl.parse(f"input 32x32x1 -> conv 1 k{large} nobias")
    several = example(small)
    assert several.report[len(several.nodes)].receptive_field == one.report[1].receptive_field == (large, large)
    assert (total(several).params, total(one).params) == weights


def test_the_printed_result_of_pooling_belongs_to_windows_of_3() -> None:
    assert shape("input 6x6x1 -> maxpool 2") == (3, 3, 1)
    assert shape("input 6x6x1 -> maxpool 3") == (2, 2, 1)


def test_pooling_saves_parameters_of_the_dense_layer_behind_it() -> None:
    assert params("input 28x28x8 -> maxpool 2") == 0
    whole, halved = params("input 28x28x8 -> dense 10"), params("input 28x28x8 -> maxpool 2 -> dense 10")
    assert whole - halved == 10 * 8 * (28**2 - 14**2)
