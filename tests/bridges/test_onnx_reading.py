"""What comes in as ONNX: graphs of other projects, patterns of exporters, and what is refused."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import convdsl
from convdsl.bridges import Unsayable, Weighted
from convdsl.bridges.pieces import Foreign
from convdsl.bridges.program import written
from convdsl.cli import main
from convdsl.net import Net
from tests.bridges.nets import difference, images, lively, predicted
from tests.random_networks import networks

onnx = pytest.importorskip("onnx", reason="the package onnx is not installed")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402
from onnx.backend.test.loader import load_model_tests  # noqa: E402

from convdsl.bridges.onnx.file import read_onnx  # noqa: E402
from convdsl.bridges.onnx.model import PROGRAM, to_onnx  # noqa: E402
from convdsl.bridges.onnx.reading import as_flow  # noqa: E402

LIGHT = {
    "bvlc_alexnet": (60_965_224, 18),
    "densenet121": (7_978_856, 32),
    "inception_v1": (6_998_552, 39),
    "inception_v2": (11_194_984, 82),
    "resnet50": (25_557_032, 36),
    "shufflenet": (1_393_320, 36),
    "squeezenet": (1_235_496, 31),
    "vgg19": (143_667_240, 24),
    "zfnet512": (87_250_536, 16),
}
"""Of the models in the package onnx: parameters, and the lines in which each can be written at most."""
SEVERAL = ("bvlc_alexnet", "vgg19", "zfnet512")
"""Those whose constants take seconds to make."""


@pytest.mark.parametrize("name", [n for n in LIGHT if n not in SEVERAL])
def test_models_of_others_have_their_parameters(name: str) -> None:
    import onnx.backend.test as place

    net = written(as_flow(onnx.load(Path(place.__file__).parent / "data" / "light" / f"light_{name}.onnx")))
    params, lines = LIGHT[name]
    assert net.analysis.report.total.params == params
    assert len(net.analysis.source.text.splitlines()) <= lines


# ONNX' own tests


def cases(kind: str) -> Any:
    """Name, model with all inputs but the first as constants, the first input, and what must come out."""
    for test in load_model_tests(kind=kind):
        if "_expanded" in test.name:
            continue
        if test.model is not None:
            model, sets = test.model, test.data_sets
        else:
            folder = Path(test.model_dir)
            model = onnx.load(folder / "model.onnx")
            sets = [
                tuple([_tensor(f) for f in sorted(data.glob(f"{what}_*.pb"))] for what in ("input", "output"))
                for data in sorted(folder.glob("test_data_set_*"))[:1]
            ]
        if not sets:
            continue
        inputs, outputs = sets[0]
        if not all(isinstance(v, (np.ndarray, np.generic, TensorProto)) for v in (*inputs, *outputs)) or not outputs:
            continue
        inputs, outputs = ([_array(v) for v in values] for values in (inputs, outputs))
        copy = onnx.ModelProto()
        copy.CopyFrom(model)
        fixed = {t.name for t in copy.graph.initializer}
        names = [i.name for i in copy.graph.input if kind == "node" or i.name not in fixed]
        for name, value in list(zip(names, inputs, strict=False))[1:]:
            copy.graph.initializer.append(numpy_helper.from_array(value, name))
        yield test.name, copy, inputs[0] if inputs else None, outputs[0], getattr(test, "rtol", 1e-3)


def _tensor(file: Path) -> Any:
    tensor = TensorProto()
    tensor.ParseFromString(file.read_bytes())
    return tensor


def _array(value: Any) -> np.ndarray:
    return numpy_helper.to_array(value) if isinstance(value, TensorProto) else np.asarray(value)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("kind", "floor"), [("node", 102), ("pytorch-converted", 65), ("pytorch-operator", 6)])
def test_cases_of_onnx_run_and_are_right_or_are_refused(kind: str, floor: int) -> None:
    counted: Counter[str] = Counter()
    wrong = []
    for name, model, x, y, tolerance in cases(kind):
        try:
            net = written(as_flow(model, output=model.graph.output[0].name))
        except Foreign:
            counted["refused"] += 1
            continue
        moved = np.moveaxis(x, 1, -1) if x.ndim > 2 else x
        last = moved if moved.shape[1:] == tuple(net.analysis.network.input) else x
        found = predicted(Net(net.analysis), dict(net.weights), np.ascontiguousarray(last, np.float32))
        found = np.moveaxis(found, -1, 1) if found.ndim > 2 else found
        right = found.size == y.size and difference(found.reshape(y.shape), y) < max(tolerance, 1e-4)
        counted["right" if right else "wrong"] += 1
        wrong += [] if right else [name]
    assert not wrong
    assert counted["right"] >= floor


# There and back


def test_random_networks_come_back_the_same() -> None:
    seen = 0
    for text in networks(90, seed=7):
        net = convdsl.parse(text)
        weights, x = lively(net), images(net)
        try:
            model = to_onnx(Weighted(net.analysis, weights))
            del model.metadata_props[:]
            back = written(as_flow(model))
        except (Unsayable, Foreign):
            continue
        seen += 1
        ill = any(node.op in ("in", "gn", "ln") for node in net.nodes)
        right = predicted(net, weights, x)
        assert difference(predicted(Net(back.analysis), dict(back.weights), x), right) < (2e-3 if ill else 1e-4), text
    assert seen >= 30


def test_aligned_corners_come_back_and_unpooling_is_refused() -> None:
    for text in ("upsample 2x3 corners", "upsample 2 bilinear", "maxpool 2 -> keep a -> unpool a"):
        net = convdsl.parse(f"input 6x6x3 -> conv 4 k3 -> {text} -> conv 2 k1")
        model = to_onnx(Weighted(net.analysis, lively(net)))
        del model.metadata_props[:]
        if "unpool" in text:
            with pytest.raises(Foreign, match="places"):
                as_flow(model)
        else:
            assert f"{text}\n" in written(as_flow(model)).analysis.source.text


@pytest.mark.parametrize("name", ["lenet5", "resnet20", "unet", "mobilenet", "inception_block", "cifar10"])
def test_without_the_text_in_it_the_structure_is_found_again(name: str) -> None:
    net = convdsl.load(Path(__file__).parents[2] / "examples" / f"{name}.cnn")
    model = to_onnx(Weighted(net.analysis, lively(net)))
    assert any(entry.key == PROGRAM for entry in model.metadata_props)
    back = written(as_flow(model))
    assert back.analysis.report.total.params == net.report.total.params
    assert back.analysis.report.total.macs == net.report.total.macs
    ours = [node.op for node in net.nodes if node.op != "identity"]
    assert [node.op for node in back.analysis.network.nodes if node.op != "identity"] == ours
    assert len(back.analysis.source.text.splitlines()) <= 1.2 * len(net.text.splitlines())


def test_what_does_not_nest_gets_a_name() -> None:
    net = convdsl.parse(
        "input 8x8x4\nconv 4 k3 p1 relu -> keep a -> conv 4 k3 p1 relu -> keep b -> conv 4 k3 p1\n"
        "add { identity | from a } relu\nconcat { identity | from a -> conv 2 k1 | from b }\n"
        "add { conv 4 k3 p1 -> keep c -> conv 4 k1 | from c -> conv 4 k1 }\ndense 2"
    )
    weights, x = lively(net), images(net)
    model = to_onnx(Weighted(net.analysis, weights))
    back = written(as_flow(model))
    assert "keep" in back.analysis.source.text and back.analysis.report.total.params == net.report.total.params
    right = predicted(net, weights, x)
    assert difference(predicted(Net(back.analysis), dict(back.weights), x), right) < 1e-4


# Patterns of exporters


def graph(nodes: list[Any], constants: dict[str, Any], shape: Any = (1, 4, 6, 6), opset: int = 17) -> Any:
    made = helper.make_graph(
        nodes,
        "made",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, list(shape))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(np.asarray(v), n) for n, v in constants.items()],
    )
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", opset)])


def node(op: str, inputs: str, output: str, **attributes: Any) -> Any:
    return helper.make_node(op, inputs.split(), output.split(), name=f"{op}_{output}", **attributes)


F = np.float32
KERNEL = np.arange(16, dtype=F).reshape(4, 4, 1, 1)
EACH = np.array([1, 2, 3, 4], F).reshape(1, 4, 1, 1)
PATTERNS = {
    "silu": ([node("Sigmoid", "x", "s"), node("Mul", "x s", "y")], {}, "silu"),
    "hardswish": (
        [
            node("Add", "x three", "a"),
            node("Clip", "a zero six", "c"),
            node("Mul", "x c", "m"),
            node("Div", "m six", "y"),
        ],
        {"three": F(3), "zero": F(0), "six": F(6)},
        "hardswish",
    ),
    "gelu": (
        [
            node("Div", "x root", "d"),
            node("Erf", "d", "e"),
            node("Add", "e one", "a"),
            node("Mul", "x a", "m"),
            node("Mul", "m half", "y"),
        ],
        {"root": F(2**0.5), "one": F(1), "half": F(0.5)},
        "gelu",
    ),
    "a bias that is added": (
        [node("Conv", "x w", "c"), node("Add", "c b", "y")],
        {"w": KERNEL, "b": EACH},
        "conv 4 k1",
    ),
    "bn with a scale behind": (
        [node("BatchNormalization", "x g b m v", "n"), node("Mul", "n s", "p"), node("Add", "p s", "y")],
        {"g": EACH.ravel(), "b": EACH.ravel(), "m": EACH.ravel(), "v": EACH.ravel(), "s": EACH},
        "bn",
    ),
    "a scale": ([node("Mul", "x s", "y")], {"s": EACH}, "scale"),
    "images made ready": (
        [node("Sub", "x s", "d"), node("Div", "d s", "y")],
        {"s": EACH},
        "freeze { bn }",
    ),
    "shuffle": (
        [
            node("Reshape", "x five", "r"),
            node("Transpose", "r", "t", perm=[0, 2, 1, 3, 4]),
            node("Reshape", "t four", "y"),
        ],
        {"five": np.array([0, 2, 2, 6, 6]), "four": np.array([0, 4, 6, 6])},
        "shuffle 2",
    ),
    "flatten by its shape": (
        [
            node("Shape", "x", "s"),
            node("Slice", "s a b", "n"),
            node("Concat", "n m", "t", axis=0),
            node("Reshape", "x t", "r"),
            node("MatMul", "r w", "p"),
            node("Add", "p b2", "y"),
        ],
        {"a": np.array([0]), "b": np.array([1]), "m": np.array([-1]), "w": np.ones((144, 2), F), "b2": np.ones(2, F)},
        "dense 2",
    ),
    "a mean over all positions": ([node("ReduceMean", "x", "y", axes=[2, 3])], {}, "globalavgpool"),
    "channels last inside": (
        [
            node("Transpose", "x", "t", perm=[0, 2, 3, 1]),
            node("Relu", "t", "r"),
            node("Transpose", "r", "y", perm=[0, 3, 1, 2]),
        ],
        {},
        "relu",
    ),
}


@pytest.mark.parametrize("name", PATTERNS)
def test_a_pattern_of_exporters_is_one_layer(name: str) -> None:
    nodes, constants, wanted = PATTERNS[name]
    model = graph(nodes, constants)
    net = written(as_flow(model))
    lines = [line.split("#")[0].strip() for line in net.analysis.source.text.splitlines()[3:]]
    assert " -> ".join(lines) == wanted
    x = images(Net(net.analysis), 1)
    right = onnx.reference.ReferenceEvaluator(model).run(None, {"x": np.moveaxis(x, -1, 1)})[0]
    found = predicted(Net(net.analysis), dict(net.weights), x)
    found = np.moveaxis(found, -1, 1) if found.ndim > 2 else found
    assert difference(found.reshape(right.shape), right) < 1e-4


# What is refused


def refused(model: Any, tmp_path: Path, *, whole: bool = True) -> str:
    file = tmp_path / "net.onnx"
    file.write_bytes(model if isinstance(model, bytes) else model.SerializeToString())
    with pytest.raises(Foreign) as found:
        read_onnx(file)
    return str(found.value)


def test_what_is_no_layer_is_named(tmp_path: Path) -> None:
    assert "`Erf_y` (Erf)" in refused(graph([node("Erf", "x", "y")], {}), tmp_path)


def test_damaged_and_hostile_files_get_one_message(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = graph([node("Relu", "x", "y")], {}).SerializeToString()
    assert "no ONNX file" in refused(b"hello, this is no protobuf at all", tmp_path)
    assert "no ONNX file" in refused(b"", tmp_path)
    assert refused(good[: len(good) // 2], tmp_path)
    assert "opset 1" in refused(graph([node("Relu", "x", "y")], {}, opset=1), tmp_path)
    assert "opset 99" in refused(graph([node("Relu", "x", "y")], {}, opset=99), tmp_path)
    circle = graph([node("Add", "x b", "a"), node("Relu", "a", "b"), node("Relu", "b", "y")], {})
    assert "circle" in refused(circle, tmp_path)
    assert "nothing gives" in refused(graph([node("Add", "x z", "y")], {}), tmp_path)
    two = graph([node("Relu", "x", "y")], {})
    two.graph.input.append(helper.make_tensor_value_info("z", TensorProto.FLOAT, [1, 2]))
    assert "2 inputs" in refused(two, tmp_path)
    lying = graph([node("Conv", "x w", "y")], {"w": KERNEL})
    lying.graph.initializer[0].dims[0] = 10**9
    assert "w" in refused(lying, tmp_path)
    huge = graph([node("ConstantOfShape", "n", "c"), node("Add", "x c", "y")], {"n": np.array([10**6, 10**6])})
    assert "constant" in refused(huge, tmp_path)
    outside = graph([node("Conv", "x w", "y")], {"w": KERNEL})
    tensor = outside.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", "../secret"
    assert "outside the folder" in refused(outside, tmp_path)
    (tmp_path / "net.onnx").write_bytes(b"x" * 40)
    assert main(["check", str(tmp_path / "net.onnx")]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert main(["import", str(tmp_path / "nowhere.onnx")]) == 2


@pytest.mark.parametrize(
    ("node_", "why"),
    [
        (node("Conv", "x w", "y", strides=[0, 1]), "strides cannot be 0"),
        (node("Conv", "x w", "y", dilations=[1, -1]), "dilations cannot be -1"),
        (node("Conv", "x w", "y", pads=[1, 1, 1]), "not one number for each of 2 axes"),
        (node("Conv", "x w", "y", group=[1, 1]), "group is of another kind"),
        (node("MaxPool", "x", "y"), "kernel_shape is missing"),
        (node("LRN", "x", "y", size=0), "size cannot be 0"),
        (node("Softmax", "x", "y", axis=9), "it speaks of axis 9"),
        (node("Concat", "x x", "y", axis=-6), "it speaks of axis -6"),
        (node("Transpose", "x", "y", perm=[0, 1, 1, 2]), "perm cannot be [0, 1, 1, 2]"),
        (node("Reshape", "x n", "y"), "shape is of another kind"),
        (node("Reshape", "x m", "y"), "its sizes do not fit"),
    ],
)
def test_what_no_graph_can_say_is_refused(node_: Any, why: str, tmp_path: Path) -> None:
    constants = {"w": KERNEL, "n": np.array([1.0, np.nan], np.float32), "m": np.array([1, -4, -64])}
    assert why in refused(graph([node_], constants), tmp_path)


def test_open_sizes_are_asked_for(tmp_path: Path) -> None:
    model = graph([node("Conv", "x w", "y")], {"w": KERNEL}, shape=("N", 4, "H", "W"))
    assert "--input" in refused(model, tmp_path)
    assert read_onnx(tmp_path / "net.onnx", (9, 8, 4)).analysis.network.input == (9, 8, 4)
