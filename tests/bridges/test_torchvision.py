"""torchvision's state dicts find their partners in the examples: names and order as it writes them, random numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import prod

import numpy as np
import pytest

import convdsl
from convdsl.bridges.matching import matched, own_modules
from tests.nets import EXAMPLES

Names = Iterator[str]


def alexnet() -> Names:
    yield from (f"features.{i}" for i in (0, 3, 6, 8, 10))
    yield from (f"classifier.{i}" for i in (1, 4, 6))


def vgg16() -> Names:
    yield from (f"features.{i}" for i in (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28))
    yield from (f"classifier.{i}" for i in (0, 3, 6))


def resnet(depths: tuple[int, ...], convolutions: int) -> Names:
    yield from ("conv1", "bn1")
    for stage, depth in enumerate(depths, 1):
        for block in range(depth):
            head = f"layer{stage}.{block}"
            yield from (f"{head}.{kind}{i}" for i in range(1, convolutions + 1) for kind in ("conv", "bn"))
            if block == 0 and (stage > 1 or convolutions == 3):
                yield from (f"{head}.downsample.{i}" for i in (0, 1))
    yield "fc"


def googlenet(last: bool) -> Names:
    """The side exits stand behind 4a and 4d in the data, and before `fc` in the file (`last`)."""

    def exit(number: int) -> list[str]:
        return [f"aux{number}.{name}" for name in ("conv.conv", "conv.bn", "fc1", "fc2")]

    for i in (1, 2, 3):
        yield from (f"conv{i}.conv", f"conv{i}.bn")
    for name in ("3a", "3b", "4a", "4b", "4c", "4d", "4e", "5a", "5b"):
        for branch in ("1", "2.0", "2.1", "3.0", "3.1", "4.1"):
            yield from (f"inception{name}.branch{branch}.{kind}" for kind in ("conv", "bn"))
        if name in ("4a", "4d") and not last:
            yield from exit(1 if name == "4a" else 2)
    yield from [*exit(1), *exit(2), "fc"] if last else ["fc"]


def densenet121() -> Names:
    yield from ("features.conv0", "features.norm0")
    for block, depth in enumerate((6, 12, 24, 16), 1):
        for layer in range(1, depth + 1):
            head = f"features.denseblock{block}.denselayer{layer}"
            yield from (f"{head}.{name}" for name in ("norm1", "conv1", "norm2", "conv2"))
        if block < 4:
            yield from (f"features.transition{block}.{name}" for name in ("norm", "conv"))
    yield from ("features.norm5", "classifier")


def mobilenet_v2() -> Names:
    yield from ("features.0.0", "features.0.1")
    for block in range(1, 18):
        parts = ("0.0", "0.1", "1", "2") if block == 1 else ("0.0", "0.1", "1.0", "1.1", "2", "3")
        yield from (f"features.{block}.conv.{part}" for part in parts)
    yield from ("features.18.0", "features.18.1", "classifier.1")


def squeezenet() -> Names:
    yield "features.0"
    for block in (3, 4, 6, 7, 9, 10, 11, 12):
        yield from (f"features.{block}.{part}" for part in ("squeeze", "expand1x1", "expand3x3"))
    yield "classifier.1"


def googlenet_file() -> Names:
    return googlenet(True)


MODELS: dict[str, tuple[Callable[[], Names], Callable[[], Names], int]] = {
    "alexnet_224": (alexnet, alexnet, 61_100_840),
    "vgg16": (vgg16, vgg16, 138_357_544),
    "resnet18": (lambda: resnet((2, 2, 2, 2), 2),) * 2 + (11_689_512,),
    "resnet50": (lambda: resnet((3, 4, 6, 3), 3),) * 2 + (25_557_032,),
    "googlenet_bn": (lambda: googlenet(False), googlenet_file, 13_004_888),
    "densenet121": (densenet121, densenet121, 7_978_856),
    "mobilenet_v2": (mobilenet_v2, mobilenet_v2, 3_504_872),
    "squeezenet": (squeezenet, squeezenet, 1_235_496),
}
"""By the example: the names of torchvision's modules in the order of the data and in that of the file, and its parameters."""
PATTERN = np.random.default_rng(0).standard_normal(1_000_003).astype(np.float32)
"""A prime number of values, so that no two places of a tensor that repeats them look the same for long."""
_ROLES = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")


def state_dict(name: str) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """The tensors in the order of the file, and the partners of modules, ours first."""
    net = convdsl.load(EXAMPLES / f"{name}.cnn")
    in_data, in_file, _ = MODELS[name]
    ours = own_modules(net.analysis)
    partners = dict(zip((module.name for module in ours), in_data(), strict=True))
    shapes = {partners[module.name]: module.tensors for module in ours}
    tensors: dict[str, np.ndarray] = {}
    for start, module in enumerate(in_file()):
        roles = {role: tuple(map(int, shape)) for role, shape in shapes[module].items()}
        if "running_mean" in roles:
            roles["num_batches_tracked"] = ()
        for role in sorted(roles, key=_ROLES.index):
            size = prod(roles[role])
            tensors[f"{module}.{role}"] = np.resize(np.roll(PATTERN, start), size).reshape(roles[role])
    return tensors, partners


@pytest.mark.parametrize("name", MODELS)
def test_a_model_of_torchvision_finds_its_partners(name: str) -> None:
    net = convdsl.load(EXAMPLES / f"{name}.cnn")
    tensors, partners = state_dict(name)
    learned = [value.size for n, value in tensors.items() if "running" not in n and "num_batches" not in n]
    assert sum(learned) == MODELS[name][2]
    found = matched(net.analysis, tensors)
    assert dict(found.pairs) == partners and not found.missing and not found.unused
    for mine, other in partners.items():
        number = int(mine.split(".")[0])
        shape = tuple(map(int, net.report[number].inputs[0]))
        for role in ("weight", "bias", "running_mean", "running_var"):
            if f"{mine}.{role}" in found.weights:
                right = tensors[f"{other}.{role}"]
                if mine.endswith("dense") and role == "weight" and len(shape) == 3:
                    rows, columns, channels = shape
                    right = right.reshape(-1, channels, rows, columns).transpose(0, 2, 3, 1).reshape(right.shape)
                assert np.array_equal(found.weights[f"{mine}.{role}"], right), (mine, role)


def test_googlenet_without_its_side_exits_takes_the_last_layer_of_all() -> None:
    """The last layers of the side exits have its shape, and stand before it in the file."""
    text = (EXAMPLES / "googlenet_bn.cnn").read_text("utf-8")
    for one in ("aux 0.3 { side_exit() }", "expect params 13_004_888", "expect macs 1_506_748_416"):
        text = text.replace(one, "")
    net = convdsl.parse(text)
    tensors, partners = state_dict("googlenet_bn")
    found = matched(net.analysis, tensors)
    assert [theirs for _, theirs in found.pairs] == [n for n in partners.values() if not n.startswith("aux")]
    assert not found.missing and all(name.startswith("aux") for name in found.unused)


def test_weights_of_another_model_are_not_taken_for_whole() -> None:
    net = convdsl.load(EXAMPLES / "squeezenet.cnn")
    found = matched(net.analysis, state_dict("mobilenet_v2")[0])
    assert len(found.missing) > 40 and len(found.unused) > 200
