"""A step of training, this tree's beside another's (of another commit, say), turn by turn, as ratios in one run.

    git worktree add /tmp/old 468ccb4
    python benchmarks/against.py /tmp/old [N1,N2,…,resnet18] [--turns 40]

Each tree has a process of its own, and one waits while the other computes. Blocks of steps take turns (A B, B A, …), because
the machine's speed drifts. A ratio below 1 says that this tree is faster; that of the shortest blocks is the one that other
processes disturb least, that of the medians tells whether it can be believed.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
BATCHES = {"resnet18": 8}
BLOCK = 0.2
"""Seconds."""


def work(name: str) -> None:
    """One tree's side: for each line that comes in, a block of steps, and the milliseconds of one."""
    import numpy as np
    from networks import NETWORKS

    import convdsl
    from convdsl.engine import Model, Optimizer

    batch = BATCHES.get(name, 128)
    net = convdsl.parse(NETWORKS[name]) if name in NETWORKS else convdsl.load(HERE / "examples" / f"{name}.cnn")
    model = Model(net, batch=batch, optimizer=Optimizer("sgd", momentum=0.9))
    rng = np.random.default_rng(0)
    x = rng.standard_normal((batch, *net.input)).astype(np.float32)
    labels = rng.integers(0, 10, batch)
    model.train_step(x, labels, 1e-3)
    for line in sys.stdin:
        count, start = int(line), time.perf_counter()
        for _ in range(count):
            model.train_step(x, labels, 1e-3)
        print((time.perf_counter() - start) / count * 1e3, flush=True)


def side(tree: Path, name: str, cache: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(tree), "CONVDSL_CACHE": cache}
    command = [sys.executable, __file__, "--work", name]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)


def block(process: subprocess.Popen[str], count: int) -> float:
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(f"{count}\n")
    process.stdin.flush()
    answer = process.stdout.readline()
    if not answer:
        raise SystemExit("one of the trees could not compute this network; what it says stands above")
    return float(answer)


def compare(old: Path, name: str, turns: int) -> str:
    with tempfile.TemporaryDirectory() as caches:
        sides = [side(tree, name, f"{caches}/{n}") for n, tree in enumerate((HERE, old))]
        count = max(1, int(BLOCK * 1e3 / min(block(process, 1) for process in sides)))
        found: list[list[float]] = [[], []]
        for turn in range(turns):
            for n in (0, 1) if turn % 2 else (1, 0):
                found[n].append(block(sides[n], count))
        for process in sides:
            process.communicate()
    least, middle = ([f(times) for times in found] for f in (min, statistics.median))
    return (
        f"{name}: shortest {least[0]:.2f} / {least[1]:.2f} ms = {least[0] / least[1]:.2f}   "
        f"medians {middle[0]:.2f} / {middle[1]:.2f} ms = {middle[0] / middle[1]:.2f}   ({turns} turns of {count} steps)"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tree", nargs="?", type=Path)
    parser.add_argument("networks", nargs="?", default="N1,N2,N3,N4,N5,N6,resnet18")
    parser.add_argument("--turns", type=int, default=40)
    parser.add_argument("--work", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        work(options.work)
        return
    if options.tree is None or not (options.tree / "convdsl").is_dir():
        parser.error("the first argument is the folder of the other tree, with convdsl/ in it")
    for name in options.networks.split(","):
        print(compare(options.tree.resolve(), name, options.turns), flush=True)


if __name__ == "__main__":
    main()
