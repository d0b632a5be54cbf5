"""Live modules of PyTorch as networks, by way of its exporter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import convdsl
from convdsl.bridges.pieces import Foreign
from convdsl.cli import main

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
pytest.importorskip("onnx", reason="onnx is not installed")

MODULE = """
import torch
from torch import nn


class Small(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(3, 6, 3, padding=1)
        self.norm = nn.BatchNorm2d(6)
        self.last = nn.Linear(6 * 4 * 3, 5)

    def forward(self, x):
        x = torch.relu(self.norm(self.first(x)))
        x = nn.functional.max_pool2d(x, 2) + 1 * nn.functional.avg_pool2d(x, 2)
        return self.last(x.flatten(1))


class Odd(nn.Module):
    def forward(self, x):
        return torch.erfinv(x)


def broken():
    raise ValueError("no weights")


number = 3
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "my_nets_here.py").write_text(MODULE)
    return tmp_path


def test_a_module_is_a_network_with_its_weights(place: Path) -> None:
    import my_nets_here

    torch.manual_seed(0)
    module = my_nets_here.Small()
    x = torch.randn(2, 3, 8, 6)
    module(x)  # the running statistics move
    net = convdsl.from_torch(module, x[:1])
    assert module.training and net.input == (8, 6, 3)
    model = net.compile(batch=2, device="plain")
    found = model.predict(np.ascontiguousarray(np.moveaxis(x.numpy(), 1, -1)))
    expected = module.eval()(x).detach().numpy()
    assert np.abs(found - expected).max() < 1e-5 * np.abs(expected).max() + 1e-6


def test_from_the_command_line(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call = ["import", "--torch", "my_nets_here:Small", "--input", "8x6x3"]
    assert main([*call, "-o", "small.cnn", "--weights", "small.safetensors"]) == 0
    assert "parameters" in capsys.readouterr().out
    assert main(["check", "small.cnn"]) == 0
    assert (place / "small.safetensors").stat().st_size > 1000


WRONG: dict[str, tuple[list[str], int, str]] = {
    "no colon": (["--torch", "my_nets_here"], 1, "package.module:factory"),
    "no module": (["--torch", "not_there_at_all:Small"], 1, "cannot be imported"),
    "no name": (["--torch", "my_nets_here:Large"], 1, "gives no module"),
    "fails": (["--torch", "my_nets_here:broken"], 1, "no weights"),
    "no factory": (["--torch", "my_nets_here:number"], 1, "gives no module"),
    "no layer": (["--torch", "my_nets_here:Odd", "--input", "4x4x3"], 1, ""),
    "size": (["--torch", "my_nets_here:Small", "--input", "9x9x5"], 1, "cannot export"),
    "file too": (["n.onnx", "--torch", "my_nets_here:Small"], 2, "give a file, or a module"),
    "nothing": ([], 2, "give a file, or a module"),
    "with net": (["--torch", "my_nets_here:Small", "--net", "n.cnn"], 2, "brings its own network"),
}


@pytest.mark.parametrize("case", WRONG)
def test_calls_that_are_wrong(case: str, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words, status, message = WRONG[case]
    assert main(["import", *words, "-o", "out.cnn"]) == status
    told: Any = capsys.readouterr()
    assert message in told.err and told.err.startswith("convdsl: ") and "Traceback" not in told.err
    assert not (place / "out.cnn").exists()


def test_an_example_is_a_tensor() -> None:
    with pytest.raises(Foreign, match="N×C×H×W"):
        convdsl.from_torch(torch.nn.Linear(2, 2), np.zeros((1, 2)))
