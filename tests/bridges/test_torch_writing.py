"""The file of PyTorch that is written computes the same as here, has the same gradients, and is tidy."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import convdsl
from convdsl.bridges.giving import keras_source, torch_source
from convdsl.bridges.torch.source import Module, state_dict, written
from convdsl.bridges.torch.wrapping import wrapped
from convdsl.bridges.weighted import Weighted
from convdsl.cli import main
from convdsl.layers.activation import Tanh
from convdsl.layers.registry import LAYERS
from convdsl.net import Net
from tests.bridges.nets import difference, images, in_one, lively, predicted, wordless
from tests.random_networks import networks

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.cnn"))
ILL = ("in", "gn", "ln")
"""Normalisations: where all values of a group are the same, they enlarge the error of rounding."""
RANDOM = ("dropout", "droppath")


def first(x: np.ndarray) -> Any:
    """Channels first."""
    return torch.tensor(np.ascontiguousarray(np.moveaxis(x, -1, 1)) if x.ndim > 2 else x)


def last(y: Any) -> np.ndarray:
    y = y.detach().numpy()
    return np.moveaxis(y, 1, -1) if y.ndim > 2 else y


def same(text: str) -> tuple[float, str]:
    """How far the answers differ, and the file."""
    net = convdsl.parse(text)
    weights, x = lively(net), images(net)
    module = net.to_torch(weights).eval()
    found = module(first(x))
    answers = in_one([last(y) for y in found.values()]) if isinstance(found, dict) else last(found)
    return difference(answers, predicted(net, weights, x)), written(net.analysis).text


def tidy(folder: Path) -> None:
    """What Ruff says of all files of a folder."""
    ruff = [sys.executable, "-m", "ruff"]
    for call in (
        [*ruff, "check", "--isolated", "--select", "E,F,W,I,UP,B", "--output-format", "concise", str(folder)],
        [*ruff, "format", "--isolated", "--diff", str(folder)],
    ):
        done = subprocess.run(call, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stdout


def test_every_layer_answers_the_same() -> None:
    wrong, seen = [], set()
    declared = [layer for layer in LAYERS if layer.example and not wordless(layer, "torch")]
    for layer in declared:
        for shape in ("8x8x4", "6x7x4", "9x4", "5", "3x4x5x2"):
            text = layer.example if layer.example.startswith("input") else f"input {shape}\n{layer.example}"
            try:
                convdsl.parse(text)
            except convdsl.ProgramError:
                continue
            seen.add(layer.name)
            if same(text)[0] > 1e-4:
                wrong.append(text)
    assert not wrong
    assert seen == {layer.name for layer in declared}


def test_an_activation_without_a_word_is_refused_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    net = convdsl.parse("input 6x6x2\nconv 3 k3 tanh\ndense 2")
    for framework, write in (("torch", torch_source), ("keras", keras_source)):
        monkeypatch.setattr(Tanh, framework, "")
        with pytest.raises(convdsl.ProgramError, match="`tanh` cannot be written as"):
            write(net, lively(net))


@pytest.mark.parametrize(
    "text",
    [
        "input 5x7x3 -> conv 4 k3 s2 p1 -> flatten -> bn relu -> scale -> dense 3",
        "input 5x7x3 -> conv 4 k3 prelu -> flatten -> prelu -> dense 3",
        "input 6x6x4 -> add { flatten -> relu | flatten } -> dropout 0.5 -> dense 2",
        "input 6x6x4 -> concat { flatten | dense 3 } -> dense 2",
        "input 4x6x2 -> flatten",
        "input 24 -> reshape 2x3x4 -> tconv 3 k3 s2 p1 op1",
        "input 7x7x3 -> avgpool 3 s2 ceil",
        "input 7x8x3 -> avgpool 3 s2 p1 ceil exclude_pad",
        "input 7x8x3 -> avgpool 2 s2 p same exclude_pad",
        "input 7x8x3 -> avgpool 3 s2 p2 d2 ceil",
        "input 7x8x3 -> maxpool 3 s3 p2",
        "input 8x8x3 -> maxpool 2 s1 p same",
        "input 9x8x3 -> minpool 3 s2 p1 ceil",
        "input 9x8x3 -> medianpool 3 s2 p1 d2",
        "input 9x8x3 -> local 2 k3 s2 p1 -> dense 3",
        "input 9x8x3 -> conv 2 k4 s2 p same -> conv 2 k2 p same_lower",
        "input 9x9x4 -> tconv 4 k5 s3 p same g2",
        "input 9x8x3 -> crop before=2x0 -> pad after=1x3 -> conv 2 k3",
        "input 12x3 -> conv 4 k3 p causal d2 -> filter [1 0 -1]",
        "input 7x5x3 -> resize 41x3 -> resize 6x6 bilinear",
        "input 4x4x3 -> shared a { conv 3 k3 p1 prelu -> bn } -> a() -> a()",
        "input 4x5x3 -> shared a { flatten -> bn -> dense 60 -> reshape 4x5x3 } -> a() -> relu -> a() -> dense 2",
        "input 4x5x3 -> shared a { bn -> dense 60 } -> flatten -> a() -> a() -> dense 2",
        "input 4x5x3 -> shared a { conv 3 k3 p1 } -> block b() { a() -> relu } -> repeat 3 { b() -> a() } -> dense 2",
        "input 4x5x3 -> keep a -> repeat 3 { conv 3 k1 relu -> keep b } -> concat { from a | from b } -> dense 2",
        "input 4x5x3 -> concat { keep a -> conv 2 k1 | conv 2 k1 -> add { identity | conv 2 k1 } -> conv 3 k1 } -> dense 2",
        "input 4x5x3 -> repeat 3 { concat { identity | conv 2 k1 } } -> repeat 2 { relu } -> dense 2",
        "input 4x5x3 -> block half(C, eval) { conv C k1 eval } -> half(4, relu) -> half(4, tanh) -> half(5, relu)",
        "input 4x5x3 -> block b(C, S) { conv C k3 sS p1 } -> block c(C) { b(C, 2) -> b(2*C, 1) } -> c(4) -> c(6)",
        "input 4x5x3 -> block head(name, C) { output name { conv C k1 } } -> conv 4 k3 -> output a -> head(b, 2) -> relu -> "
        "head(c, 3)",
        "input 4x5x3 -> repeat 2 { conv 4 k1 relu } -> shared t { conv 4 k1 } -> t() -> output one -> t() -> output two { gap }",
        "net tensor\ninput 4x5x3 -> block f(A) { bn -> dense A } -> f(5) -> f(6)",
    ],
)
def test_what_is_said_in_another_way_there(text: str) -> None:
    assert same(text)[0] < 1e-4


def gradients(net: Net, module: Module, weights: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Those of the file and those of an independent opinion, in training, in float64."""
    from tests.engine import pytorch

    live = net.to_torch(weights).double().train()
    x = torch.tensor(images(net, 3), dtype=torch.float64)
    leaves = {n: torch.tensor(w, dtype=torch.float64, requires_grad="running" not in n) for n, w in weights.items()}
    values, _ = pytorch.forward(net, leaves, x)
    found = live(pytorch.first(x).contiguous())
    found = found.values() if isinstance(found, dict) else found if isinstance(found, tuple) else (found,)
    right = [values[i] for i in (*(o.node for o in net.outputs), *module.side_exits)]
    for ours, theirs in zip(found, right, strict=True):
        shares = torch.tensor(np.random.default_rng(0).standard_normal(theirs.shape))
        (theirs * shares).sum().backward(retain_graph=True)
        (pytorch.last(ours) * shares).sum().backward(retain_graph=True)
    zeros = {n: np.zeros(w.shape) if w.grad is None else w.grad.numpy() for n, w in leaves.items()}
    expected = state_dict(module, Weighted(net.analysis, zeros))
    return {n: p.grad for n, p in live.named_parameters() if p.requires_grad}, expected


