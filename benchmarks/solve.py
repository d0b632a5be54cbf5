"""How long `solve` takes, against the number of layers and of holes: `python benchmarks/solve.py`.

Each line is one question put to nets of growing depth; the answer is looked at, so that a search that was given up
shows. Times are the median of three runs in one process, the reading of the program included.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median

from convdsl.solver import Solutions, solve
from convdsl.source import Source

DEPTHS = (2, 5, 10, 20, 50, 100)
HOLES = (1, 2, 3, 4, 5)
RUNS = 3


def smallest(layers: int) -> str:
    """The smallest input that survives: every fifth layer halves."""
    body = [f"conv 16 k{3 + 2 * (n % 2)}{' s2' if n % 5 == 4 and n < 40 else ''}" for n in range(layers)]
    return " -> ".join(["input NxNx3", *body])


def encoder(layers: int) -> str:
    """An encoder and decoder with a skip at each level: for which inputs does it close?"""
    levels = min(max(layers // 6, 1), 8)
    extra = max(0, (layers - 4 * levels) // (2 * levels))
    text = "conv 8 k3 p same"
    for _ in range(levels):
        more = " -> conv 8 k3 p same" * extra
        text = f"concat {{ identity | conv 8 k3 p same{more} -> maxpool 2 -> {text} -> tconv 8 k2 s2{more} }} -> conv 8 k3 p1"
    return f"input NxMx3 -> {text} -> expect NxMx8"


def budget(layers: int) -> str:
    """The widest net within a budget, its last layers with one width."""
    return f"input 32x32x3 -> {'conv ?W k3 p1 relu -> ' * layers}dense 10 -> expect params <= 1M"


def paddings(layers: int) -> str:
    """One padding for all layers that keeps the size, for every odd window."""
    return f"input NxNx3 -> {'conv 8 k(?K) p?P -> ' * layers}expect NxNx8"


def reach(layers: int) -> str:
    """A stride early on so that the last output sees at least this much."""
    return f"input 256x256x3 -> conv 8 k3 s? p1 -> {'conv 8 k3 p1 -> ' * (layers - 1)}expect rf >= {4 * layers}"


def residual(layers: int) -> str:
    """A residual net with one hole for a whole stage, and its parameters."""
    blocks = "residual { conv ?W k3 p1 -> bn relu -> conv ?W k3 p1 -> bn } relu -> " * max(1, layers // 4)
    return f"input NxNx3 -> conv ?W k3 p1 s2 -> {blocks}avgpool 2 -> dense 10 -> expect params <= 2M -> expect macs <= 500M"


def holes(number: int) -> str:
    """LeNet-5 with holes in it."""
    gaps = ["conv ? k5 p2", "conv 16 k?", "maxpool ?", "dense ?", "dense ?"]
    full = ["conv 6 k5 p2", "conv 16 k5", "maxpool 2", "dense 120", "dense 84"]
    a, b, c, d, e = [*gaps[:number], *full[number:]]
    return f"input 28x28x1 -> {a} -> maxpool 2 -> {b} -> {c} -> {d} -> {e} -> dense 10 -> expect params 61706"


def sizes(number: int) -> str:
    """Sizes of windows, strides and paddings that give one size from another."""
    gaps = ["k?", "s?", "p?", "k?", "s?"]
    k, s, p, l, t = [*gaps[:number], *["k3", "s2", "p1", "k5", "s1"][number:]]
    return f"input 32x32x3 -> conv 8 {k} {s} {p} -> conv 8 {l} {t} -> expect 6x6x8"


def seconds(text: str) -> tuple[float, Solutions]:
    times = []
    for _ in range(RUNS):
        begun = time.perf_counter()
        answer = solve(Source(text))
        times.append(time.perf_counter() - begun)
    return median(times), answer


def line(name: str, write: Callable[[int], str], numbers: tuple[int, ...]) -> None:
    print(f"{name:12s}", end="")
    for number in numbers:
        took, answer = seconds(write(number))
        assert not answer.diagnostics, write(number)
        mark = " " if answer.complete else "?"
        print(f"{took:8.2f}{mark}", end="", flush=True)
    print(f"  {'condition' if answer.family is not None else len(answer.solutions)}")


def main() -> None:
    print(f"{'layers':12s}" + "".join(f"{n:8d} " for n in DEPTHS))
    for write in (smallest, encoder, budget, paddings, reach, residual):
        line(write.__name__, write, DEPTHS)
    print(f"{'holes':12s}" + "".join(f"{n:8d} " for n in HOLES))
    for write in (holes, sizes):
        line(write.__name__, write, HOLES)
    print("seconds; ? marks an answer that may not be everything; last: solutions in the last column")


if __name__ == "__main__":
    main()
