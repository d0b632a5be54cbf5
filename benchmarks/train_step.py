"""A step of training, ours beside PyTorch's and JAX's, in one process, turn by turn.

    MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=8000000000 python benchmarks/train_step.py [N1,N2,…] [--seconds 10]

The two variables keep PyTorch's memory between steps; without them it loses up to a fifth, so they are set here too.
One step is forward, loss, backward and SGD with momentum, batch 128, float32, on all cores. Blocks of steps take turns
(A B C A B C), because the machine's speed drifts; blocks during which other processes used the CPU are thrown away. The
ratio is that of medians: the best peer's by ours.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import peers
from networks import NETWORKS
from timing import Step, against_peers, interleaved

import convdsl
from convdsl.engine import Model, Optimizer

BATCH = 128


def ours(name: str) -> tuple[Step, Model]:
    net = convdsl.parse(NETWORKS[name])
    model = Model(net, batch=BATCH, optimizer=Optimizer("sgd", momentum=0.9))
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((BATCH, *net.input)).astype(np.float32), rng.integers(0, 10, BATCH)
    return (lambda: model.train_step(x, y, 1e-3)), model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("networks", nargs="?", default=",".join(NETWORKS))
    parser.add_argument("--seconds", type=float, default=10.0)
    options = parser.parse_args()
    for name in options.networks.split(","):
        start = time.perf_counter()
        step, model = ours(name)
        step()
        first = time.perf_counter() - start
        steps: dict[str, Step] = {"ours": step, **peers.steps(name, BATCH)}
        found = interleaved(steps, options.seconds)
        ratio, peer = against_peers(found)
        times = "  ".join(f"{who} {ms:.2f}" for who, (ms, _) in found.items())
        print(
            f"{name}: {ratio:.2f} x the best peer ({peer})   ms a step: {times}   "
            f"our memory {model.memory.total / 1e6:.0f} MB   our first step after {first:.1f} s   "
            f"undisturbed blocks {min(n for _, n in found.values())}",
            flush=True,
        )


if __name__ == "__main__":
    main()
