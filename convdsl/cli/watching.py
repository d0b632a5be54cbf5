"""`check --watch`: the same again whenever one of the files has changed, until Ctrl-C."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence

from convdsl.messages import T

PAUSE = 0.2
"""Seconds between two looks at the files."""

CLEAR = "\x1b[H\x1b[2J\x1b[3J"
"""What empties a terminal."""


def watch(names: Sequence[str], check: Callable[[], int], pause: float = PAUSE) -> int:
    """Calls `check` now and after every change of a file (its time, size or place on disk; a file that is not there is a
    change too). Returns the last status when Ctrl-C ends it."""
    status = 0
    try:
        while True:
            seen = [_state(name) for name in names]
            if sys.stdout.isatty():
                getattr(sys.stdout, "unfiltered", sys.stdout).write(CLEAR)
            status = check()
            print(T("Watching; Ctrl-C ends it."), file=sys.stderr, flush=True)
            while [_state(name) for name in names] == seen:
                time.sleep(pause)
    except KeyboardInterrupt:
        return status


def _state(name: str) -> tuple[int, ...] | None:
    """What changes when a file does; None where there is none (editors write a new one and put it in its place)."""
    try:
        state = os.stat(name)
    except OSError:
        return None
    return (state.st_mtime_ns, state.st_size, state.st_ino)
