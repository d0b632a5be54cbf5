"""What the networks of the course reach on real data, beside the accuracies of the lecture decks.

    CONVDSL_DATA=FOLDER python benchmarks/accuracy.py [mnist,cifar10,…] [--seed 0]

Each program of `examples/` is trained by `convdsl run` as it stands, with the settings of its `train` block, and
evaluated on the test images that it never saw. The exit status is 1 where one falls short of its aim.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


class Aim(NamedTuple):
    """A program, the name of its network in benchmarks/networks.py, the test accuracy to reach, and that of the deck."""

    program: str
    network: str
    accuracy: float
    deck: str


AIMS = (
    Aim("mnist_dense", "", 0.92, "0.93"),
    Aim("mnist", "N1", 0.98, "0.98"),
    Aim("fashion_mnist", "N2", 0.90, ""),
    Aim("cifar10_pool", "N3", 0.60, "0.65"),
    Aim("cifar10", "N4", 0.68, ""),
)


def train(program: str, seed: int) -> dict[str, Any]:
    """What a run says at its end: `test_accuracy`, `epochs`, `seconds`."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "convdsl", "run", str(EXAMPLES / f"{program}.cnn"), "--seed", str(seed)]
        done = subprocess.run(
            [*command, "--format", "json", "--no-report", "--out", folder],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    return next(event for line in done.stdout.splitlines() if (event := json.loads(line))["event"] == "end")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("programs", nargs="?", default=",".join(aim.program for aim in AIMS))
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    wanted = options.programs.split(",")
    print("| program | network | epochs | test accuracy | aim | deck | seconds |\n|---|---|---|---|---|---|---|")
    short = 0
    for aim in AIMS:
        if aim.program in wanted:
            end = train(aim.program, options.seed)
            short += end["test_accuracy"] < aim.accuracy
            figures = (
                f"{end['epochs']} | {end['test_accuracy']:.4f} | {aim.accuracy:.2f} | {aim.deck} | {end['seconds']:.0f}"
            )
            print(f"| {aim.program} | {aim.network} | {figures} |", flush=True)
    return int(short > 0)


if __name__ == "__main__":
    raise SystemExit(main())
