"""Whether several networks that answer together beat the best of them: groups of seeds, on test images that none has seen.

    CONVDSL_DATA=FOLDER python benchmarks/ensemble.py [--groups 10] [--members 5] [--data fashion-mnist] [--epochs N]

Each member is `examples/fashion.cnn`, trained on the images that come with the package with a seed of its own; the groups share
no seed. All are asked for the test images of `--data` by `convdsl ensemble`. The exit status is 1 where the mean gain over
the best member, chosen with these same images, is not above its interval of 95 %.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from convdsl.training.comparing import mean_of

PROGRAM = Path(__file__).resolve().parent.parent / "examples" / "fashion.cnn"


def called(*arguments: object) -> dict[str, Any]:
    """The last object that a call of `convdsl` prints."""
    command = [sys.executable, "-m", "convdsl", *map(str, arguments), "--format", "json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    try:
        return json.loads(done.stdout)
    except json.JSONDecodeError:
        return json.loads(done.stdout.splitlines()[-1])


def validated(run: Path) -> float:
    """The accuracy of a run on the images that it kept aside, in its last epoch."""
    with (run / "metrics.csv").open(encoding="utf-8", newline="") as file:
        return float(list(csv.DictReader(file))[-1]["val_accuracy"])


def group(folder: Path, seeds: range, data: str, more: list[str]) -> tuple[float, float]:
    """How many points an ensemble is ahead of its best member, and of the one that was best in validation."""
    runs = [folder / str(seed) for seed in seeds]
    for seed, run in zip(seeds, runs, strict=True):
        called("run", PROGRAM, "--seed", seed, "--out", run, *more)
    said = called("ensemble", *runs, "--data", data, "--out", folder / "together")
    shares = {Path(member["run"]): member["accuracy"] for member in said["members"]}
    best, chosen = max(shares.values()), shares[max(runs, key=validated)]
    print(f"seeds {seeds[0]} to {seeds[-1]}: together {100 * said['accuracy']:.2f} %, best member {100 * best:.2f} %, "
          f"best in validation {100 * chosen:.2f} %", flush=True)  # fmt: skip
    return 100 * (said["accuracy"] - best), 100 * (said["accuracy"] - chosen)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--groups", type=int, default=10)
    parser.add_argument("--members", type=int, default=5)
    parser.add_argument("--data", default="fashion-mnist")
    parser.add_argument("--epochs", help="instead of those of the program, to try this script")
    options = parser.parse_args()
    more = ["--epochs", options.epochs] if options.epochs else []
    gains = []
    for number in range(options.groups):
        with tempfile.TemporaryDirectory() as folder:
            seeds = range(options.members * number, options.members * (number + 1))
            gains.append(group(Path(folder), seeds, options.data, more))
    over_best, over_chosen = (mean_of(list(side)) for side in zip(*gains, strict=True))
    ahead = sum(gain > 0 for gain, _ in gains)
    print(f"ahead of the best member in {ahead} of {len(gains)} groups: {over_best.value:+.2f} ± {over_best.half or 0:.2f} points; "
          f"of the best in validation {over_chosen.value:+.2f} ± {over_chosen.half or 0:.2f}")  # fmt: skip
    return int(over_best.half is None or over_best.value <= over_best.half)


if __name__ == "__main__":
    sys.exit(main())
