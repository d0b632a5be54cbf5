"""What limits each network: its products beside the peak of the CPU's multiply-add units, and how it scales.

    python benchmarks/limits.py [N1,N2,…]

For each network the products of a step of training (forward, both gradients; a first layer has no gradient of its input),
as if none were saved by the sparse or the transformed ways, per second and as a share of what a loop of multiply-adds on
registers reaches on the same number of threads; then images per second for other batches, one thread, and (as N4) other
widths. CPU and machine are whatever this runs on; times are the best of several.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from networks import NETWORKS

import convdsl
from convdsl.engine import Model, Optimizer
from convdsl.engine.cpu import vector as v
from convdsl.engine.cpu.target import detect

ROUNDS = 2_000_000


def best(function: Callable[[], Any], seconds: float = 0.5) -> float:
    """Least seconds of a call."""
    function()
    least, end = float("inf"), time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = time.perf_counter()
        function()
        least = min(least, time.perf_counter() - start)
    return least


def peak() -> float:
    """GFLOP/s of one core: a dozen independent chains of multiply-adds on registers."""
    lanes, chains = detect().lanes, 12

    def write(b: Any, arguments: list[Any]) -> None:
        rounds, out, _ = arguments
        one, small = v.constant(0.999, lanes), v.constant(0.001, lanes)

        def body(_: Any, sums: list[Any]) -> list[Any]:
            return [v.multiply_add(b, total, one, small) for total in sums]

        sums = v.loop(b, rounds, [v.constant(float(n), lanes) for n in range(chains)], body)
        for n, total in enumerate(sums):
            v.store(b, total, out, n * lanes * 4)

    tile = v.micro_kernel(3, write)
    run = numba.njit(lambda rounds, out: tile(rounds, out, 0))
    room = np.zeros(chains * lanes, np.float32)
    return 2 * lanes * chains * ROUNDS / best(lambda: run(ROUNDS, room.ctypes.data)) / 1e9


def products(net: Any) -> int:
    """Multiply-adds of a step for one image."""
    first = next(n.index for n in net.nodes if net.report[n.index].macs)
    return sum(int(net.report[n.index].macs) * (2 if n.index == first else 3) for n in net.nodes)


def seconds(text: str, batch: int, threads: int | None = None) -> float:
    net = convdsl.parse(text)
    model = Model(net, batch=batch, optimizer=Optimizer("sgd", momentum=0.9), threads=threads)
    x = np.random.default_rng(0).standard_normal((batch, *net.input)).astype(np.float32)
    y = np.arange(batch) % 10
    return best(lambda: model.train_step(x, y, 1e-3))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("networks", nargs="?", default=",".join(NETWORKS))
    threads, core = detect().threads, peak()
    print(f"multiply-adds on registers: {core:.0f} GFLOP/s a core; {threads} threads", flush=True)
    for name in parser.parse_args().networks.split(","):
        text = NETWORKS[name]
        step, alone = seconds(text, 128), seconds(text, 128, threads=1)
        rate = 2 * products(convdsl.parse(text)) * 128 / 1e9
        print(
            f"{name}: {rate / step:.0f} GFLOP/s on {threads} threads, {rate / step / core / threads:.0%} of the peak; on one "
            f"{rate / alone:.0f}, {rate / alone / core:.0%}; {threads} threads are {alone / step:.2f} x one; images/s by batch: "
            + ", ".join(f"{n}: {n / seconds(text, n):,.0f}" for n in (1, 16, 128, 512)),
            flush=True,
        )
    for width in (16, 32, 64, 128):
        text = NETWORKS["N4"].replace("conv 64", f"conv {width}")
        step, rate = seconds(text, 128), 2 * products(convdsl.parse(text)) * 128 / 1e9
        print(
            f"N4 with {width} filters: {step * 1e3:.1f} ms, {rate / step / core / threads:.0%} of the peak", flush=True
        )


if __name__ == "__main__":
    main()
