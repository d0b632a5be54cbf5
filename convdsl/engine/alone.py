"""One thread at a time in the engine, and what becomes of it in a process that is forked off.

A model's buffers are written by every prediction, and numba holds Python's lock while compiled code runs: a lock for the
whole engine costs no time, and a fork that waits for it leaves the child with models that are between two steps.

OpenMP does not survive a fork: the child would be ended by it, or wait for ever. Where this process has used it, the
child computes on one thread, with the same results. A GPU cannot be used there at all.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from convdsl.engine.errors import EngineError
from convdsl.messages import T

LOCK = threading.RLock()
Method = TypeVar("Method", bound=Callable[..., Any])


class Threads:
    """Whether compiled code has run on several threads, here or in the process that this one was forked from."""

    used = False
    lost = False


def alone(method: Method) -> Method:
    """A method of a model that no other thread gets in between."""

    @wraps(method)
    def locked(self: Any, *arguments: Any, **options: Any) -> Any:
        with LOCK:
            if self.device == "cuda" and self.process != os.getpid():
                raise EngineError(
                    str(
                        T(
                            "A process that was forked off cannot use the GPU. Start it with "
                            '`multiprocessing.get_context("spawn")`, and make the model there.'
                        )
                    )
                )
            return method(self, *arguments, **options)

    return locked  # type: ignore[return-value]


def _in_child() -> None:
    Threads.lost = Threads.lost or Threads.used
    LOCK.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=LOCK.acquire, after_in_parent=LOCK.release, after_in_child=_in_child)
