"""`convdsl run --device cuda` on a simulated GPU: the weights are the CPU's up to rounding, and a run goes on elsewhere."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from convdsl.cli import main
from tests.engine.cuda.simulator import Simulator

PROGRAM = """input 6x6x1
conv 2 k3 relu
dense 3 softmax

train {
  data "small.npz"
  optimizer adam lr=0.01
  batch 6
  epochs 2
  validation 6
  augment flip, shift 1
}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (26, 6, 6, 1), dtype=np.uint8)
    labels = np.arange(26) % 3
    np.savez(tmp_path / "small.npz", x_train=images[:20], y_train=labels[:20], x_test=images[20:], y_test=labels[20:])
    (tmp_path / "net.cnn").write_text(PROGRAM)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def trained(*options: str) -> dict[str, np.ndarray]:
    out = options[options.index("--out") + 1]
    assert main(["run", "net.cnn", "--no-report", *options]) == 0
    return load_file(f"{out}/weights.safetensors")


def test_a_run_on_a_gpu_ends_as_on_the_cpu(folder: Path, simulator: Simulator) -> None:
    here = trained("--device", "cpu", "--out", "cpu")
    there = trained("--device", "cuda", "--out", "gpu")
    assert simulator.ran and set(here) == set(there)
    for name, weight in here.items():
        np.testing.assert_allclose(there[name], weight, rtol=2e-3, atol=1e-4)


def test_weights_of_a_gpu_start_a_run_on_the_cpu(folder: Path, simulator: Simulator) -> None:
    first = trained("--device", "cuda", "--epochs", "1", "--out", "first")
    ran = len(simulator.ran)
    more = trained("--device", "cpu", "--init-from", "first/weights.safetensors", "--out", "more")
    assert len(simulator.ran) == ran and set(more) == set(first)
