"""Timing that a shared machine cannot spoil much: turns in short blocks, and blocks that others disturbed thrown away."""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable

Step = Callable[[], object]


if "MALLOC_MMAP_MAX_" not in os.environ:
    # These keep PyTorch's memory between steps; without them it loses up to a fifth. They work from a process's start.
    os.environ.update(MALLOC_MMAP_MAX_="0", MALLOC_TRIM_THRESHOLD_="8000000000")
    os.execv(sys.executable, [sys.executable, *sys.argv])


def busy() -> float:
    """Seconds of CPU time that the whole machine has used; 0 where the system does not tell."""
    try:
        with open("/proc/stat", encoding="ascii") as file:
            ticks = [int(n) for n in file.readline().split()[1:]]
    except OSError:
        return 0.0
    return (sum(ticks) - ticks[3] - ticks[4]) / os.sysconf("SC_CLK_TCK")


def against_peers(found: dict[str, tuple[float, int]]) -> tuple[float, str]:
    """The best peer's time by ours, and its name."""
    milliseconds, peer = min((ms, peer) for peer, (ms, _) in found.items() if peer != "ours")
    return milliseconds / found["ours"][0], peer


def wait_until_quiet(seconds: float) -> None:
    """Until no other process is busy, or the time is over."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        before = busy()
        time.sleep(0.06)
        if busy() - before <= 0.011:
            return


def interleaved(
    steps: dict[str, Step], seconds: float, block: float = 0.1, warm: int = 3
) -> dict[str, tuple[float, int]]:
    """Median milliseconds of each step, and how many undisturbed blocks they come from."""
    counts = {}
    for name, step in steps.items():
        for _ in range(warm):
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
