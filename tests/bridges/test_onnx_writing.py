"""What is written as ONNX computes the same as here, by an independent runtime."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import convdsl
from convdsl.bridges import Unsayable, Weighted
from convdsl.cli import main
from convdsl.layers.registry import LAYERS
from convdsl.net import Net
from tests.bridges.nets import difference, images, in_one, lively, predicted, wordless
from tests.random_networks import networks

onnx = pytest.importorskip("onnx", reason="the package onnx is not installed")
from convdsl.bridges.onnx.model import inputs_first, to_onnx  # noqa: E402
from convdsl.bridges.onnx.writing import REFUSED  # noqa: E402

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.cnn"))
ILL = ("in", "gn", "ln")
"""Normalisations: where all values of a group are the same, they enlarge the error of rounding."""


def answered(net: Net, weights: dict[str, Any], x: np.ndarray) -> np.ndarray:
    """What ONNX Runtime says, channels last."""
    runtime = pytest.importorskip("onnxruntime", reason="the package onnxruntime is not installed")
    model = to_onnx(Weighted(net.analysis, weights))
    session = runtime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    found = session.run(None, {"input": inputs_first(x)})
    return in_one([np.moveaxis(y, 1, -1) if y.ndim > 2 else y for y in found])


def same(text: str) -> float:
    net = convdsl.parse(text)
    weights, x = lively(net), images(net)
    return difference(answered(net, weights, x), predicted(net, weights, x))


@pytest.mark.parametrize("layer", [c for c in LAYERS if c.example], ids=lambda c: c.name)
@pytest.mark.parametrize("shape", ["8x8x4", "6x7x4", "9x4"])
def test_every_layer_is_written_or_refused(layer: Any, shape: str) -> None:
    text = layer.example if layer.example.startswith("input") else f"input {shape}\n{layer.example}"
    try:
        net = convdsl.parse(text)
    except convdsl.ProgramError:
        pytest.skip("no such layer at this rank")
    if layer.name in REFUSED or wordless(layer, "onnx"):
        with pytest.raises(Unsayable):
            to_onnx(Weighted(net.analysis, lively(net)))
        return
    assert same(text) < 1e-4


@pytest.mark.parametrize(
    "text",
    [
        "input 5x7x3 -> conv 4 k3 s2 p1 -> flatten -> bn relu -> scale -> dense 3",
        "input 5x7x3 -> conv 4 k3 prelu -> flatten -> prelu -> dense 3",
        "input 6x6x4 -> add { flatten -> relu | flatten } -> dropout 0.5 -> dense 2",
        "input 6x6x4 -> concat { flatten | dense 3 } -> dense 2",
        "input 4x6x2 -> flatten",
        "input 4x6x2 -> reshape 2x3x8 -> conv 3 k2",
        "input 24 -> reshape 2x3x4 -> tconv 3 k3 s2 p1 op1",
        "input 7x7x3 -> avgpool 3 s2 ceil",
        "input 7x7x3 -> avgpool 3 s2 p1 ceil",
        "input 7x7x3 -> avgpool 3 s2 p1 ceil exclude_pad",
        "input 8x8x3 -> avgpool 3 s2 p same",
        "input 7x7x3 -> maxpool 3 s3 p2",
        "input 9x9x3 -> minpool 3 s2 p1 ceil",
        "input 7x7x6 -> lrn n4",
        "input 7x6 -> lrn n5",
        "input 9x9x4 -> dwconv k3 s2 m2 p same_lower",
        "input 9x9x4 -> tconv 4 k5 s3 p same g2",
        "input 5x5x3 -> adaptiveavgpool 3x2",
        "input 5x6x3 -> adaptivemaxpool 3x4",
        "input 6x6x4 -> mul { identity | globalavgpool -> conv 4 k1 sigmoid }",
        "input 4x4x3 -> shared a { conv 3 k3 p1 prelu -> bn } -> a() -> a()",
        "input 6x6x3 -> aux 0.3 { dense 4 softmax } -> conv 2 k3",
        "input 6x5x4 -> split { conv 2 k3 p1 | identity } -> pixelshuffle 2 -> pixelunshuffle 3x2 -> transpose -> maxout 3",
        "input 4x6x8 -> pixelshuffle 2x1 -> flatten positions -> transpose -> slice 7 skip=3 -> flatten -> dense 3",
        "input 6x5x4 -> mul { relu | concat { gmp channels | gap channels } -> conv 1 k3 p1 sigmoid } -> add { gap | identity }",
        "input 6x5x4 -> keep a -> conv 4 k1 -> mean { identity | from a } -> max { from a | identity } "
        "-> absdiff { conv 3 k1 | conv 3 k1 }",
        "input 12x3 -> residual drop=0.2 { conv 3 k3 p causal } -> filter [1 0 -1] -> adaptivemaxpool 4 -> flatten -> maxout 2",
        "input 6x5x4 -> resize 4x9 -> resize 9x3 bilinear",
        "input 6x5x4 -> resize 9x3 corners -> upsample 2 corners -> maxpool 2 p1 s3 -> keep a -> conv 4 k1 -> unpool a",
        "input 3x4x5x2 -> conv 3 k2 -> upsample 2 bilinear -> globalmaxpool",
        "input 6x6x2 -> pad before=0x2 after=1x0 -> crop before=1x1 -> filter gaussian",
        "input 6x4x8 -> pixelshuffle 2x1 -> pixelunshuffle 2x2 -> transpose -> slice 3 skip=1",
        "input 5x6x8 -> globalavgpool channels -> conv 4 k1 -> maxout 2 -> scale fixed=0.3",
        "input 6x4 -> transpose -> conv 3 k3 -> mean { identity | conv 3 k1 } -> absdiff { identity | conv 3 k1 }",
        "input 5x4x6 -> split { identity | conv 3 k1 } -> flatten positions -> conv 2 k1",
    ],
)
def test_what_lies_in_another_way_there_is_turned(text: str) -> None:
    assert same(text) < 1e-4


def test_random_networks_answer_the_same() -> None:
    seen = 0
    for text in networks(60, seed=5):
        net = convdsl.parse(text)
        try:
            error = same(text)
        except Unsayable:
            continue
        seen += 1
        assert error < (2e-3 if any(node.op in ILL for node in net.nodes) else 1e-4), text
    assert seen >= 40


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_a_file_from_here_gives_back_its_program(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from convdsl.bridges.onnx.ours import program_within

    net = convdsl.load(path)
    if net.analysis.network.symbols or net.report.total.params > 3_000_000:
        pytest.skip("sizes that are open, or too large for every run of the tests")
    weights = lively(net)
    try:
        model = to_onnx(Weighted(net.analysis, weights))
    except Unsayable as error:
        assert error.node.op in REFUSED
        return
    back = program_within(model)
    assert back is not None and back.analysis.source.text == net.text
    assert back.analysis.report.total == net.report.total
    for name, value in back.weights.items():
        assert np.array_equal(value, weights[name]), name
    again = to_onnx(back)
    assert again.graph == model.graph


def test_a_graph_that_was_changed_does_not_give_back_the_old_program() -> None:
    from convdsl.bridges.onnx.ours import program_within

    net = convdsl.parse("input 8x8x1 -> conv 2 k3 relu -> dense 3")
    model = to_onnx(Weighted(net.analysis, lively(net)))
    model.graph.node[1].op_type = "Tanh"
    assert program_within(model) is None


def test_the_command_writes_reads_and_checks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program = tmp_path / "net.cnn"
    program.write_text("net small\ninput 8x8x1\nconv 2 k3 relu\ndense 3 softmax\n")
    file = tmp_path / "net.onnx"
    assert main(["export", "onnx", str(program), "-o", str(file)]) == 0
    assert "245" not in capsys.readouterr().err
    onnx.checker.check_model(onnx.load(file), full_check=True)
    assert main(["check", "--format", "json", str(file)]) == 0
    there = json.loads(capsys.readouterr().out)
    assert main(["check", "--format", "json", str(program)]) == 0
    here = json.loads(capsys.readouterr().out)
    assert {**there, "file": ""} == {**here, "file": ""}
    assert (
        main(["import", str(file), "-o", str(tmp_path / "back.cnn"), "--weights", str(tmp_path / "w.safetensors")]) == 0
    )
    assert (tmp_path / "back.cnn").read_text() == program.read_text()
    assert (tmp_path / "w.safetensors").exists()


def test_a_layer_that_onnx_does_not_have_is_named_with_its_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program = tmp_path / "net.cnn"
    program.write_text("input 8x8x1\nlocal 2 k3\n")
    assert main(["export", "onnx", str(program), "-o", str(tmp_path / "x.onnx")]) == 1
    told = capsys.readouterr().err
    assert "E601" in told and ":2:1" in told
    assert not (tmp_path / "x.onnx").exists()


def test_from_python(tmp_path: Path) -> None:
    net = convdsl.parse("input 6x6x2 -> conv 3 k3 -> bn relu -> dense 2")
    weights = lively(net)
    net.to_onnx(tmp_path / "net.onnx", weights)
    back = convdsl.from_onnx(tmp_path / "net.onnx")
    x = images(net)
    assert np.array_equal(back.compile(batch=2, device="plain").predict(x), predicted(net, weights, x))
    with pytest.raises(ValueError, match="another network"):
        convdsl.parse("input 6x6x2 -> conv 4 k3 -> bn relu -> dense 2").to_onnx(tmp_path / "n.onnx", weights)


def test_outputs_go_by_their_names() -> None:
    net = convdsl.parse("input 5x4x3 -> conv 4 k3 -> output fine -> gap -> output kind { dense 3 softmax }")
    model = to_onnx(Weighted(net.analysis, lively(net)))
    assert [one.name for one in model.graph.output] == ["fine", "kind"]
    assert same(net.text) < 1e-4
