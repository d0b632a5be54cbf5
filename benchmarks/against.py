"""A step of training, this tree's beside another's (of another commit, say), turn by turn, as ratios in one run.

    git worktree add /tmp/old 468ccb4
    python benchmarks/against.py /tmp/old [N1,N2,…,resnet18] [--turns 40]

How they take turns, and what of the two ratios to believe, says turns.py. A ratio below 1 says that this tree is faster.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

from turns import Side, answer, in_turns

HERE = Path(__file__).resolve().parent.parent
BATCHES = {"resnet18": 8}


def work(name: str) -> None:
    """One tree's side."""
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
    answer(lambda: model.train_step(x, labels, 1e-3))


def compare(old: Path, name: str, turns: int) -> str:
    with tempfile.TemporaryDirectory() as caches:
        sides = {
            str(tree): Side(
                __file__, ["--work", name], {**os.environ, "PYTHONPATH": str(tree), "CONVDSL_CACHE": f"{caches}/{n}"}
            )
            for n, tree in enumerate((HERE, old))
        }
        found, count = in_turns(sides, turns)
    this, other = found.values()
    return (
        f"{name}: shortest {this.shortest:.2f} / {other.shortest:.2f} ms = {this.shortest / other.shortest:.2f}   "
        f"medians {this.median:.2f} / {other.median:.2f} ms = {this.median / other.median:.2f}   "
        f"of processors {this.processor / other.processor:.2f}   ({turns} turns of {count} steps)"
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
