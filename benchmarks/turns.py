"""Sides that compute in turns, each in a process of its own: one waits while another computes.

Pools of threads in one process disturb each other's short steps, and the machine's speed drifts: blocks of calls take turns
(A B, B A, …). The ratio of the shortest blocks is the one that other processes disturb least, that of the medians tells
whether it can be believed. On a machine that is never quiet, processors' time on one thread is all that can be compared.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

BLOCK = 0.2
"""Seconds."""
PAUSE = 0.03
"""Before a block, in seconds: threads of the one before that wait busily have gone to sleep then."""


class Times(NamedTuple):
    """Milliseconds of a call."""

    shortest: float
    median: float
    processor: float
    """The least that the process's threads together have used."""


def answer(step: Callable[[], object]) -> None:
    """One side: for each line that comes in, that many calls, and the milliseconds of one, on the wall and of processors."""
    for line in sys.stdin:
        count, start, used = int(line), time.perf_counter(), time.process_time()
        for _ in range(count):
            step()
        print((time.perf_counter() - start) / count * 1e3, (time.process_time() - used) / count * 1e3, flush=True)


class Side:
    """A process that answers so."""

    def __init__(self, file: str, arguments: Sequence[str], environment: dict[str, str]) -> None:
        command = [sys.executable, str(Path(file).resolve()), *arguments]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=environment)

    def block(self, count: int) -> tuple[float, float]:
        """Milliseconds of one of `count` calls, on the wall and of processors. Raises SystemExit where the side has ended."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(f"{count}\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit("one of the sides could not compute this network; what it says stands above")
        wall, processors = map(float, line.split())
        return wall, processors

    def end(self) -> None:
        self._process.communicate()


def in_turns(sides: dict[str, Side], turns: int) -> tuple[dict[str, Times], int]:
    """What a call of each takes, and how many there are in a block. The sides are ended."""
    for side in sides.values():
        side.block(1)
    count = max(1, int(BLOCK * 1e3 / min(side.block(1)[0] for side in sides.values())))
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in sides}
    for turn in range(turns):
        for name in list(sides) if turn % 2 else reversed(list(sides)):
            time.sleep(PAUSE)
            found[name].append(sides[name].block(count))
    for side in sides.values():
        side.end()
    result = {}
    for name, times in found.items():
        walls = [wall for wall, _ in times]
        result[name] = Times(min(walls), statistics.median(walls), min(used for _, used in times))
    return result, count