def test_random_networks_answer_the_same_with_the_same_gradients_and_are_tidy(tmp_path: Path) -> None:
    compared = 0
    for count, text in enumerate(networks(100, seed=7)):
        net = convdsl.parse(text)
        error, source = same(text)
        assert error < (2e-3 if any(node.op in ILL for node in net.nodes) else 1e-4), text
        (tmp_path / f"net{count}.py").write_text(source)
        if count % 3 or any(node.op in RANDOM for node in net.nodes):
            continue
        weights = lively(net)
        module, _ = torch_source(net, weights)
        found, expected = gradients(net, module, weights)
        scale = max([1e-3, *(float(np.abs(g).max(initial=0)) for g in expected.values())])
        for name, gradient in found.items():
            right = expected[name]
            given = np.zeros(right.shape) if gradient is None else gradient.numpy()
            assert np.abs(given - right).max(initial=0) / scale < 1e-8, (name, text)
        compared += 1
    assert compared > 20
    tidy(tmp_path)


def test_every_example_is_a_module_with_its_sizes_and_is_tidy(tmp_path: Path) -> None:
    for path in EXAMPLES:
        net = convdsl.load(path)
        if net.analysis.network.symbols:
            continue
        module = written(net.analysis)
        (tmp_path / f"{path.stem}.py").write_text(module.text)
        names: dict[str, Any] = {}
        exec(module.text, names)
        with torch.device("meta"):
            made = names[module.name]().eval()
            height = net.input
            answer = made(torch.empty(2, height[-1], *height[:-1]))
        assert list(made.state_dict()) == [name for name, _ in module.names]
        assert sum(p.numel() for p in made.parameters()) == net.report.total.params, path
        for output in net.outputs:
            one, shape = answer[output.name] if output.name else answer, net.report[output.node].output
            assert tuple(one.shape[1:]) == (shape[-1], *shape[:-1]), path
        assert sum(p.numel() for p in made.parameters() if p.requires_grad) == net.report.total.trainable, path
    tidy(tmp_path)


