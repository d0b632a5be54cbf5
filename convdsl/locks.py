"""Files that one process holds at a time: the system lets go of them even if it is killed."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep
from typing import Any

_FLAGS = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
_PAUSE = 0.02


class Held(Exception):
    """Another process has the lock; `holder` is its number, 0 where that is not known."""

    def __init__(self, holder: int) -> None:
        self.holder = holder
        super().__init__(holder)


@contextmanager
def locked(path: Path, patience: float = 0.0) -> Iterator[None]:
    """Holds the lock in the file `path`, which is there only as long as it is held. Raises Held where another process
    has it for longer than `patience` seconds; OSError where there can be no such file.

    On systems and disks without such locks, nobody is kept out.
    """
    try:
        import fcntl
    except ImportError:
        yield
        return
    until = monotonic() + patience
    while True:
        handle = os.open(path, _FLAGS, 0o600)
        try:
            if _taken(fcntl, handle) and _same(handle, path):
                break
            holder = _holder(handle)
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)
        if monotonic() >= until:
            raise Held(holder)
        sleep(_PAUSE)
    try:
        with suppress(OSError):  # a full disk: the lock holds without the number
            os.truncate(handle, 0)
            os.write(handle, f"{os.getpid()}\n".encode())
        yield
    finally:
        with suppress(OSError):
            os.unlink(path)
        os.close(handle)


def _taken(fcntl: Any, handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in (errno.EWOULDBLOCK, errno.EACCES)  # no locks on this disk: go on without
    return True


def _same(handle: int, path: Path) -> bool:
    """Whether the file is still there, and was not removed by the process that held it."""
    try:
        return os.path.samestat(os.fstat(handle), os.stat(path))
    except FileNotFoundError:
        return False


def _holder(handle: int) -> int:
    try:
        return int(os.pread(handle, 20, 0).split()[0])
    except (OSError, ValueError, IndexError):
        return 0
