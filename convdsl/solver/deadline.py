"""An end to reasoning that does not look at the clock.

The search asks for the time at every step. Formulas that grow are simplified in one piece, by us and by sympy, and nobody
asks there. So at the end of the time OutOfTime is raised in the thread that reasons, wherever it is, and again each
second until it is back.
"""

from __future__ import annotations

import ctypes
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from convdsl.solver.points import OutOfTime

_AGAIN = 1.0
"""Seconds until it is raised once more, where it was taken for the end of one case of many."""


@contextmanager
def ended_after(seconds: float) -> Iterator[None]:
    """Raises OutOfTime in this thread if what is inside takes longer. In a browser there is no second thread to do so: there
    the search's own clock ends it, and for what does not look at that the page ends the worker."""
    if sys.platform == "emscripten":
        yield
        return
    thread = threading.get_ident()
    over = threading.Event()
    lock = threading.Lock()

    def watch() -> None:
        wait = seconds
        while not over.wait(wait):
            with lock:
                if not over.is_set():
                    _raise(thread, OutOfTime)
            wait = _AGAIN

    watcher = threading.Thread(target=watch, daemon=True, name="deadline")
    watcher.start()
    try:
        yield
    finally:
        _let_go(over, lock, thread)


def _let_go(over: threading.Event, lock: threading.Lock, thread: int) -> None:
    """Nothing is raised from here on, not even what was already on its way."""
    while not over.is_set():
        try:
            with lock:
                over.set()
                _raise(thread, None)
        except OutOfTime:
            continue


def _raise(thread: int, error: type[BaseException] | None) -> None:
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(error) if error else None)