def test_blocks_are_classes_and_repeats_are_loops() -> None:
    text = (Path(__file__).parents[2] / "examples" / "resnet50.cnn").read_text()
    code = written(convdsl.parse(text).analysis).text
    assert "def __init__(self, in_channels: int, channels: int, stride: int) -> None:" in code
    assert "self.conv3 = nn.Conv2d(channels, 4 * channels, 1, bias=False)" in code
    assert "self.stage2 = Stage(256, 128, 2, 3)" in code
    assert "x = F.max_pool2d(x, 3, stride=2, padding=1)  # N×64×56×56" in code
    assert code.count("class ") == 3 and "for bottleneck in self.bottlenecks:" in code
    text = (Path(__file__).parents[2] / "examples" / "densenet121.cnn").read_text()
    assert "nn.Sequential(*(Layer(64 + 32 * i) for i in range(6)))" in written(convdsl.parse(text).analysis).text


def test_blocks_that_differ_in_more_than_numbers_are_two_classes() -> None:
    net = convdsl.parse("input 4x5x3 -> block b(C, act) { conv C k1 act -> bn } -> b(4, relu) -> b(4, tanh)")
    code = written(net.analysis).text
    assert "class B(" in code and "class B2(" in code


def test_side_exits_are_given_in_training() -> None:
    net = convdsl.parse("input 4x5x3 -> conv 4 k1 -> aux 0.3 { dense 3 softmax } -> relu -> dense 2")
    module = net.to_torch(lively(net))
    answer, exit = module.train()(torch.zeros(2, 3, 4, 5))
    assert answer.shape == (2, 2) and exit.shape == (2, 3)
    assert module.eval()(torch.zeros(2, 3, 4, 5)).shape == (2, 2)


