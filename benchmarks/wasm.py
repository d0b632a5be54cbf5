"""LeNet-5 in WebAssembly on one core: images a second of training in V8, which browsers have (Node), and in wasmtime.

python benchmarks/wasm.py [--batch 64] [--program examples/lenet5.cnn]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import convdsl  # noqa: E402
from convdsl.engine import Model, Optimizer  # noqa: E402
from tests.engine.wasm import node  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--program", type=Path, default=ROOT / "examples" / "lenet5.cnn")
    given = parser.parse_args()
    net = convdsl.parse(given.program.read_text("utf-8"))
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (given.batch, *net.input), np.uint8)
    labels = rng.integers(0, net.report.shape()[-1], given.batch)
    model = Model(net, batch=given.batch, device="wasm", optimizer=Optimizer("adam"))
    begun = time.perf_counter()
    model.train_step(x, labels, 1e-3, 1)
    print(f"first step, with planning and translation: {time.perf_counter() - begun:.2f} s")
    taken = []
    for _ in range(50):
        begun = time.perf_counter()
        model.train_step(x, labels, 1e-3, 1)
        taken.append(time.perf_counter() - begun)
    print(f"wasmtime: {given.batch / median(taken):.0f} images/s")
    with tempfile.TemporaryDirectory() as folder:
        milliseconds, _ = node.steps(model, given.batch, Path(folder), 200)
    print(f"V8: {given.batch / median(milliseconds) * 1000:.0f} images/s, the first step {milliseconds[0]:.0f} ms")
    print(f"the module has {len(model.backend.modules['train']):,} bytes")  # type: ignore[attr-defined]


if __name__ == "__main__":
    main()
