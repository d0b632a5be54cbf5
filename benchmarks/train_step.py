"""A step of training, ours beside PyTorch's and JAX's, in one process, turn by turn.

    MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=8000000000 python benchmarks/train_step.py [N1,N2,…] [--seconds 10]

The two variables keep PyTorch's memory between steps; without them it loses up to a fifth, so they are set here too.
One step is forward, loss, backward and SGD with momentum, batch 128, float32, on all cores. Blocks of steps take turns
(A B C A B C), because the machine's speed drifts; blocks during which other processes used the CPU are thrown away. The
ratio is that of medians: the best peer's by ours.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable

if "MALLOC_MMAP_MAX_" not in os.environ:
    os.environ.update(MALLOC_MMAP_MAX_="0", MALLOC_TRIM_THRESHOLD_="8000000000")
    os.execv(sys.executable, [sys.executable, *sys.argv])

import numpy as np
import peers
from networks import NETWORKS

import convdsl
from convdsl.engine import Model, Optimizer

BATCH = 128
Step = Callable[[], object]


def ours(name: str) -> tuple[Step, Model]:
    net = convdsl.parse(NETWORKS[name])
    model = Model(net, batch=BATCH, optimizer=Optimizer("sgd", momentum=0.9))
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((BATCH, *net.input)).astype(np.float32), rng.integers(0, 10, BATCH)
    return (lambda: model.train_step(x, y, 1e-3)), model


def busy() -> float:
    """Seconds of CPU time that the whole machine has used; 0 where the system does not tell."""
    try:
        with open("/proc/stat", encoding="ascii") as file:
            ticks = [int(n) for n in file.readline().split()[1:]]
    except OSError:
        return 0.0
    return (sum(ticks) - ticks[3] - ticks[4]) / os.sysconf("SC_CLK_TCK")


def wait_until_quiet(seconds: float) -> None:
    """Until no other process is busy, or the time is over."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        before = busy()
        time.sleep(0.06)
        if busy() - before <= 0.011:
            return


def interleaved(steps: dict[str, Step], seconds: float, block: float = 0.1) -> dict[str, tuple[float, int]]:
    """Median milliseconds of each step, and how many undisturbed blocks they come from."""
    counts = {}
    for name, step in steps.items():
        for _ in range(3):
            step()
        start = time.perf_counter()
        step()
        counts[name] = max(1, int(block / max(time.perf_counter() - start, 1e-5)))
    clean: dict[str, list[float]] = {name: [] for name in steps}
    every: dict[str, list[float]] = {name: [] for name in steps}
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or (min(map(len, clean.values())) < 5 and time.perf_counter() < end + seconds):
        for name, step in steps.items():
            wait_until_quiet(0.5)
            step()
            total, own, start = busy(), sum(os.times()[:2]), time.perf_counter()
            for _ in range(counts[name]):
                step()
            wall = time.perf_counter() - start
            others = (busy() - total) - (sum(os.times()[:2]) - own)
            every[name].append(wall / counts[name] * 1e3)
            if others < 0.05 * wall + 0.015:
                clean[name].append(wall / counts[name] * 1e3)
    chosen = {name: clean[name] if len(clean[name]) >= 3 else sorted(every[name])[:3] for name in steps}
    return {name: (statistics.median(values), len(clean[name])) for name, values in chosen.items()}


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
        best = min((ms, peer) for peer, (ms, _) in found.items() if peer != "ours")
        times = "  ".join(f"{who} {ms:.2f}" for who, (ms, _) in found.items())
        print(
            f"{name}: {best[0] / found['ours'][0]:.2f} x the best peer ({best[1]})   ms a step: {times}   "
            f"our memory {model.memory.total / 1e6:.0f} MB   our first step after {first:.1f} s   "
            f"undisturbed blocks {min(n for _, n in found.values())}",
            flush=True,
        )


if __name__ == "__main__":
    main()