def test_side_exits_within_blocks_stay_away() -> None:
    net = convdsl.parse("input 4x5x3 -> block b() { conv 4 k1 -> aux 0.3 { dense 3 softmax } } -> b() -> dense 2")
    module, tensors = torch_source(net, lively(net))
    assert module.left_out and not module.side_exits and len(tensors) == 4
    assert same(net.text)[0] < 1e-4


def test_frozen_parts_do_not_learn_and_keep_their_statistics() -> None:
    net = convdsl.parse("input 4x5x3 -> freeze { conv 4 k1 -> bn relu } -> conv 4 k1 -> bn -> dense 2")
    module = net.to_torch(lively(net)).train()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    module(torch.randn(3, 3, 4, 5)).sum().backward()
    moved = {name for name, value in module.state_dict().items() if not torch.equal(value, before[name])}
    assert moved == {"bn2.running_mean", "bn2.running_var", "bn2.num_batches_tracked"}
    learning = {name for name, parameter in module.named_parameters() if parameter.requires_grad}
    assert learning == {"conv2.weight", "conv2.bias", "bn2.weight", "bn2.bias", "fc.weight", "fc.bias"}


def test_no_attribute_hides_one_of_a_module() -> None:
    from convdsl.bridges.torch.taken import ATTRIBUTES

    assert {name for name in dir(torch.nn.Module()) if not name.startswith("_")} <= ATTRIBUTES


def test_the_command_writes_a_file_that_loads(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from safetensors.torch import load_file

    program, out = tmp_path / "small.cnn", tmp_path / "small.py"
    program.write_text("net small\ninput 8x9x1\nconv 2 k3 relu -> bn\ndense 3 softmax\n")
    assert main(["export", "torch", str(program), "-o", str(out)]) == 0
    assert "Small" in capsys.readouterr().out
    names: dict[str, Any] = {}
    exec(out.read_text(), names)
    module = names["Small"]().eval()
    module.load_state_dict(load_file(tmp_path / "small.safetensors"))
    net = convdsl.load(program)
    model = net.compile(batch=2, device="plain", seed=0)
    x = images(net)
    assert difference(last(module(first(x))), np.asarray(model.predict(x))) < 1e-5
    assert main(["export", "torch", str(program), "-o", str(tmp_path / "small.pt")]) == 2
    assert "small.py" in capsys.readouterr().err


def test_what_cannot_be_said_is_named_with_its_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from convdsl.bridges.torch import layers

    monkeypatch.delitem(layers.WRITERS, "lrn")
    program = tmp_path / "net.cnn"
    program.write_text("input 4x4x1\nlrn\n")
    assert main(["export", "torch", str(program), "-o", str(tmp_path / "net.py")]) == 1
    told = capsys.readouterr().err
    assert "E601" in told and ":2:1" in told and not list(tmp_path.glob("net.[ps][ya]*"))


def test_long_lines_are_broken_where_ruff_breaks_them(tmp_path: Path) -> None:
    lines = [
        "x = torch.cat([" + ", ".join(f"self.branch{i}(x)" for i in range(9)) + "], dim=1)",
        "x = " + " + ".join(f"self.branch{i}(x)" for i in range(9)),
        "x = F.relu(" + " + ".join(f"self.branch{i}(x)" for i in range(9)) + ")",
        "self.x = Block(" + ", ".join(map(str, range(1000, 1030))) + ")",
        "x = nn.Sequential(*(Block(" + ", ".join(map(str, range(100000, 100012))) + ") for _ in range(3)))",
    ]
    text = "\n".join(row for line in lines for row in wrapped(line, 0))
    assert all(len(row) <= 88 for row in text.splitlines())
    (tmp_path / "a.py").write_text(text + "\n")
    done = subprocess.run([sys.executable, "-m", "ruff", "format", "--isolated", "--diff", str(tmp_path)],
                          capture_output=True, text=True, timeout=60)  # fmt: skip
    assert done.returncode == 0, done.stdout
