"""The file of Keras 3 that is written computes the same as here, and is tidy; what it cannot say is refused by name."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import convdsl
from convdsl.bridges.giving import keras_source
from convdsl.bridges.keras.writing import written
from convdsl.bridges.weighted import Unsayable
from convdsl.cli import main
from convdsl.diagnostics import ProgramError
from convdsl.layers.registry import LAYERS
from tests.bridges.nets import difference, images, in_one, lively, predicted, wordless
from tests.bridges.test_torch_writing import EXAMPLES, tidy
from tests.random_networks import networks

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
os.environ.setdefault("KERAS_BACKEND", "torch")
pytest.importorskip("keras", reason="Keras is not installed")
pytest.importorskip("h5py", reason="h5py is not installed")

ILL = ("in", "gn", "ln")
"""Normalisations: where all values of a group are the same, they enlarge the error of rounding."""


def answered(text: str, folder: Path) -> tuple[float, str]:
    """How far the answers of Keras's model differ from ours, and its file."""
    net = convdsl.parse(text)
    weights, x = lively(net), images(net)
    script, content = keras_source(net, weights)
    names: dict[str, Any] = {}
    exec(compile(script.text, "net.py", "exec"), names)
    model = names[script.function]()
    (folder / "net.h5").write_bytes(content)
    model.load_weights(folder / "net.h5", by_name=True)
    assert len({name for name, _, _ in script.names}) == len(script.names)
    with torch.no_grad():
        found = model(x, training=False)
    if all(node.exit is None for node in net.nodes):
        assert model.count_params() == net.report.total.params + sum(
        int(np.prod(shape)) for node in net.nodes if not node.shared
        for shape in net.report[node.index].buffer_shapes.values()
    ) + sum(_fixed(net, node) for node in net.nodes)  # fmt: skip
    right = predicted(net, weights, x)
    if len(net.outputs) > 1:
        found = in_one([np.asarray(found[output.name]) for output in net.outputs])
    return difference(np.asarray(found), right), script.text


def _fixed(net: Any, node: Any) -> int:
    """Numbers of a `filter`, which Keras counts as weights that are not trained."""
    if node.op != "filter":
        return 0
    return (
        int(np.prod([a.k for a in node.layer.geometry(net.report[node.index].inputs[0])]))
        * net.report[node.index].inputs[0][-1]
    )


def close(text: str, folder: Path) -> str:
    try:
        error, script = answered(text, folder)
    except ProgramError as refused:
        assert [d.code for d in refused.diagnostics] == ["E601"], text
        return ""
    assert error < (1e-2 if any(f"{word}" in text.split() for word in ILL) else 1e-4), f"{text}: {error:.1e}"
    return script


REFUSED = {"local", "medianpool", "unpool"}


@pytest.mark.parametrize("layer", [pytest.param(x, id=x.name) for x in LAYERS if x.example])
def test_every_layer(layer: Any, tmp_path: Path) -> None:
    head = "" if layer.example.startswith("input") else "input 8x8x4\nconv 4 k1\n"
    script = close(f"{head}{layer.example}\ndense 3 softmax", tmp_path)
    assert bool(script) == (layer.name not in REFUSED and not wordless(layer, "keras")), layer.name


OPTIONS = [
    "input 9x8x3 -> conv 4 k3 p1 s2 -> tconv 3 k2 s2 -> maxpool 3 s2 p1 -> dense 2",
    "input 9x8x3 -> dwconv k3 p1 s2 m2 relu6 -> conv 6 k3 g3 nobias -> gap -> dense 2",
    "input 9x8x3 -> conv 4 k3 p same s2 prelu -> conv 4 k3 p1 d2 elu -> minpool 2 -> dense 2 sigmoid",
    "input 12x3 -> conv 4 k3 p causal leaky_relu 0.2 -> bn eps=0.01 momentum=0.8 -> maxpool 2 ceil -> dense 2",
    "input 4x6x5x2 -> conv 3 k2 hardswish -> maxpool 2 -> in -> dense 2",
    "input 8x8x4 -> residual { conv 4 k3 p1 relu -> droppath 0.2 } -> concat { identity | conv 2 k1 } -> gap -> dense 2",
    "input 8x8x4 -> shared tower { conv 4 k3 p1 relu } -> tower() -> tower() -> freeze { conv 2 k1 -> bn } -> dense 2",
    "block unit(C, S) { conv C k3 p1 s S relu -> bn }\ninput 9x9x2\nunit(3, 1)\nunit(4, 2)\nunit(4, 1)\nrepeat 3 { unit(4, 1) }\n"
    "gap\ndense 2",
    "input 6x6x4 -> mul { identity | gap -> conv 4 k1 sigmoid } -> keep a -> conv 4 k1 -> add { identity | from a } -> dense 2",
]


@pytest.mark.parametrize("text", OPTIONS)
def test_options_blocks_and_repeats(text: str, tmp_path: Path) -> None:
    assert close(text, tmp_path)


def test_a_hundred_random_networks(tmp_path: Path) -> None:
    texts = [text for text in networks(100, seed=11, most=400) if not re.search(r"\b(local|medianpool|unpool)\b", text)]
    said = [bool(close(text, tmp_path)) for text in texts]
    assert sum(said) >= 0.9 * len(texts) > 70


def test_blocks_are_functions_and_repeats_loops() -> None:
    text = written(convdsl.load(next(p for p in EXAMPLES if p.stem == "resnet50")).analysis).text
    assert '    x = stage_2(x, 256, 1024, 5, name="stage3")\n' in text and "for i in range(repeats):" in text
    assert len(text.splitlines()) < 90


def test_every_example_is_written_tidily(tmp_path: Path) -> None:
    count = 0
    for path in EXAMPLES:
        net = convdsl.load(path)
        if net.analysis.network.symbols or net.analysis.network.holes:
            continue
        try:
            script = written(net.analysis)
        except Unsayable:
            continue
        count += 1
        (tmp_path / f"{path.stem}.py").write_text(script.text, encoding="utf-8")
    assert count > 50
    tidy(tmp_path)


def test_from_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "n.cnn").write_text("net n\ninput 6x6x1 -> conv 2 k3 -> medianpool 2 -> dense 2")
    assert main(["export", "keras", "n.cnn"]) == 1
    assert "E601" in capsys.readouterr().err and not (tmp_path / "n.py").exists()
    (tmp_path / "n.cnn").write_text("net n\ninput 6x6x1 -> conv 2 k3 -> aux 0.3 { gap -> dense 2 } -> dense 2")
    assert main(["export", "keras", "n.cnn"]) == 0
    told = capsys.readouterr().out
    assert 'load_weights("n.h5", by_name=True)' in told and "aux" in told
    assert (tmp_path / "n.py").exists() and (tmp_path / "n.h5").exists()
    assert main(["export", "keras", "n.cnn", "-o", "n.h5"]) == 2
