"""Every declaration in the registry: its example, its documentation, and how it is written back."""

from __future__ import annotations

from math import prod

import pytest

from convdsl.layers import BY_NAME, ELSEWHERE, LAYERS, Layer
from convdsl.network import analyse
from convdsl.source import Source

NAMES = [layer.name for layer in LAYERS]


def example(layer: type[Layer]) -> str:
    return f"input 8x8x4 -> {layer.example}"


@pytest.mark.parametrize("layer", LAYERS, ids=NAMES)
def test_the_example_is_right_and_uses_the_layer(layer: type[Layer]) -> None:
    analysis = analyse(Source(example(layer)))
    assert not analysis.failed, analysis.diagnostics
    assert any(n.op == layer.name for n in analysis.network.nodes)


@pytest.mark.parametrize("layer", LAYERS, ids=NAMES)
def test_a_layer_written_back_is_the_same_layer(layer: type[Layer]) -> None:
    node = analyse(Source(example(layer))).network.nodes[-1]
    if len(node.inputs) > 1:
        pytest.skip("branches are not written back")
    again = analyse(Source(f"input 8x8x4 -> {node.text}")).network.nodes[-1]
    assert again.text == node.text and type(again.layer) is type(node.layer)


@pytest.mark.parametrize("layer", LAYERS, ids=NAMES)
def test_it_is_documented(layer: type[Layer]) -> None:
    assert layer.documentation()
    assert all(a.doc for a in layer.arguments.values())


@pytest.mark.parametrize("layer", LAYERS, ids=NAMES)
def test_parameters_are_the_elements_of_the_weights(layer: type[Layer]) -> None:
    for _, facts in analyse(Source(example(layer))).report:
        assert facts.params == sum(prod(shape) for shape in facts.weights.values())
        assert facts.buffers == sum(prod(shape) for shape in facts.buffer_shapes.values())


def test_no_name_means_two_layers() -> None:
    names = [name for layer in LAYERS for name in (layer.name, *layer.aliases)]
    assert len(names) == len(set(names)) == len(BY_NAME)
    assert not set(ELSEWHERE) & set(BY_NAME)


def test_the_layers_of_the_language_page_are_all_there() -> None:
    text = (
        "conv dwconv tconv local dense maxpool avgpool minpool medianpool globalavgpool gap globalmaxpool gmp "
        "adaptiveavgpool flatten reshape identity pad crop upsample shuffle bn ln in gn lrn batchnorm dropout scale "
        "relu relu6 leaky_relu prelu elu selu gelu silu sigmoid hardsigmoid hardswish tanh softmax filter add mul "
        "concat "
    )
    wanted = text.split()
    assert set(wanted) <= set(BY_NAME)


RULES = {"weights": "why_params", "macs": "why_macs", "flops": "why_flops"}


@pytest.mark.parametrize("layer", LAYERS, ids=NAMES)
@pytest.mark.parametrize("rule", RULES)
def test_a_cost_of_its_own_has_a_sentence_of_its_own(layer: type[Layer], rule: str) -> None:
    """What `explain` says of a cost may be inherited only from where the rule itself is, or below."""

    def owner(method: str) -> int:
        return next((n for n, c in enumerate(layer.__mro__) if method in vars(c)), len(layer.__mro__))

    assert owner(RULES[rule]) <= owner(rule)
