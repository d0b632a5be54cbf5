"""Compiled code in a thread of its own, so that Ctrl-C is noticed while it runs.

Python looks for signals when it is back from compiled code, and a step of a large network takes seconds. Where a command
is not to be ended as a whole (the REPL has a network that nobody saved), its main thread waits here instead, and
Ctrl-C ends the waiting. What the other thread was at, it computes to its end, for nobody; what is wanted next waits.
"""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable
from typing import Any

_LOOK = 0.1
"""Seconds until the main thread looks up from waiting: on Windows nothing else wakes it."""


class Aside:
    wanted = False
    """Whether compiled code that the main thread calls runs aside."""

    _owner = 0
    _tasks: queue.SimpleQueue[_Task]
    _open = 0

    @classmethod
    def do(cls, act: Callable[[], Any]) -> Any:
        """What `act` returns or raises; done aside where that is wanted. Raises KeyboardInterrupt without waiting."""
        if not cls.wanted or threading.current_thread() is not threading.main_thread():
            return act()
        if cls._owner != os.getpid():  # the thread of before a fork is not here
            cls._owner, cls._open, cls._tasks = os.getpid(), 0, queue.SimpleQueue()
            threading.Thread(target=cls._work, args=(cls._tasks,), daemon=True, name="compiled code").start()
        task = _Task(act)
        cls._open += 1
        cls._tasks.put(task)
        while not task.done.wait(_LOOK):
            pass
        if task.error is not None:
            raise task.error
        return task.result

    @classmethod
    def _work(cls, tasks: queue.SimpleQueue[_Task]) -> None:
        while True:
            task = tasks.get()
            try:
                task.result = task.act()
            except BaseException as error:
                task.error = error
            cls._open -= 1
            task.done.set()
            del task

    @classmethod
    def busy(cls) -> bool:
        """Whether something is still being computed that nobody waits for."""
        return cls._owner == os.getpid() and cls._open > 0


class _Task:
    def __init__(self, act: Callable[[], Any]) -> None:
        self.act = act
        self.done = threading.Event()
        self.result: Any = None
        self.error: BaseException | None = None
