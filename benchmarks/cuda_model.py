"""A step of training on a GPU, on paper: bytes moved and operations of each step of the plan, and the time that they take
at a GPU's limits.

    python benchmarks/cuda_model.py [N1,N2,…] [--batches 128,1024] [--bandwidth 4.3] [--peak 67] [--steps]

A step of the plan takes at least the time of its operations at the peak and of its bytes at the bandwidth of the memory,
whichever is longer; the sum of these is the bound. What one step leaves in the second-level cache for the next is not
counted in its favour, nor are the gaps between launches (in a graph about a microsecond each) against it.
"""

from __future__ import annotations

import argparse
from math import prod
from typing import NamedTuple

from networks import NETWORKS

import convdsl
from convdsl.engine.cuda.bind import Arrays
from convdsl.engine.cuda.bindings import bind_training
from convdsl.engine.optimizer import Optimizer
from convdsl.engine.plan import Plan, Step, plan
from convdsl.engine.plan.values import GPU
from tests.engine.cuda.recorder import Recorder

PRODUCTS = ("gather", "gather_pool", "spread", "correlate", "dense", "dense_input", "dense_weight")


class Cost(NamedTuple):
    what: str
    bytes: float
    operations: float

    def seconds(self, bandwidth: float, peak: float) -> float:
        return max(self.bytes / bandwidth, self.operations / peak)


def cost(step: Step, batch: int) -> Cost:
    """Every value is read or written once; a multiply-add is two operations."""
    moved = sum(v.size * 4 for v in (*step.reads.values(), *step.writes.values())) * batch
    moved += sum(p.layout.size * 4 for p in step.weights.values())
    operations = 0.0
    if step.kind in PRODUCTS:
        filters = step.weights["weight"].layout
        places = prod(step.settings["window"].output) if "window" in step.settings else 1
        operations = 2.0 * batch * places * filters.groups * filters.filters * filters.rows
    return Cost(step.kind, moved, operations)


def update(found: Plan, parts: dict[str, tuple[int, int]]) -> Cost:
    """Partial gradients are written and read; weights and what the optimiser keeps are read and written."""
    moved = 0.0
    for parameter in found.trained:
        moved += parameter.layout.size * 4 * (2 * parts[parameter.name][1] + 3 + 2 * len(found.optimizer.states))
    return Cost("update", moved, 0.0)


def costs(text: str, batch: int) -> tuple[list[Cost], int]:
    """Of a step of training, and how many launches it is."""
    found = plan(convdsl.parse(text), batch, Optimizer("sgd", momentum=0.9), GPU)
    binder = bind_training(found, Arrays(found, Recorder()))
    steps = [s for region in found.training.regions for s in region.steps]
    return [*(cost(s, batch) for s in steps), update(found, binder.parts)], len(binder.launches)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("networks", nargs="?", default=",".join(NETWORKS))
    parser.add_argument("--batches", default="128,1024")
    parser.add_argument("--bandwidth", type=float, default=4.3, help="TB/s")
    parser.add_argument("--peak", type=float, default=67.0, help="TFLOP/s in float32")
    parser.add_argument("--steps", action="store_true", help="every step of the plan")
    options = parser.parse_args()
    limits = options.bandwidth * 1e12, options.peak * 1e12
    print("| net | batch | MB moved | GFLOP | launches | at the limits, µs | of it by memory | images/s |")
    print("|---|---|---|---|---|---|---|---|")
    for name in options.networks.split(","):
        for batch in map(int, options.batches.split(",")):
            found, launches = costs(NETWORKS[name], batch)
            total = sum(c.seconds(*limits) for c in found)
            memory = sum(c.seconds(*limits) for c in found if c.bytes / limits[0] > c.operations / limits[1])
            print(
                f"| {name} | {batch} | {sum(c.bytes for c in found) / 1e6:.0f} "
                f"| {sum(c.operations for c in found) / 1e9:.2f} | {launches} | {total * 1e6:.0f} "
                f"| {memory / total:.0%} | {batch / total / 1e6:.2f} M |"
            )
            if options.steps:
                for c in found:
                    figures = (
                        f"{c.bytes / 1e6:9.2f} MB {c.operations / 1e9:9.3f} GFLOP {c.seconds(*limits) * 1e6:8.1f} µs"
                    )
                    print(f"    {c.what:<22}{figures}")


if __name__ == "__main__":
    main()
